"""The real program: real clips through MediaPipe and a network; it has learned nothing and answers all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from live_stf.cli import label
from live_stf.decision import DecisionSettings
from live_stf.errors import AssetError
from live_stf.model import Model
from live_stf.network import build_network
from live_stf.pose.estimators import open_pose
from live_stf.pose.pose_models import pose_model
from live_stf.preparation import Preparation
from live_stf.sources.recording import Heading, RecordingWriter
from live_stf.sources.video_file import VideoFile

PROGRAM = Path(__file__).resolve().parents[2] / "apps" / "video_file.py"
LABELS = ("walk", "wave", "none of these")
KEYS = ["clip", "person", "label", "score", "start", "end"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads of torch that wait for each other stand still on a machine that is busy otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def program():
    return label


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A model whose best class is always sure enough to be a label."""
    try:
        pose_model()
    except AssetError as error:
        pytest.skip(f"needs the pose model: {error}")
    torch.manual_seed(0)
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    decision = DecisionSettings(enter=0.2, leave=0.1)
    preparation = Preparation(frames=30)  # few, so that it is quick
    made = Model(tmp_path_factory.mktemp("model"), "untrained", LABELS, network, preparation, decision=decision)
    made.save_description()
    save_file(build_network(network, len(LABELS)).state_dict(), made.weights)
    return made.folder


@pytest.fixture
def run(program, model, tmp_path, capsys):
    """run(*clips and options) -> (status, stdout, stderr); results go to tmp_path / "out"."""

    def call(*arguments):
        options = ["--model", str(model), "--engine", "torch", "--output", str(tmp_path / "out")]
        status = program.main([*map(str, arguments), *options])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return status, said.out, said.err

    return call


@pytest.fixture
def squats(shared) -> Path:
    """A woman squatting, 65 pictures at 5 a second, 13 s."""
    return shared / "videos" / "squats.mp4"


@pytest.fixture
def black(tmp_path) -> Path:
    path = tmp_path / "black.mp4"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (160, 120))
    for _ in range(45):
        video.write(np.zeros((120, 160, 3), np.uint8))
    video.release()
    return path


def segments(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_clip_becomes_segments_and_a_table(run, squats, tmp_path):
    status, out, err = run(squats)
    assert (status, err) == (0, "")
    found = segments(tmp_path / "out" / "squats.jsonl")
    assert found
    assert all(list(segment) == KEYS for segment in found)
    assert {segment["clip"] for segment in found} == {"squats"}
    assert {segment["person"] for segment in found} == {1}
    assert (found[0]["start"], found[-1]["end"]) == (0.0, 13.0)
    for segment in found:
        assert segment["label"] in LABELS
        assert 0 < segment["score"] <= 1
        assert segment["start"] < segment["end"]
        assert f"{segment['end']:.2f} s" in out
    assert f"labels: {tmp_path / 'out' / 'squats.jsonl'}" in out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["squats.jsonl"]


def test_the_annotated_video_has_every_picture_at_its_time_with_people_painted(run, squats, tmp_path):
    status, out, _ = run(squats, "--annotate")
    assert status == 0
    target = tmp_path / "out" / "squats.mp4"
    assert f"annotated video: {target}" in out
    with av.open(str(squats)) as plain, av.open(str(target)) as annotated:
        codec = annotated.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        before = [(frame.time, frame.to_ndarray(format="gray")) for frame in plain.decode(video=0)]
        after = [(frame.time, frame.to_ndarray(format="gray")) for frame in annotated.decode(video=0)]
    np.testing.assert_allclose([t for t, _ in after], [t for t, _ in before], atol=2e-3)
    assert after[0][1].shape == before[0][1].shape
    for (_, plain), (_, painted) in zip(before, after, strict=True):
        changed = np.abs(plain.astype(int) - painted) > 60
        # Limbs and a tag: more than what compression changes, less than the picture.
        assert 0.001 < changed.mean() < 0.2


def test_one_bad_clip_does_not_stop_the_others(run, squats, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    status, out, err = run(tmp_path / "missing.mp4", text, squats)
    assert status == 2
    assert [line.split(": ")[0] for line in err.splitlines()] == ["error", "error"]
    assert f"{tmp_path / 'missing.mp4'}: no such file" in err
    assert f"{text}: " in err
    assert segments(tmp_path / "out" / "squats.jsonl")
    assert "squats" in out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["squats.jsonl"]


def test_nobody_in_a_clip_is_said_and_is_no_error(run, black, tmp_path):
    status, _, err = run(black, "--annotate")
    assert (status, err) == (0, f"{black}: nobody was seen in it\n")
    assert (tmp_path / "out" / "black.jsonl").read_text() == ""
    with av.open(str(tmp_path / "out" / "black.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 45


def test_a_truncated_clip_keeps_what_was_found_before_the_fault(run, shared, tmp_path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((shared / "videos" / "walk_side_view.mp4").read_bytes()[:2_000_000])
    status, out, err = run(cut, "--annotate")
    assert status == 2
    assert err.splitlines()[0].startswith(f"error: {cut}: damaged or cut short")
    found = segments(tmp_path / "out" / "cut.jsonl")
    assert found
    assert all(segment["end"] < 7 for segment in found)
    with av.open(str(tmp_path / "out" / "cut.mp4")) as video:
        assert 60 < sum(1 for _ in video.decode(video=0)) < 230
    assert str(tmp_path / "out" / "cut.mp4") in out


def test_a_clip_shorter_than_the_window_is_said_and_labelled_as_a_whole(run, shared, tmp_path):
    status, _, err = run(shared / "videos" / "balance_single_person.mp4", "--people", 1)
    assert status == 0
    assert len(err.splitlines()) == 1
    assert "1.7 s long, shorter than the 5 s" in err
    (segment,) = segments(tmp_path / "out" / "balance_single_person.jsonl")
    assert (segment["person"], segment["start"], segment["end"]) == (1, 0.0, 1.67)


def test_a_clip_too_short_for_a_label_is_said(run, squats, tmp_path):
    short = tmp_path / "short.mp4"
    with av.open(str(squats)) as source, av.open(str(short), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[:4]:
            packet.stream = stream
            target.mux(packet)
    status, _, err = run(short)
    assert status == 0
    assert err == f"{short}: 0.8 s long, but a person has to be seen for 1 s to get a label\n"
    assert segments(tmp_path / "out" / "short.jsonl") == []


def test_an_unknown_model_is_one_line(program, capsys, squats):
    assert program.main([str(squats), "--model", "nothing-of-the-kind"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "nothing-of-the-kind" in err
    assert len(err.splitlines()) == 1


def test_the_annotated_video_never_replaces_the_clip(run, squats, tmp_path):
    own = tmp_path / "out" / "squats.mp4"
    own.parent.mkdir()
    content = squats.read_bytes()
    own.write_bytes(content)
    status, _, err = run(own, "--annotate")
    assert status == 2
    assert "--output" in err
    assert own.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_one_line(program, model, squats, tmp_path, capsys):
    (tmp_path / "out").touch()
    assert program.main([str(squats), "--model", str(model), "--output", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {tmp_path / 'out'}")
    assert len(err.splitlines()) == 1


def test_options_that_cannot_be_are_refused(program, capsys):
    for arguments in ([], ["clip.mp4", "--people", "0"], ["clip.mp4", "--engine", "magic"]):
        with pytest.raises(SystemExit) as ended:
            program.parse(arguments)
        assert ended.value.code == 2
    assert "--people is 0" in capsys.readouterr().err


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_keeps_what_was_found(model, shared, tmp_path):
    clip = shared / "videos" / "walk_side_view.mp4"
    command = [sys.executable, str(PROGRAM), str(clip), "--model", str(model), "--engine", "torch"]
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        written = tmp_path / "walk_side_view.jsonl"
        while not written.exists() and process.poll() is None:
            time.sleep(0.05)
        # Long enough for a label, on a busy machine, too.
        enough = cpu_seconds(process.pid) + 4
        while process.poll() is None and cpu_seconds(process.pid) < enough:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert segments(written)
    assert f"labels: {written}" in out


def test_recorded_joints_get_the_labels_of_the_clip_and_are_not_written_over(run, squats, tmp_path):
    recording = tmp_path / "out" / "squats.joints.jsonl"
    recording.parent.mkdir()
    with (
        VideoFile(squats) as source,
        closing(open_pose()) as pose,
        RecordingWriter(recording, Heading(source.size, source.fps)) as writer,
    ):
        while (frame := source.read()) is not None:
            writer.write(pose.detect(frame), {})
    joints = recording.read_bytes()
    status, _, err = run(squats)
    of_clip = segments(tmp_path / "out" / "squats.jsonl")
    assert (status, err) == (0, "")
    status, _, err = run(recording, "--annotate")
    assert (status, err) == (0, "")
    of_recording = segments(tmp_path / "out" / "squats.jsonl")
    assert [(s["label"], s["start"], s["end"]) for s in of_recording] == [
        (s["label"], s["start"], s["end"]) for s in of_clip
    ]
    assert cv2.VideoCapture(str(tmp_path / "out" / "squats.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 65
    assert recording.read_bytes() == joints
    renamed = recording.rename(recording.with_name("squats.jsonl"))
    status, _, err = run(renamed)
    assert status == 2
    assert "the labels would replace it" in err
    assert renamed.read_bytes() == joints
