"""Content of NTU RGB+D .skeleton files, written to their documented layout, for tests."""

from __future__ import annotations

import numpy as np

FIRST_ID = 72057594037931101  # as in the files; floating-point numbers cannot distinguish such ids


def skeleton_file(frames: list[list[tuple[int, np.ndarray]]]) -> bytes:
    """The content of a file: for each frame the bodies, each its id and its joints (25, 3)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for track, joints in bodies:
            lines += [f"{track} 0 1 1 1 1 0 0.02764709 0.05745083 2", "25"]
            lines += [f"{x!r} {y!r} {z!r} 277.4 191.8 1036.2 519.1 -0.2 0 0.9 -0.1 2" for x, y, z in joints.tolist()]
    return ("\r\n".join(lines) + "\r\n").encode()


def person(seed: int, spread: float = 0.2) -> np.ndarray:
    """(25, 3) joints of somebody who is higher than broad."""
    joints = np.random.default_rng(seed).normal(scale=spread, size=(25, 3))
    joints[:, 1] = np.linspace(-0.8, 0.8, 25)
    joints[:, 0] = np.clip(joints[:, 0], -0.3, 0.3)
    return joints


def moving(track: int, frames: range, step: float, seed: int = 0) -> dict[int, tuple[int, np.ndarray]]:
    """Somebody who walks sideways: frame -> (id, joints)."""
    return {frame: (track, person(seed) + np.array([step * (frame - frames[0]), 0, 3])) for frame in frames}


def together(count: int, *people: dict[int, tuple[int, np.ndarray]]) -> list[list[tuple[int, np.ndarray]]]:
    return [[those[frame] for those in people if frame in those] for frame in range(count)]
