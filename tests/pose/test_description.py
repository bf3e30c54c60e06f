"""The description of a pose network beside its file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from live_stf.errors import PoseError
from live_stf.pose.description import PoseDescription, read_description


def test_without_a_file_the_description_is_empty(tmp_path):
    assert read_description(tmp_path / "net.onnx") == PoseDescription()


def test_every_key_is_read(tmp_path, painted):
    network = tmp_path / "net.onnx"
    painted.describe(
        network,
        kind="simcc",
        joints="openpose18",
        size=[192, 256],
        colours="bgr",
        mean=[1, 2, 3],
        std=[4, 5, 6.5],
        score=0.25,
        visible=1,
        detector={"file": "people/detector.onnx", "size": [320, 320], "score": 0.6},
    )
    found = read_description(network)
    assert (found.kind, found.joints, found.size, found.colours) == (
        "simcc",
        "openpose18",
        (192, 256),
        "bgr",
    )
    assert (found.mean, found.std, found.score, found.visible) == (
        (1, 2, 3),
        (4, 5, 6.5),
        0.25,
        1,
    )
    assert found.detector.file == tmp_path / "people" / "detector.onnx"
    assert (found.detector.size, found.detector.score, found.detector.kind) == ((320, 320), 0.6, None)


def test_the_documented_example_can_be_read(tmp_path):
    documented = Path(__file__).resolve().parents[2] / "docs" / "own-pose-network.md"
    (example,) = re.findall(r"```json\n(.*?)```", documented.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "rtmpose-s.pose.json").write_text(example)
    detector = read_description(tmp_path / "rtmpose-s.onnx").detector
    assert (detector.file, detector.size) == (tmp_path / "rtmdet-nano.onnx", (320, 320))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "the content must be an object"),
        ('{"score": true}', "score is true; it must be a number"),
        ('{"score": -1}', "score is -1"),
        ('{"size": [192]}', r"size is \[192\]; it must be width and height in pixels"),
        ('{"size": [192, 25.5]}', "size is"),
        ('{"size": 640}', "size is 640"),
        ('{"mean": [1, 2]}', r"mean is \[1, 2\]"),
        ('{"std": [1, 2, 0]}', "three numbers above 0"),
        ('{"colours": "RGB"}', 'colours is "RGB"; it must be the order that the network takes, "rgb" or "bgr"'),
        ('{"kind": 3}', "kind is 3"),
        ('{"detector": "d.onnx"}', "detector.* must be an object"),
        ('{"detector": {"score": 1}}', "detector needs the name of its file"),
        ('{"detector": {"file": "d.onnx", "visible": 1}}', "detector: unknown key 'visible'"),
    ],
)
def test_a_mistake_is_reported_in_one_line_with_the_file(text, message, tmp_path):
    path = tmp_path / "net.pose.json"
    path.write_text(text)
    with pytest.raises(PoseError, match=message) as raised:
        read_description(tmp_path / "net.onnx")
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)
