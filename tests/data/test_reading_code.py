"""The source files that the reading of data depends on, and their effect on the fingerprint."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from live_stf.data.chunks import Chunk, Source, fingerprint
from live_stf.data.reader import reader_names
from live_stf.data.reading_code import PACKAGE, source_files
from live_stf.skeleton import OPENPOSE_18


def files_of(module: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in source_files([f"live_stf.{module}"])}


def test_imports_are_followed_to_their_ends():
    files = files_of("data.readers.cmu_exercises")
    assert {"data/readers/cmu_exercises.py", "data/formats/amc.py", "data/formats/forward_kinematics.py"} <= files
    assert {"data/clip.py", "skeleton.py", "errors.py"} <= files


@pytest.mark.parametrize("reader", reader_names())
def test_a_reader_depends_on_no_other_package_and_no_augmentation(reader: str):
    files = files_of(f"data.readers.{reader}")
    assert f"data/readers/{reader}.py" in files
    assert all(name.startswith("data/") or "/" not in name for name in files)
    assert not any(name.startswith("data/augment/") or name.endswith("__init__.py") for name in files)


def test_a_name_imported_from_a_package_counts_its_init():
    assert {"preparation/__init__.py", "preparation/preparation.py"} <= files_of("data.windows")


def test_unknown_modules_have_no_files():
    assert source_files(["live_stf.nothing", "numpy"]) == []


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of live_stf's source files, to be edited."""
    copy = tmp_path_factory.mktemp("code") / "live_stf"
    for path in [*PACKAGE.glob("*.py"), *(PACKAGE / "data").rglob("*.py"), *(PACKAGE / "preparation").glob("*.py")]:
        place = copy / path.relative_to(PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    return copy


@pytest.mark.parametrize(
    ("edited", "reads"),
    [
        ("data/readers/bandai_namco.py", True),
        ("data/formats/bvh.py", True),  # which the reader imports
        ("data/formats/forward_kinematics.py", True),  # which the format imports
        ("data/chunks.py", True),
        ("data/store.py", True),
        ("skeleton.py", True),
        ("data/readers/kinetics.py", False),
        ("data/formats/safe_pickle.py", False),
        ("data/augment/noise.py", False),
        ("data/windows.py", False),
        ("preparation/resampling.py", False),
    ],
)
def test_only_code_that_reads_data_changes_the_fingerprint(package: Path, edited: str, reads: bool):
    chunks = [Chunk(0, Source("made", "bandai_namco", Path("/data"), {}), ["a", "b"])]
    before = fingerprint(chunks, OPENPOSE_18, package)
    file = package / edited
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "# edited\n", encoding="utf-8")
    assert (fingerprint(chunks, OPENPOSE_18, package) != before) == reads
    file.write_text(text, encoding="utf-8")
    assert fingerprint(chunks, OPENPOSE_18, package) == before
