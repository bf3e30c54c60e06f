from __future__ import annotations

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.utkinect import Segment, labelled_stretches, read, read_labels
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

LABELS = "s01_e01\nwalk: 100 140 \nsitDown: 260 300\ncarry:  NaN NaN\npull: 500 520\n"


def line(number: int, x: float) -> str:
    return f"{number}  " + "  ".join(f"{x + 0.01 * joint:.6f}  {0.5:.6f}  {2.0:.6f}" for joint in range(20))


@pytest.fixture
def recording(tmp_path):
    """Frame numbers 90, 92, ... 700, the body moving one unit in x over 100 numbers."""
    folder = tmp_path / "joints"
    folder.mkdir()
    (folder / "actionLabel_modified.txt").write_text(LABELS)
    (folder / "actionLabel.txt").write_text(LABELS.replace("300", "310"))
    (folder / "joints_s01_e01.txt").write_text("\n".join(line(n, n / 100) for n in range(90, 701, 2)) + "\n")
    return folder


def by_name(root) -> dict[str, Clip | Damaged]:
    return {item.name: item for item in read(root)}


def test_labels_are_read_as_words_with_their_limits(recording):
    labels = read_labels(recording / "actionLabel.txt")
    expected = [("walk", (100, 140)), ("sit down", (260, 310)), ("carry", None), ("pull", (500, 520))]
    assert labels == {"s01_e01": [Segment(label, limits) for label, limits in expected]}


def test_a_segment_without_limits_takes_all_between_its_neighbours():
    segments = [Segment("a", (10, 20)), Segment("b", None), Segment("c", (50, 60))]
    assert labelled_stretches(segments) == [(10, 20), (20, 50), (50, 60)]
    assert labelled_stretches([Segment("b", None), *segments])[0] == (0, 10)


def test_segments_are_resampled_to_15_hz_from_their_first_to_their_last_frame(recording):
    clips = by_name(recording.parent)
    walk = clips["s01_e01_walk"]
    assert (walk.label, walk.subject, walk.rate) == ("walk", "s01", 15.0)
    np.testing.assert_allclose(
        walk.coordinates[0][:, OPENPOSE_18.index("left_shoulder"), 0], np.arange(100, 141, 4) / 100 + 0.04, atol=1e-6
    )
    assert "s01_e01_carry" not in clips


def test_unlabelled_parts_are_outside_both_label_files_and_last_a_second(recording):
    unlabelled = {name: clip for name, clip in by_name(recording.parent).items() if clip.label == "unlabelled"}
    # The part before 100 is too short; only the older label file has 300 to 310; carry may cover all up to 500.
    assert set(unlabelled) == {"s01_e01_unlabelled_141", "s01_e01_unlabelled_521"}
    first = unlabelled["s01_e01_unlabelled_141"].coordinates[0][:, OPENPOSE_18.index("left_shoulder"), 0] - 0.04
    np.testing.assert_allclose(first[[0, -1]], [1.42, 2.58], atol=1e-6)


def test_uneven_frames_are_interpolated_and_pauses_are_absent(recording):
    numbers = [100, 110, 112, 200, 204, 260, 300, 500, 520]
    (recording / "joints_s01_e01.txt").write_text("\n".join(line(n, n / 100) for n in numbers))
    (recording / "actionLabel_modified.txt").write_text("s01_e01\nwalk: 100 204\n")
    walk = by_name(recording.parent)["s01_e01_walk"]
    seen = walk.scores[0].max(axis=1) > 0
    np.testing.assert_array_equal(np.flatnonzero(seen), [0, 1, 2, 3, 25, 26])
    at = walk.coordinates[0][seen][:, OPENPOSE_18.index("left_shoulder"), 0] - 0.04
    np.testing.assert_allclose(at, [1.0, 1.04, 1.08, 1.12, 2.0, 2.04], atol=1e-6)


def test_of_two_bodies_in_a_frame_the_one_nearer_to_the_last_is_kept(recording):
    lines = [line(100, 1.0), line(104, 1.1), line(104, 9.0), line(108, 9.0), line(108, 1.2), line(112, 1.3)]
    (recording / "joints_s01_e01.txt").write_text("\n".join(lines))
    (recording / "actionLabel_modified.txt").write_text("s01_e01\nwalk: 100 112\n")
    walk = by_name(recording.parent)["s01_e01_walk"]
    at = walk.coordinates[0][:, OPENPOSE_18.index("left_shoulder"), 0] - 0.04
    np.testing.assert_allclose(at, [1.0, 1.1, 1.2, 1.3], atol=1e-6)


@pytest.mark.parametrize(
    "content", ["", "1 2 3\n", "words\n", line(5, 0.0) + "\n" + line(3, 0.0), line(5, float("nan"))]
)
def test_a_damaged_recording_is_reported(recording, content):
    (recording / "joints_s01_e01.txt").write_text(content)
    (damaged,) = read(recording.parent)
    assert isinstance(damaged, Damaged)
    assert damaged.name == "s01_e01"
    assert "\n" not in damaged.reason


def test_a_missing_recording_and_a_segment_without_frames_are_reported(recording):
    (recording / "actionLabel_modified.txt").write_text("s01_e01\nwalk: 800 900\ns02_e01\nwalk: 1 2\n")
    reasons = {name: item.reason for name, item in by_name(recording.parent).items() if isinstance(item, Damaged)}
    assert reasons == {"s01_e01_walk": "no frame from 800 to 900", "s02_e01": "joints_s02_e01.txt is missing"}


def test_invalid_label_lines_are_an_error(recording):
    (recording / "actionLabel_modified.txt").write_text("s01_e01\nwalk: now later\n")
    with pytest.raises(DataError, match="no action"):
        list(read(recording.parent))
