"""Pose networks from real ONNX files, run on images of painted people."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest

from live_stf.errors import PoseError
from live_stf.pose.formats.output_form import Pixels
from live_stf.pose.onnx_pose import LAYOUTS, OnnxPose
from live_stf.pose.tracking import Tracker
from live_stf.runtime.openvino import bf16_available
from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Frame

SIZE = (320, 240)
WHOLE = ("yolo", "yolo-end-to-end", "one-stage")
CROP = ("simcc", "heat-maps")
# Tolerances in pixels of the image, for a crop of the whole image (4 pixels per pixel of the input) and for one around
# a person (2 per pixel). A heat map's cell is 4 pixels of the input, a SimCC bin half a pixel.
WITHIN = {"simcc": (4.0, 2.0), "heat-maps": (8.0, 4.0)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture
def network(painted, folder):
    """network(kind, description=..., ...) -> path of a network, each in a folder of its own."""
    count = itertools.count()

    def make(kind: str, description: dict | None = None, **settings: object) -> Path:
        own = folder / f"{next(count)}-{len(list(folder.iterdir()))}"
        own.mkdir()
        path = painted.pose_network(own / f"{kind}.onnx", kind, **settings)
        if description is not None:
            painted.describe(path, **description)
        return path

    return make


def seen(pose: OnnxPose, image: np.ndarray, time: float = 0.0) -> list[np.ndarray]:
    people = pose.detect(Frame(image, time, 0))
    assert (people.time, people.size) == (time, (image.shape[1], image.shape[0]))
    assert all(person.identity == 0 for person in people.persons)
    return [person.joints for person in people.persons]


def assert_is(joints: np.ndarray, places: np.ndarray, layout: str = "coco17", within: float = 2.0) -> None:
    """The joints (18, 3) are those of the body that was painted at `places`; coco17 has no neck of its own."""
    assert joints.shape == (18, 3)
    assert joints.dtype == np.float32
    expected, _ = LAYOUTS[layout].apply(places[None], np.ones((1, len(places))))
    np.testing.assert_allclose(joints[:, :2], expected[0], atol=within)
    assert (joints[:, 2] > 0.5).all()


@pytest.mark.parametrize(("layout", "count"), [("coco17", 17), ("openpose18", 18)])
@pytest.mark.parametrize("kind", WHOLE)
def test_everybody_in_the_image_is_found_once(kind, layout, count, painted, network):
    left, right = painted.body(80, 40, 150, count), painted.body(240, 50, 140, count)
    with OnnxPose(network(kind, joints=count)) as pose:
        found = sorted(seen(pose, painted.paint(SIZE, left, right)), key=lambda joints: joints[0, 0])
        assert len(found) == 2
        assert_is(found[0], left, layout)
        assert_is(found[1], right, layout)
        assert len(seen(pose, painted.paint(SIZE, right))) == 1
        assert seen(pose, painted.paint(SIZE)) == []


@pytest.mark.parametrize(("layout", "count"), [("coco17", 17), ("openpose18", 18)])
@pytest.mark.parametrize("kind", CROP)
def test_without_a_detector_one_person_is_found_and_followed(kind, layout, count, painted, network):
    lines: list[str] = []
    path = network(kind, joints=count)
    with OnnxPose(path, people=2, notify=lines.append) as pose:
        assert lines == [f"{kind}.onnx follows one person; for more, name a detector in {kind}.pose.json"]
        for index in range(12):
            place = painted.body(60 + 15 * index, 40, 150, count)
            (joints,) = seen(pose, painted.paint(SIZE, place), index / 30)
            assert_is(joints, place, layout, within=WITHIN[kind][index > 0])
    lines.clear()
    OnnxPose(path, people=1, notify=lines.append).close()
    assert lines == []


def test_a_lost_person_is_searched_for_in_the_whole_image(painted, network):
    here, there = painted.body(60, 40, 150), painted.body(260, 60, 150)
    with OnnxPose(network("simcc"), people=1) as pose:
        assert_is(seen(pose, painted.paint(SIZE, here))[0], here, within=4.0)
        assert seen(pose, painted.paint(SIZE, there), 0.1) == []
        assert_is(seen(pose, painted.paint(SIZE, there), 0.2)[0], there, within=4.0)
        # After a pause the whole image is searched, even if somebody is at the old place.
        assert_is(seen(pose, painted.paint(SIZE, here), 5.0)[0], here, within=4.0)
        # The clip begins again.
        assert_is(seen(pose, painted.paint(SIZE, there), 0.0)[0], there, within=4.0)


@pytest.mark.parametrize("kind", ["yolo", "yolo-end-to-end", "dets-and-labels"])
def test_a_detector_finds_people_for_a_top_down_network(kind, painted, network):
    pixels = {"colours": "rgb", "mean": [0, 0, 0], "std": [255, 255, 255]}
    path = network("simcc", {"detector": {"file": "detector.onnx", **pixels}})
    painted.detector_network(path.with_name("detector.onnx"), kind)
    first = painted.body(80, 40, 150)
    with OnnxPose(path, people=2, notify=pytest.fail) as pose:
        assert seen(pose, painted.paint(SIZE)) == []
        (joints,) = seen(pose, painted.paint(SIZE, first), 0.1)
        assert_is(joints, first)
        # A second person appears. The detector runs every half a second while somebody is followed.
        both = painted.paint(SIZE, first, painted.body(240, 50, 140))
        counts = [len(seen(pose, both, 0.2 + step / 10)) for step in range(6)]
        assert counts == [1, 1, 1, 1, 2, 2]
    with OnnxPose(path, people=1) as pose:
        assert len(seen(pose, both)) == 1


def test_a_body_found_in_two_crops_counts_once(painted, network):
    path = network("simcc", {"detector": {"file": "detector.onnx"}})
    painted.detector_network(path.with_name("detector.onnx"), "yolo")
    with OnnxPose(path, people=2) as pose:
        place = painted.body(80, 40, 150)
        assert len(seen(pose, painted.paint(SIZE, place))) == 1
        pose._finder._followed *= 2
        assert len(seen(pose, painted.paint(SIZE, place), 0.1)) == 1


def test_people_keep_their_identities(painted, network):
    tracker = Tracker()
    with OnnxPose(network("one-stage")) as pose:
        for index in range(10):
            left, right = painted.body(50 + 5 * index, 40, 150), painted.body(280 - 5 * index, 50, 140)
            people = tracker.update(pose.detect(Frame(painted.paint(SIZE, left, right), index / 30, index)))
            assert [person.identity for person in people.persons] == [1, 2]
            nearer = [person.joints[0, 0] for person in people.persons]
            if index == 0:
                beginning = nearer
            assert np.sign(nearer[0] - nearer[1]) == np.sign(beginning[0] - beginning[1])


def test_the_people_with_the_highest_scores_are_kept(painted, network):
    left, right = painted.body(80, 40, 150), painted.body(240, 50, 140)
    image = painted.paint(SIZE, left, right[:15])  # the ankles are hidden
    with OnnxPose(network("one-stage"), people=1) as pose:
        (joints,) = seen(pose, image)
        assert_is(joints, left)


@pytest.mark.parametrize("kind", [*WHOLE, *CROP])
def test_colours_and_scales_follow_the_description(kind, painted, network):
    place = painted.body(80, 40, 150)
    image = painted.paint(SIZE, place)
    odd = Pixels("bgr" if kind != "one-stage" else "rgb", (10.0, 20.0, 30.0), (2.0, 40.0, 90.0))
    with OnnxPose(network(kind, pixels=odd), people=1) as pose:
        assert seen(pose, image) == []  # its input had the usual colours and scales
    described = {"colours": odd.colours, "mean": odd.mean, "std": odd.std}
    with OnnxPose(network(kind, described, pixels=odd), people=1) as pose:
        assert_is(seen(pose, image)[0], place, within=8.0)


def test_joints_and_bodies_below_their_thresholds_are_dropped(painted, network):
    place = painted.body(80, 40, 150)
    image = painted.paint(SIZE, place[:11])  # no hips, no legs
    hidden = [OPENPOSE_18.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("hip", "knee", "ankle")]
    with OnnxPose(network("yolo")) as pose:
        (joints,) = seen(pose, image)
        assert not joints[hidden].any()
        assert np.count_nonzero(joints[:, 2]) == 12
    with OnnxPose(network("yolo", {"score": 0.9})) as pose:  # 11 of 17 joints are visible
        assert seen(pose, image) == []
    with OnnxPose(network("yolo", {"visible": 1.5})) as pose:
        assert seen(pose, image) == []


@pytest.mark.parametrize("kind", ["yolo", "simcc"])
def test_a_network_for_any_size_uses_the_size_of_its_description(kind, painted, network):
    size = [160, 160] if kind == "yolo" else [96, 128]
    place = painted.body(80, 40, 150)
    with OnnxPose(network(kind, {"size": size}, any_size=True), people=1) as pose:
        assert_is(seen(pose, painted.paint(SIZE, place))[0], place, within=4.0)
    with pytest.raises(PoseError, match=r'any size; name one in its description, e\.g\. "size"'):
        OnnxPose(network(kind, any_size=True))


@pytest.mark.skipif(not bf16_available(), reason="this CPU has no instructions for bf16")
def test_bf16_finds_the_same_joints(painted, network):
    place = painted.body(80, 40, 150)
    with OnnxPose(network("simcc"), people=1, precision="bf16") as pose:
        assert pose.name == "simcc bf16"
        assert_is(seen(pose, painted.paint(SIZE, place))[0], place, within=8.0)


def test_it_can_be_closed_twice(network):
    pose = OnnxPose(network("yolo"))
    assert pose.name == "yolo fp32"
    pose.close()
    pose.close()


def identity_network(path: Path, shape: list[int | str], inputs: int = 1) -> Path:
    names = [f"in{index}" for index in range(inputs)]
    nodes = [onnx.helper.make_node("Identity", [name], [f"out_of_{name}"]) for name in names]
    taken = [onnx.helper.make_tensor_value_info(name, 1, shape) for name in names]
    given = [onnx.helper.make_tensor_value_info(f"out_of_{name}", 1, shape) for name in names]
    graph = onnx.helper.make_graph(nodes, "identity", taken, given)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), path)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, r"no such pose network"),
        (lambda path: path.write_text("not a network") and path, r"not a network that OpenVINO can read"),
        (lambda path: identity_network(path, [1, 3, 64, 64], inputs=2), r"takes 2 inputs; it must take one image"),
        (lambda path: identity_network(path, [1, 64, 64, 3]), r"must take an image \(1, 3, height, width\)"),
        (lambda path: identity_network(path, [5, 10]), r"must take an image"),
        (lambda path: identity_network(path, [1, 3, 64, 64]), r"has 3 joints, not 17 \(coco17\) or 18 \(openpose18\)"),
    ],
)
def test_an_unfit_file_is_reported_in_one_line(make, message, tmp_path):
    path = make(tmp_path / "network.onnx")
    with pytest.raises(PoseError, match=message) as raised:
        OnnxPose(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"kind": "simcc"}, r"outputs output0 \(1, 56, 4\) are not of the kind 'simcc'; see docs/own-pose-network\.md"),
        ({"kind": "magic"}, r"names an unknown kind 'magic'; choose one of yolo, .*heat-maps"),
        ({"joints": "openpose18"}, r"has 17 joints, not openpose18"),
        ({"joints": "ntu25"}, r"'ntu25'; choose one of coco17, openpose18"),
        ({"size": [320, 320]}, r"takes images of 160x160, not of 320x320"),
        ({"detector": {"file": "detector.onnx"}}, r"needs no detector; leave it out"),
        ({"colour": "rgb"}, r"unknown key 'colour'; the keys are colours"),
    ],
)
def test_an_unfit_description_is_reported_in_one_line(description, message, network):
    with pytest.raises(PoseError, match=message) as raised:
        OnnxPose(network("yolo", description))
    assert "\n" not in str(raised.value)


def test_an_unfit_detector_is_reported_in_one_line(painted, network):
    path = network("simcc", {"detector": {"file": "detector.onnx"}})
    with pytest.raises(PoseError, match=r"detector\.onnx: no such pose network"):
        OnnxPose(path)
    painted.pose_network(path.with_name("detector.onnx"), "heat-maps")
    with pytest.raises(PoseError, match=r"of none of the known forms \(yolo-end-to-end, yolo, dets-and-labels\)"):
        OnnxPose(path)
