"""The wheel in an environment of its own, away from the checkout: nothing but what pip installs with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import live_stf

ROOT = Path(__file__).resolve().parents[2]
# What recognising on a CPU does without.
NOT_NEEDED = ("torch", "lightning", "mediapipe", "onnx", "onnxruntime", "scipy", "PyQt5", "pyqtgraph", "omegaconf")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel. elsewhere: a folder that has nothing to do with the checkout."""

    wheel: Path
    folder: Path
    elsewhere: Path

    def run(self, *command: object, timeout: float = 150, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in `elsewhere`; an empty value removes a variable."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        environment.update(variables)
        environment = {name: value for name, value in environment.items() if value}
        program, *arguments = map(str, command)
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    # fmt: off
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "--no-compile",
         "--only-binary", ":all:", "--constraint", ROOT / "constraints.txt", wheel],
        capture_output=True, text=True,
    )
    # fmt: on
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip(f"needs a package index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return Installed(wheel, folder, tmp_path_factory.mktemp("elsewhere"))


def test_the_wheel_has_models_recipes_types_and_both_licences(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        said = archive.read(metadata).decode()
    for wanted in (
        "live_stf/models/everyday/model.json",
        "live_stf/models/everyday/LICENSE",
        "live_stf/recipes/everyday.yaml",
        "live_stf/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "calibration/", "models/"))]
    assert "License-Expression: Apache-2.0 AND LicenseRef-live-stf-weights" in said
    assert "License-File: models/everyday/LICENSE" in said


def test_nothing_that_recognising_does_without_is_installed(installed):
    code = f"import importlib.util as u; print([m for m in {NOT_NEEDED} if u.find_spec(m)])"
    assert installed.run("python", "-c", code).stdout.strip() == "[]"


def test_the_public_names_are_there_and_importing_them_is_light(installed):
    code = (
        "import sys, live_stf\n"
        "print([n for n in live_stf.__all__ if getattr(live_stf, n, None) is None])\n"
        "print(live_stf.__version__, live_stf.load_model('everyday').name, live_stf.__file__)"
    )
    done = installed.run("python", "-c", code)
    assert done.stderr == ""
    missing, rest = done.stdout.splitlines()
    version, name, file = rest.split()
    assert (missing, version, name) == ("[]", live_stf.__version__, "everyday")
    assert Path(file).is_relative_to(installed.folder)
    done = installed.run(
        "python", "-c", "import sys, live_stf; print({'cv2', 'openvino', 'av', 'lap'} & set(sys.modules))"
    )
    assert done.stdout.strip() == "set()"


def test_a_clip_is_labelled_by_the_command(installed, clip):
    done = installed.run("live-stf", "label", clip, "--output", installed.elsewhere / "labels")
    assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr
    lines = (installed.elsewhere / "labels" / f"{clip.stem}.jsonl").read_text().splitlines()
    assert "walk" in {json.loads(line)["label"] for line in lines}


def test_a_clip_is_labelled_by_the_library_with_the_same_result(installed, clip):
    code = f"import live_stf\nfor s in live_stf.label({str(clip)!r}): print(s.label, s.start, s.end)"
    done = installed.run("python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert "walk" in {line.split()[0] for line in done.stdout.splitlines()}


def test_keypoints_are_recognised_by_the_library(installed):
    code = (
        "import live_stf, numpy as np\n"
        "body = np.random.default_rng(0).uniform(50, 200, (1, 18, 3)); body[..., 2] = 0.9\n"
        "with live_stf.Recognizer() as recognizer:\n"
        "    for frame in range(60): events = recognizer.push_keypoints(body, (640, 480), frame / 30)\n"
        "print(events[0].state.value)"
    )
    done = installed.run("python", "-c", code)
    assert (done.stderr, done.stdout.strip() in ("unsure", "label")) == ("", True), done.stdout


def test_events_are_printed_without_a_window(installed, clip):
    done = installed.run("live-stf", "webcam", "--headless", "--fast", "--source", clip)
    assert done.returncode == 0, done.stderr
    assert "walk" in {json.loads(line)["label"] for line in done.stdout.splitlines()}


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("webcam",), "window"),
        (("label", "CLIP", "--annotate"), "window"),
        (("label", "CLIP", "--pose", "mediapipe"), "mediapipe"),
        (("train", "nw-ucla"), "train"),
        (("evaluate", "everyday", "everyday"), "train"),
        (("data", "prepare", "nw-ucla"), "train"),
        (("convert", "everyday"), "train"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else None,
)
def test_what_needs_an_extra_says_which_in_one_line(installed, clip, command, extra):
    given = [str(clip) if word == "CLIP" else word for word in command]
    done = installed.run("live-stf", *given)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert f"pip install 'live-stf[{extra}]'" in done.stderr


def test_without_a_home_it_works_or_says_what_to_do(installed, clip):
    done = installed.run("live-stf", "label", clip, "--output", installed.elsewhere / "homeless", HOME="", USER="")
    if done.returncode:
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert done.stderr.startswith("error: ")
    else:
        assert (installed.elsewhere / "homeless" / f"{clip.stem}.jsonl").is_file()
