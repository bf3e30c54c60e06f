"""NTU RGB+D (Shahroudy et al., CVPR 2016) and NTU RGB+D 120 (Liu et al., TPAMI 2020): raw .skeleton files.

Kinect v2, 25 joints, metres in the camera's space, 30 frames per second, up to two people. The archives from the data
set's page are unpacked anywhere below one folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bodies import present_bodies, without_padding
from live_stf.data.formats.ntu_bodies import by_energy, denoised
from live_stf.data.formats.ntu_file import Recording, parse
from live_stf.data.formats.ntu_labels import ACTIONS
from live_stf.data.formats.ntu_names import find_names, parse_name
from live_stf.data.reader import require
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25

SOURCE = "ntu"
RATE = 30.0
# By the name that the option `choice` gives.
CHOICES: MappingProxyType[str, Callable[[Recording], np.ndarray]] = MappingProxyType(
    {"energy": by_energy, "denoised": denoised}
)

_LISTS = "*samples_with_missing_skeletons*.txt"


class Item(NamedTuple):
    """A file. refused: why it is not read; "" if it is."""

    path: str
    refused: str


def items(root: Path, missing: str | None = None, choice: str = "energy", actions: int = len(ACTIONS)) -> list[Item]:
    """All .skeleton files below a folder, sorted by name, without those of actions above `actions`.

    missing: the authors' list of samples with missing or incomplete skeletons, as a path below the folder or an
    absolute path. None takes every list that lies in the folder under its published name. Raises DataError if the
    folder, the list or the files are missing.
    """
    if choice not in CHOICES:
        raise DataError(f"{SOURCE}: choice {choice!r} is not known, {' and '.join(CHOICES)} are")
    root = require(Path(root), SOURCE)
    incomplete = _incomplete(root, missing)
    files = sorted(root.rglob("*.skeleton"), key=lambda path: (path.name, path))
    if not files:
        raise DataError(_nothing(root))
    found: list[Item] = []
    read: dict[str, Path] = {}
    for path in files:
        sample = parse_name(path.stem)
        if sample is not None and sample.action > actions:
            continue
        refused = ""
        if path.stem in read:
            refused = f"there is {read[path.stem]} of the same name"
        elif path.stem in incomplete:
            refused = "the list of samples with missing skeletons names it"
        read.setdefault(path.stem, path)
        found.append(Item(str(path), refused))
    return found


def _nothing(root: Path) -> str:
    archives = [root] if root.suffix == ".zip" else sorted(root.rglob("*.zip"))
    if archives:
        return f"{SOURCE}: {archives[0]} is still packed: unzip it, and name the folder that holds the .skeleton files"
    return f"{SOURCE}: there is no .skeleton file below {root}; name the folder that holds the unpacked data set"


def _incomplete(root: Path, missing: str | None) -> frozenset[str]:
    paths = sorted(root.glob(_LISTS)) if missing is None else [require(root / missing, SOURCE)]
    names: frozenset[str] = frozenset()
    for path in paths:
        try:
            listed = find_names(path.read_text(errors="replace"))
        except OSError as error:
            raise DataError(f"{SOURCE}: {path} cannot be read: {error}") from error
        if not listed:
            raise DataError(f"{SOURCE}: {path} names no sample (SsssCcccPpppRrrrAaaa)")
        names |= listed
    return names


def read_item(
    item: Item, missing: str | None = None, choice: str = "energy", actions: int = len(ACTIONS)
) -> list[Clip | Damaged]:
    """The clip of one file: one or two bodies as `choice` says (`ntu_bodies`), the main one first."""
    return [_read_file(item, choice)]


def _read_file(item: Item, choice: str) -> Clip | Damaged:
    path = Path(item.path)
    name = path.stem
    sample = parse_name(name)
    if sample is None or not 1 <= sample.action <= len(ACTIONS):
        return Damaged(SOURCE, name, f"the name is not SsssCcccPpppRrrrAaaa with an action up to {len(ACTIONS)}")
    if item.refused:
        return Damaged(SOURCE, name, item.refused)
    try:
        recording = parse(path.read_bytes())
        if not len(recording.frame):
            return Damaged(SOURCE, name, "no body in any frame")
        coordinates, scores = without_padding(*present_bodies(CHOICES[choice](recording)))
    except (OSError, ValueError) as error:
        return Damaged(SOURCE, name, f"not a skeleton file: {error}")
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    subject, label = f"P{sample.performer:03d}", ACTIONS[sample.action - 1]
    return Clip(SOURCE, name, subject, label, RATE, 3, coordinates, scores, NTU_25)
