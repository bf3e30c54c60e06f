from __future__ import annotations

import pickle
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.data.clip import Clip, Damaged
from live_stf.data.store import VERSION, Store, write_store
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25

FIELDS = ("source", "name", "subject", "label", "rate", "dimensions", "subset")


def make_clip(frames: int = 4, seed: int = 0, bodies: int = 1, **changes) -> Clip:
    rng = np.random.default_rng(seed)
    clip = Clip(
        source="made",
        name=f"clip {seed}",
        subject="s01",
        label="wave",
        rate=30.0,
        dimensions=3,
        coordinates=rng.normal(size=(bodies, frames, 18, 3)).astype(np.float32),
        scores=rng.uniform(size=(bodies, frames, 18)).astype(np.float32),
    )
    return replace(clip, **changes)


def assert_same(stored: Clip, clip: Clip) -> None:
    assert [getattr(stored, field) for field in FIELDS] == [getattr(clip, field) for field in FIELDS]
    assert stored.skeleton == clip.skeleton
    np.testing.assert_array_equal(stored.coordinates, clip.coordinates)
    np.testing.assert_array_equal(stored.scores, clip.scores)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
CLIPS = st.builds(
    make_clip,
    frames=st.integers(1, 12),
    seed=st.integers(0, 10**6),
    source=TEXT,
    name=TEXT,
    subject=TEXT,
    label=TEXT,
    rate=st.floats(0.1, 240),
    dimensions=st.sampled_from((2, 3)),
    bodies=st.integers(1, 3),
    subset=st.sampled_from(("", "train", "val")),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CLIPS, max_size=6))
def test_stored_clips_are_read_back_unchanged(clips):
    with tempfile.TemporaryDirectory() as folder:
        report = write_store(iter(clips), Path(folder) / "store")
        store = Store(Path(folder) / "store")
        assert report.clips == len(store) == len(clips)
        assert report.frames == sum(clip.frames for clip in clips) == store.lengths.sum()
        for stored, clip in zip(store, clips, strict=True):
            assert_same(stored, clip)
        assert list(store.labels) == [clip.label for clip in clips]
        assert list(store.subjects) == [clip.subject for clip in clips]
        assert list(store.sources) == [clip.source for clip in clips]


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    write_store([make_clip(4, 1), Damaged("made", "x", "torn"), make_clip(3, 2, source="other")], tmp_path / "store")
    return tmp_path / "store"


def test_the_arrays_are_mapped_and_read_only(store_folder):
    store = Store(store_folder)
    assert isinstance(store.coordinates, np.memmap)
    assert isinstance(store[1].coordinates, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store[0].coordinates[0, 0] = 1


def test_damaged_files_are_counted_and_listed(tmp_path):
    clips = [make_clip(0, 1), make_clip(2, 2), Damaged("made", "x", "torn")]
    clips.append(make_clip(2, 3, coordinates=np.full((1, 2, 18, 3), np.nan, np.float32)))
    report = write_store(clips, tmp_path / "store")
    assert report.clips == 1
    assert report.sources == {"made": 1}
    assert [item.name for item in report.damaged] == ["clip 1", "x", "clip 3"]
    written = orjson.loads((tmp_path / "store" / "report.json").read_bytes())
    assert written["damaged"] == 3
    assert written["damaged_by_source"] == {"made": 3}
    assert {"source": "made", "name": "x", "reason": "torn"} in written["damaged_files"]


def test_indices_outside_the_store_are_refused_and_negative_ones_count_from_the_end(store_folder):
    store = Store(store_folder)
    assert_same(store[-1], store[1])
    for index in (2, -3):
        with pytest.raises(IndexError):
            store[index]


def test_a_pickled_store_contains_its_folder_and_no_frames(store_folder):
    store = Store(store_folder)
    assert len(pickle.dumps(store)) < 500
    assert_same(pickle.loads(pickle.dumps(store))[0], store[0])


def test_an_older_store_is_replaced_and_no_temporary_files_remain(store_folder):
    write_store([make_clip(7, 5)], store_folder)
    assert len(Store(store_folder)) == 1
    assert list(store_folder.parent.iterdir()) == [store_folder]


def test_a_failed_reading_does_not_change_the_older_store(store_folder):
    def failing():
        yield make_clip(2, 9)
        raise DataError("the disk of the data set is gone")

    with pytest.raises(DataError, match="is gone"):
        write_store(failing(), store_folder)
    assert len(Store(store_folder)) == 2
    assert list(store_folder.parent.iterdir()) == [store_folder]


def test_a_folder_that_is_not_a_store_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="is not an array store"):
        write_store([make_clip()], tmp_path / "photos")
    assert (tmp_path / "photos" / "a.jpg").exists()


def test_a_clip_of_another_skeleton_is_an_error(tmp_path):
    coordinates, scores = np.zeros((1, 25, 3), np.float32), np.ones((1, 25), np.float32)
    clip = Clip.of_person("made", "x", "s", "l", 30.0, 3, coordinates, scores, NTU_25)
    with pytest.raises(ValueError, match="ntu25"):
        write_store([clip], tmp_path / "store")
    assert not list(tmp_path.iterdir())
    write_store([clip], tmp_path / "store", skeleton=NTU_25)
    assert Store(tmp_path / "store")[0].skeleton == NTU_25


def change_index(folder: Path, **changes) -> None:
    index = orjson.loads((folder / "index.json").read_bytes())
    (folder / "index.json").write_bytes(orjson.dumps({**index, **changes}))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / "index.json").unlink(), "index.json cannot be read"),
        (lambda f: (f / "index.json").write_bytes(b'{"version": 1, "cl'), "index.json is damaged"),
        (lambda f: change_index(f, version=VERSION + 1), f"of version {VERSION + 1}, not {VERSION}"),
        (lambda f: change_index(f, clips={"offset": []}), "index.json is damaged"),
        (lambda f: change_index(f, skeleton="octopus"), "index.json is damaged"),
        (lambda f: (f / "scores.npy").unlink(), "scores.npy cannot be read"),
        (lambda f: (f / "scores.npy").write_bytes((f / "scores.npy").read_bytes()[:200]), "scores.npy cannot be read"),
        (lambda f: (f / "coordinates.npy").write_bytes(b""), "coordinates.npy cannot be read"),
        (lambda f: np.save(f / "scores.npy", np.zeros((3, 18), np.float32)), "scores.npy does not fit the index"),
    ],
)
def test_an_incomplete_store_or_one_of_another_version_is_refused_in_one_line(store_folder, harm, words):
    harm(store_folder)
    with pytest.raises(DataError, match=words) as caught:
        Store(store_folder)
    assert "\n" not in str(caught.value)
    assert "prepare it again" in str(caught.value)
