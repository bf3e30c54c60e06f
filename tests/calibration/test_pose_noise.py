"""The measured errors of a pose estimator, compared with known errors."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from live_stf.skeleton import OPENPOSE_18

ROOT = Path(__file__).resolve().parent.parent.parent
TORSO = 100.0  # pixels
RATE = 30.0
ELBOW = OPENPOSE_18.index("right_elbow")
LEGS = [OPENPOSE_18.index(f"{side}_{joint}") for joint in ("knee", "ankle") for side in ("left", "right")]


@pytest.fixture(scope="module")
def pose_noise() -> ModuleType:
    name = "pose_noise"
    spec = importlib.util.spec_from_file_location(name, ROOT / "calibration" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def still(seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Times and joints of a body with a torso of TORSO pixels that does not move."""
    places = {
        "nose": (0, -40), "neck": (0, 0), "shoulder": (35, 0), "elbow": (35, 65), "wrist": (35, 116), "hip": (15, 100),
        "knee": (15, 186), "ankle": (15, 272), "eye": (5, -45), "ear": (10, -42),
    }  # fmt: skip
    body = np.ones((18, 3), np.float32)
    for joint, name in enumerate(OPENPOSE_18.joints):
        x, y = places[name.split("_")[-1]]
        body[joint, :2] = 300 + (-x if name.startswith("right") else x), 200 + y
    times = np.arange(int(seconds * RATE)) / RATE
    return times, np.tile(body, (len(times), 1, 1))


def test_white_noise_is_measured(pose_noise: ModuleType) -> None:
    times, joints = still()
    joints[..., :2] += np.random.default_rng(0).normal(0, 0.02 * TORSO, joints[..., :2].shape)
    body = pose_noise.Body(times, joints)
    found = pose_noise.measure([body])["joints"]
    expected = 0.02 * TORSO / body.size  # noise lengthens limbs a little
    for values in found.values():
        assert values["fast"] == pytest.approx(expected, rel=0.15)
        assert values["slow"] == pytest.approx(expected, rel=0.25)
        assert values["memory"] < 1 / RATE


def test_slow_noise_and_its_memory_are_separated_from_fast_noise(pose_noise: ModuleType) -> None:
    times, joints = still(60.0)
    rng = np.random.default_rng(1)
    keep = np.exp(-1 / RATE / 0.15)
    error = rng.normal(0, 0.02 * TORSO, joints[..., :2].shape)
    for at in range(1, len(error)):
        error[at] = keep * error[at - 1] + np.sqrt(1 - keep**2) * error[at]
    joints[..., :2] += error
    values = pose_noise.measure([pose_noise.Body(times, joints)])["joints"]["neck"]
    assert values["fast"] < 0.01  # sqrt((1 - 0.8) * (3 - 0.8) / 3) of 0.02 at most
    assert 0.005 < values["slow"] < 0.02  # the quietest stretches, and no longer than a second
    assert 0.04 < values["memory"] < 0.2


def test_lost_joints_and_swapped_legs_are_counted(pose_noise: ModuleType) -> None:
    times, joints = still()
    joints[30:45, ELBOW] = 0
    joints[300:315, ELBOW] = 0
    joints[100:104, LEGS] = joints[100:104][:, [LEGS[at ^ 1] for at in range(4)]]
    found = pose_noise.measure([pose_noise.Body(times, joints)])
    elbow = found["joints"]["right_elbow"]
    assert elbow["seen"] == pytest.approx(1 - 30 / 600)
    assert elbow["lost_per_minute"] == pytest.approx(6, rel=0.01)
    assert elbow["away"] == pytest.approx(16 / RATE, abs=1e-3)
    assert found["swapped"] == pytest.approx(2 / 599)
    assert found["joints"]["nose"]["lost_per_minute"] == 0


def test_jitter_is_not_measured_with_slow_cameras(pose_noise: ModuleType) -> None:
    times, joints = still()
    values = pose_noise.measure([pose_noise.Body(times * 6, joints)])["joints"]["neck"]
    assert (values["fast"], values["slow"], values["memory"]) == (None, None, None)
    assert values["seen"] == 1


def test_a_real_clip_is_measured_and_written(pose_noise: ModuleType, clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "noise.json"
    assert pose_noise.main([str(clip), "--people", "1", "--output", str(output)]) == 0
    written = json.loads(output.read_text())
    assert written["people"] >= 1
    assert 0 < written["joints"]["neck"]["fast"] < 0.1
    assert written["clips"] == [clip.name]


def test_a_file_that_is_not_a_video_is_reported_in_one_line(
    pose_noise: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    assert pose_noise.main([str(tmp_path / "a.mp4")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
