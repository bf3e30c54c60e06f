"""Imports run one way: a room may import from the rooms below it and from itself, from nobody else."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "live_stf"

# From the bottom to the top. Rooms of one layer do not know each other. docs/architecture.md says what each is for.
LAYERS = (
    ("errors", "skeleton", "types"),
    ("decision", "preparation", "network", "sources", "assets", "runtime"),
    ("model", "data", "pose"),
    ("engine",),
    ("live", "training"),
    ("clips", "evaluation"),
    ("recognizer",),
    ("ui",),
    ("cli",),
)
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
# Names under which the command line can be started; they hold no code of their own.
ENTRIES = ("__init__.py", "__main__.py", "train.py", "engine/__main__.py")
# Outside the package, and free to import all of it; nothing in it imports them.
OUTSIDE = ("apps", "benchmarks", "calibration", "docs", "tests")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in the file and for whatever reason."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            if node.module == "live_stf":
                yield from (f"live_stf.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def modules() -> list[Path]:
    entries = {PACKAGE / name for name in ENTRIES}
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path not in entries]


def test_every_room_has_a_layer():
    assert {room_of(path) for path in modules()} - {"system_libraries"} == set(LAYER)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_arrow_runs_back_up(path):
    room = room_of(path)
    for name in imported(path):
        top, _, rest = name.partition(".")
        assert top not in OUTSIDE, f"imports {name}, which is outside the package"
        if top != "live_stf" or not rest or rest == "__version__":
            continue
        other = rest.split(".")[0]
        assert other == room or LAYER[other] < LAYER[room], f"{room} imports {name}, which is not below it"


def test_no_two_modules_share_a_name():
    names = Counter(path.name for path in [*PACKAGE.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
    for shared in ("__init__.py", "__main__.py", "train.py"):  # train.py is an entry beside cli/train.py
        del names[shared]
    assert {name for name, count in names.items() if count > 1} == set()


def all_code() -> list[Path]:
    return [path for room in ("live_stf", "apps", "benchmarks", "calibration") for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("path", sorted(all_code()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_and_no_function_is_too_long_to_read(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 60, f"{node.name} has {length} lines"
