"""The readers on the real data sets: number of clips, orientation of bodies, length of limbs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip
from live_stf.data.store import Store, write_store
from live_stf.skeleton import OPENPOSE_18
from tests.data.reading import read_source

JOINT = {joint: index for index, joint in enumerate(OPENPOSE_18.joints)}
# reader: folder, clips, subjects, dimensions
SOURCES = {
    "nw_ucla": ("nw-ucla", 1484, 10, 3),
    "utkinect": ("utkinect", 199, 10, 3),
    "florence3d": ("florence3d", 215, 10, 3),
    "msr_action3d": ("msr-action3d", 557, 10, 3),
    "utd_mhad": ("utd-mhad-openpose", 195, 8, 2),
    "ar_openpose25": ("ar-openpose25", 272, 46, 2),
    "jhmdb": ("jhmdb-2d", 433, 433, 2),
    "exercise_openpose": ("exercise-openpose", 112, 26, 2),
}
KINECT = [reader for reader, (_, _, _, dimensions) in SOURCES.items() if dimensions == 3]
# bone: shortest and longest plausible median, metres
BONES = {
    ("left_shoulder", "left_elbow"): (0.22, 0.32),
    ("left_elbow", "left_wrist"): (0.20, 0.32),
    ("left_hip", "left_knee"): (0.38, 0.60),
    ("left_knee", "left_ankle"): (0.33, 0.48),
    ("left_shoulder", "right_shoulder"): (0.27, 0.42),
    ("left_ear", "right_ear"): (0.1399, 0.1401),
}
SITTING = {"nw_ucla": "sit down", "utkinect": "sit down", "florence3d": "sit down"}


@pytest.fixture(scope="module")
def clips_of(shared: Path) -> Callable[[str], list[Clip]]:
    """Clips of a reader's source; none of the files there is damaged."""
    known: dict[str, list[Clip]] = {}

    def clips(reader: str) -> list[Clip]:
        if reader not in known:
            known[reader] = list(read_source(reader, shared / "data" / SOURCES[reader][0]))
            assert all(isinstance(clip, Clip) for clip in known[reader])
        return known[reader]

    return clips


def points(clip: Clip, joint: str) -> np.ndarray:
    return clip.coordinates[0][:, JOINT[joint]].astype(np.float64)


def whole(clip: Clip) -> np.ndarray:
    return (clip.scores[0] > 0).all(axis=1)


def forward(clip: Clip) -> np.ndarray:
    """(T, 3): left x up."""
    return np.cross(points(clip, "left_hip") - points(clip, "right_hip"), [0.0, 1.0, 0.0])


@pytest.mark.parametrize("reader", SOURCES)
def test_every_clip_is_read_and_well_formed(clips_of, reader):
    folder, count, subjects, dimensions = SOURCES[reader]
    clips = clips_of(reader)
    labelled = [clip for clip in clips if clip.label != "unlabelled"]
    assert len(labelled) == count
    assert len({clip.subject for clip in clips}) == subjects
    assert len({clip.name for clip in clips}) == len(clips)
    for clip in clips:
        assert (clip.source, clip.dimensions) == (folder, dimensions)
        assert clip.coordinates.dtype == clip.scores.dtype == np.float32
        assert np.isfinite(clip.coordinates[0]).all()
        assert (clip.coordinates[0][clip.scores[0] == 0] == 0).all()
        assert clip.scores[0][[0, -1]].any(axis=1).all()
        if dimensions == 2:
            assert (clip.coordinates[0][..., 2] == 0).all()


def test_labels_are_those_of_the_source(clips_of):
    assert Counter(clip.label for clip in clips_of("utkinect"))["carry"] == 19
    assert Counter(clip.label for clip in clips_of("florence3d"))["bow"] == 30
    assert Counter(clip.label for clip in clips_of("msr_action3d"))["side kick"] == 20
    assert Counter(clip.label for clip in clips_of("exercise_openpose"))["bicep curl"] == 16
    assert {clip.label for clip in clips_of("utd_mhad")} >= {"draw x", "lunge"}


def test_unlabelled_stretches_last_a_second(clips_of):
    stretches = [clip for clip in clips_of("utkinect") if clip.label == "unlabelled"]
    assert len(stretches) > 100
    assert min(len(clip.scores[0]) / clip.rate for clip in stretches) >= 1


@pytest.mark.parametrize("reader", KINECT)
def test_limbs_have_human_lengths_and_both_sides_the_same(clips_of, reader):
    def median_length(first: str, second: str) -> float:
        lengths = [np.linalg.norm(points(c, first) - points(c, second), axis=1)[whole(c)] for c in clips_of(reader)]
        return float(np.median(np.concatenate(lengths)))

    for (first, second), (shortest, longest) in BONES.items():
        length = median_length(first, second)
        assert shortest < length < longest
        other = median_length(*(joint.replace("left", "right") for joint in (first, second)))
        if "right" not in first + second:
            assert abs(other - length) < 0.03


@pytest.mark.parametrize("reader", KINECT)
def test_people_stand_upright_under_y(clips_of, reader):
    leans = []
    for clip in clips_of(reader):
        trunk = points(clip, "neck") - (points(clip, "left_ankle") + points(clip, "right_ankle")) / 2
        standing = whole(clip) & (np.linalg.norm(trunk, axis=1) > 1.1)
        leans.extend(np.degrees(np.arctan2(trunk[standing, 2], trunk[standing, 1])))
    assert abs(np.median(leans)) < 5


@pytest.mark.parametrize(("reader", "label"), SITTING.items())
def test_knees_of_sitting_people_are_in_front(clips_of, reader, label):
    agree = []
    for clip in clips_of(reader):
        if clip.label == label:
            thighs = points(clip, "left_knee") - points(clip, "left_hip")
            thighs += points(clip, "right_knee") - points(clip, "right_hip")
            agree.append(np.median((forward(clip) * thighs).sum(axis=1)) > 0)
    assert np.mean(agree) > 0.9


@pytest.mark.parametrize("reader", KINECT)
def test_noses_are_in_front_and_wrists_mostly_too(clips_of, reader):
    nose, wrists = [], []
    for clip in clips_of(reader):
        ahead = forward(clip)[whole(clip)]
        ears = (points(clip, "left_ear") + points(clip, "right_ear")) / 2
        hands = (points(clip, "left_wrist") + points(clip, "right_wrist")) / 2
        nose.append(((points(clip, "nose") - ears)[whole(clip)] * ahead).sum(axis=1))
        wrists.append(((hands - points(clip, "neck"))[whole(clip)] * ahead).sum(axis=1))
    assert np.mean(np.concatenate(nose) > 0) > 0.95
    assert np.mean(np.concatenate(wrists) > 0) > 0.5


@pytest.mark.parametrize(
    ("reader", "labels"),
    [("msr_action3d", ("draw X", "hammer", "high throw")), ("utd_mhad", ("swipe left", "draw circle"))],
)
def test_one_handed_actions_are_made_by_the_right_hand(clips_of, reader, labels):
    def travel(clip: Clip, side: str) -> float:
        moving = points(clip, f"{side}_wrist") - points(clip, f"{side}_shoulder")
        return moving[clip.scores[0][:, JOINT[f"{side}_wrist"]] > 0].std(axis=0).sum()

    clips = [clip for clip in clips_of(reader) if clip.label in labels]
    assert np.mean([travel(clip, "right") > travel(clip, "left") for clip in clips]) > 0.95


@pytest.mark.parametrize("reader", [reader for reader in SOURCES if reader not in KINECT])
def test_image_coordinates_have_y_down(clips_of, reader):
    heights = []
    for clip in clips_of(reader):
        seen = (clip.scores[0][:, [JOINT["neck"], JOINT["right_hip"]]] > 0).all(axis=1)
        heights.extend((points(clip, "right_hip") - points(clip, "neck"))[seen, 1])
    assert np.mean(np.array(heights) > 0) > 0.9


@pytest.mark.parametrize("reader", ["utd_mhad", "ar_openpose25"])
def test_people_who_face_the_camera_have_their_left_on_the_right(clips_of, reader):
    sides = [points(clip, "left_shoulder")[:, 0] - points(clip, "right_shoulder")[:, 0] for clip in clips_of(reader)]
    assert np.mean(np.concatenate(sides) > 0) > 0.9


def test_a_person_of_ar_openpose25_does_each_gesture_at_most_once(clips_of):
    counts = Counter((clip.subject, clip.label) for clip in clips_of("ar_openpose25"))
    assert set(counts.values()) == {1}


def test_all_sources_go_into_one_store(clips_of, tmp_path):
    clips = [clip for reader in SOURCES for clip in clips_of(reader)]
    report = write_store(clips, tmp_path / "store")
    assert not report.damaged
    store = Store(tmp_path / "store")
    assert len(store) == len(clips)
    assert Counter(store.sources.tolist()) == report.sources
    for index in range(0, len(clips), 97):
        np.testing.assert_array_equal(store[index].coordinates, clips[index].coordinates)
        assert store[index].name == clips[index].name
