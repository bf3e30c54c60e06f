"""The coordinate systems of a network's input, by name. A new one is a module of its own and an entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from live_stf.preparation.body_units import in_body_units
from live_stf.preparation.kinetics_units import in_kinetics_units
from live_stf.preparation.ntu_units import in_ntu_units
from live_stf.preparation.nw_ucla_units import in_nw_ucla_units
from live_stf.preparation.picture_units import in_picture_units
from live_stf.preparation.resampling import newest_last
from live_stf.skeleton import Skeleton


@dataclass(frozen=True)
class Target:
    """The window that joints are placed in.

    Attributes:
        skeleton: layout of the V joints.
        frames: T.
        bodies: M of the network's input.
        size: (width, height) of the picture, in the unit of the coordinates.
    """

    skeleton: Skeleton
    frames: int
    bodies: int
    size: tuple[int, int] = (1, 1)


# Coordinates (M, n, V, 2 or 3), scores (M, n, V) and a target -> (bodies, T, V, 3): x, y, score of joints found in a
# picture, or x, y, z of joints measured in space.
Place = Callable[[np.ndarray, np.ndarray, Target], np.ndarray]


@dataclass(frozen=True)
class CoordinateSystem:
    """A way to place joints.

    Attributes:
        place: the function that places them.
        one_body: whether only one body can be placed.
        in_space: whether joints have to be measured in three dimensions.
        stretches: whether a clip of any length becomes one window.
        skeleton: name of the only skeleton that the system is defined for; None if it is defined for all.
    """

    place: Place
    one_body: bool = False
    in_space: bool = False
    stretches: bool = False
    skeleton: str | None = None


def _picture_joints(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    """(M, T, V, 3): x, y, score, repeated until the window is full."""
    joints = np.concatenate([coordinates[..., :2], scores[..., None]], axis=-1)
    return joints[:, newest_last(scores.shape[1], target.frames)]


def _body(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    return in_body_units(_picture_joints(coordinates, scores, target)[0], target.skeleton)[None]


def _picture(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    return in_picture_units(_picture_joints(coordinates, scores, target)[:1], target.size)


def _kinetics(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    return in_kinetics_units(_picture_joints(coordinates, scores, target), target.size, target.bodies)


def _ntu(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    return in_ntu_units(coordinates, scores, target.skeleton, target.frames, target.bodies)


def _nw_ucla(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
    return in_nw_ucla_units(coordinates, scores, target.skeleton, target.frames, target.bodies)


COORDINATE_SYSTEMS = MappingProxyType(
    {
        "body": CoordinateSystem(_body, one_body=True),
        "picture": CoordinateSystem(_picture, one_body=True),
        "kinetics": CoordinateSystem(_kinetics),
        "ntu": CoordinateSystem(_ntu, in_space=True, skeleton="ntu25"),
        "nw-ucla": CoordinateSystem(_nw_ucla, in_space=True, stretches=True, skeleton="kinect20"),
    }
)
