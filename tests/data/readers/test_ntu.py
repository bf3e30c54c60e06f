"""NTU RGB+D's raw files, written here to their documented layout, and the genuine ones of the shared folder."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.ntu_file import parse
from live_stf.data.formats.ntu_labels import ACTIONS
from live_stf.data.readers.ntu import Item, read_item
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25
from tests.data.ntu_files import FIRST_ID, moving, person, skeleton_file, together
from tests.data.reading import read_source

read = partial(read_source, "ntu")
NAME = "S001C002P003R002A013"


def write(root: Path, content: bytes, name: str = NAME) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / f"{name}.skeleton").write_bytes(content)


def test_a_clip_is_read_with_its_name_label_subject_and_values(tmp_path):
    one, other = person(1), person(2)
    write(tmp_path, skeleton_file([[(FIRST_ID, one)], [(FIRST_ID, other)]]))
    (clip,) = read(tmp_path)
    assert (clip.source, clip.name, clip.subject, clip.label) == ("ntu", NAME, "P003", "tear up paper")
    assert (clip.rate, clip.dimensions, clip.skeleton, clip.subset) == (30, 3, NTU_25, "")
    np.testing.assert_array_equal(clip.coordinates, np.stack((one, other))[None].astype(np.float32))
    assert (clip.scores == 1).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), max_size=6), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back(present, seed):
    rng = np.random.default_rng(seed)
    frames = [[(FIRST_ID + track, rng.normal(size=(25, 3))) for track in tracks] for tracks in present]
    recording = parse(skeleton_file(frames))
    assert recording.frames == len(frames)
    rows = [(number, place, *body) for number, bodies in enumerate(frames) for place, body in enumerate(bodies)]
    assert recording.frame.tolist() == [row[0] for row in rows]
    assert recording.place.tolist() == [row[1] for row in rows]
    assert recording.track.tolist() == [str(row[2]).encode() for row in rows]
    np.testing.assert_array_equal(recording.joints, np.array([row[3] for row in rows]).reshape(-1, 25, 3))


def test_a_body_with_a_joint_that_is_not_finite_is_dropped():
    broken = person(0)
    broken[7, 1] = np.nan
    recording = parse(skeleton_file([[(1, person(0)), (2, broken)], [(2, person(0))]]))
    assert recording.track.tolist() == [b"1", b"2"]
    assert recording.frame.tolist() == [0, 1]


def test_short_and_flat_tracks_are_noise_and_a_person_found_again_is_one_person(tmp_path):
    table = {frame: (9, person(3)[:, [1, 0, 2]] * [1, 0.3, 1]) for frame in range(40)}
    first, again = moving(1, range(0, 20), 0.05), moving(2, range(20, 40), 0.05)
    short = moving(3, range(5, 16), 0.5)
    write(tmp_path, skeleton_file(together(40, table, first, again, short)))
    (clip,) = read(tmp_path, choice="denoised")
    assert (clip.bodies, clip.frames) == (1, 40)
    expected = [joints for _, joints in (first | again).values()]
    np.testing.assert_array_equal(clip.coordinates[0], np.array(expected, dtype=np.float32))


def test_the_person_who_moves_most_is_first_and_empty_frames_depend_on_the_choice(tmp_path):
    calm, lively = moving(1, range(2, 30), 0.001, seed=1), moving(2, range(2, 30), 0.1, seed=2)
    write(tmp_path, skeleton_file(together(35, calm, lively)))
    (by_places,) = read(tmp_path)
    (by_tracks,) = read(tmp_path, choice="denoised")
    assert (by_places.bodies, by_places.frames) == (2, 30)
    assert not by_places.scores[:, :2].any()
    assert (by_tracks.bodies, by_tracks.frames) == (2, 28)
    for clip in (by_places, by_tracks):
        np.testing.assert_allclose(clip.coordinates[0, -28:], [joints for _, joints in lively.values()], rtol=1e-6)
        np.testing.assert_allclose(clip.coordinates[1, -28:], [joints for _, joints in calm.values()], rtol=1e-6)


GOOD = skeleton_file([[(1, person(0))], [(1, person(1))]])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"0", "no body"),
        (skeleton_file([[], []]), "no body"),
        (GOOD[:700], "ends in frame 1 of 2"),
        (GOOD[: len(GOOD) // 2 + 20], "frame 2 of 2|ends too early"),
        (GOOD + b"7", "1 more numbers"),
        (GOOD.replace(b"\n25\r", b"\n24\r", 1), "24 joints"),
        (GOOD.replace(b"2\r\n1\r\n", b"2\r\n-1\r\n", 1), "'-1' where a count"),
        (GOOD.replace(b"2\r\n1\r\n", b"2\r\n1.5\r\n", 1), "'1.5' where a count"),
        (b"4000000000\n" + GOOD, "frames are too many for a clip"),
        (skeleton_file([[(1, np.zeros((25, 3)))]]), "no joint in any frame"),
        (skeleton_file([[(1, np.full((25, 3), np.nan))]]), "no body"),
        (GOOD.replace(b"277.4", b"\x00\xff"), None),  # a number that nobody reads
        (b"PK\x03\x04 7", "where a count should be"),
    ],
)
def test_a_damaged_file_is_reported_in_one_line_and_the_others_are_read(tmp_path, content, reason):
    write(tmp_path, content)
    write(tmp_path, GOOD, "S001C002P003R002A014")
    results = {result.name: result for result in read(tmp_path)}
    assert isinstance(results["S001C002P003R002A014"], Clip)
    if reason is None:
        assert isinstance(results[NAME], Clip)
    else:
        assert isinstance(results[NAME], Damaged)
        (line,) = results[NAME].reason.splitlines()
        assert re.search(reason, line)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(GOOD)), st.sampled_from(["energy", "denoised"]))
def test_torn_and_overwritten_files_never_raise(tmp_path_factory, junk, at, choice):
    path = tmp_path_factory.mktemp("torn") / f"{NAME}.skeleton"
    path.write_bytes(GOOD[:at] + junk + GOOD[at + len(junk) :])
    (result,) = read_item(Item(str(path), ""), choice=choice)
    assert isinstance(result, Clip | Damaged)


def test_samples_on_the_list_of_missing_skeletons_are_damaged(tmp_path):
    listed = "S001C002P005R002A008"
    for name in (NAME, listed):
        write(tmp_path, GOOD, name)
    text = f"302 of the captured samples have missing or incomplete skeleton data.\n\n{listed}\n"
    (tmp_path / "mine.txt").write_text(text)
    assert all(isinstance(result, Clip) for result in read(tmp_path))
    for missing in ("mine.txt", str(tmp_path / "mine.txt")):
        clip, damaged = read(tmp_path, missing=missing)
        assert clip.name == NAME
        assert (damaged.name, damaged.reason) == (listed, "the list of samples with missing skeletons names it")
    (tmp_path / "mine.txt").rename(tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt")
    assert [type(result) for result in read(tmp_path)] == [Clip, Damaged]


def test_a_missing_or_empty_list_is_an_error(tmp_path):
    write(tmp_path, GOOD)
    (tmp_path / "empty.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"gone\.txt is not there"):
        list(read(tmp_path, missing="gone.txt"))
    with pytest.raises(DataError, match="names no sample"):
        list(read(tmp_path, missing="empty.txt"))


def test_files_in_subfolders_are_found_and_none_is_read_twice(tmp_path):
    write(tmp_path / "nturgb+d_skeletons", GOOD)
    write(tmp_path / "nturgb+d_skeletons120", GOOD)
    write(tmp_path / "nturgb+d_skeletons120", GOOD, "S018C001P041R001A061")
    first, again, third = read(tmp_path)
    assert isinstance(first, Clip)
    assert isinstance(again, Damaged)
    assert "of the same name" in again.reason
    assert third.label == "put on headphone"
    assert [result.name for result in read(tmp_path, actions=60)] == [NAME, NAME]


def test_other_names_are_reported(tmp_path):
    for name in ("walking", "S001C002P003R002A121", "S001C002P003R002A000"):
        write(tmp_path, GOOD, name)
    assert all("SsssCcccPpppRrrrAaaa" in result.reason for result in read(tmp_path))


def test_folders_without_skeleton_files_are_an_error(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "gone"))
    with pytest.raises(DataError, match=r"no \.skeleton file"):
        list(read(tmp_path))
    (tmp_path / "nturgbd_skeletons_s001_to_s017.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"s017\.zip is still packed: unzip it"):
        list(read(tmp_path))
    with pytest.raises(DataError, match="choice 'best' is not known"):
        list(read(tmp_path, choice="best"))


def test_there_are_120_different_labels():
    assert len(set(ACTIONS)) == len(ACTIONS) == 120


@pytest.mark.parametrize("choice", ["energy", "denoised"])
def test_genuine_files_show_people(shared, choice):
    clips = {clip.name: clip for clip in read(shared / "data" / "formats" / "ntu", choice=choice)}
    labels = {name: (clip.label, clip.bodies, clip.frames) for name, clip in clips.items()}
    assert labels == {
        "S001C001P001R001A001": ("drink water", 1, 103),
        "S001C001P001R001A011": ("reading", 1, 82),
        "S001C003P008R002A058": ("handshaking", 2, 70),
    }
    for clip in clips.values():
        assert (clip.scores == 1).all()
        heads, feet = clip.coordinates[:, :, NTU_25.index("head")], clip.coordinates[:, :, NTU_25.index("left_foot")]
        assert (np.linalg.norm(heads - feet, axis=-1) > 1.2).all()
        assert (clip.coordinates[..., 2] > 1).all()
    shaking = clips["S001C003P008R002A058"].coordinates
    apart = np.linalg.norm(shaking[0] - shaking[1], axis=-1)[:, NTU_25.index("right_hand")]
    assert apart.min() < 0.3
    assert apart.max() > 0.5
