"""Motion capture with an oriented head, converted to OPENPOSE_18."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from live_stf.data.formats.head import FACE
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, Remap


def limb_joints(neck: tuple[str, str], limbs: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The sources of a `Remap` to OPENPOSE_18 without a face.

    neck: the two joints whose mean is the neck. limbs: joint without its side ("elbow") -> name of the file's joint, in
    which {side} stands for l or r and {SIDE} for L or R.
    """
    sources: dict[str, tuple[str, ...]] = {"neck": neck}
    for side in ("left", "right"):
        for joint, name in limbs.items():
            sources[f"{side}_{joint}"] = (name.format(side=side[0], SIDE=side[0].upper()),)
    return sources


def openpose_body(
    remap: Remap, positions: np.ndarray, head: np.ndarray, head_axes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Body joints by `remap`, and face joints on a rigid head in its captured orientation.

    positions: (T, S, 3) in metres, of the remap's source joints. head: (T, 3), the head's centre. head_axes: (T, 3, 3),
    its left, up and forward directions in the world as columns. Returns coordinates (T, 18, 3) and scores (T, 18) of
    OPENPOSE_18, float32; every joint is present.
    """
    coordinates, scores = remap.apply(positions, np.ones(positions.shape[:2]))
    for joint, place in FACE.items():
        at = OPENPOSE_18.index(joint)
        coordinates[:, at] = head + head_axes @ np.array(place)
        scores[:, at] = 1
    return coordinates, scores


def list_files(root: Path, ending: str) -> list[Path]:
    """Files of a source's folder with this ending, sorted by name. Raises DataError if there is none."""
    files = sorted(path for path in root.iterdir() if path.suffix == ending) if root.is_dir() else []
    if not files:
        raise DataError(f"{root} has no {ending} files; give the folder of the data set")
    return files
