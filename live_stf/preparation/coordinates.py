"""The coordinate systems that a network can learn in, by name: a new one is a module of its own and a line here."""

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
    """What joints are placed for. size: (width, height) of the picture, in the unit of the coordinates."""

    skeleton: Skeleton
    frames: int
    bodies: int
    size: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class CoordinateSystem:
    """One way to place joints.

    place: takes coordinates (M, n, V, 2 or 3), scores (M, n, V) and a Target; returns (bodies, T, V, C) with x, y,
    score for joints of a picture, or x, y, z for joints in space. one_body: there is no place for a second body.
    in_space: the joints have to be measured in three dimensions. stretches: a clip of any length becomes one window.
    skeleton: name of the only skeleton that it is defined for.
    """

    place: Callable[[np.ndarray, np.ndarray, Target], np.ndarray]
    one_body: bool = False
    in_space: bool = False
    stretches: bool = False
    skeleton: str | None = None


def _in_picture(place: Callable[[np.ndarray, Target], np.ndarray]) -> Callable[..., np.ndarray]:
    """A `place` for joints (M, T, V, 3: x, y, score) of a picture, repeated until the window is full."""

    def wrapped(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
        joints = np.concatenate([coordinates[..., :2], scores[..., None]], axis=-1)
        return place(joints[:, newest_last(scores.shape[1], target.frames)], target)

    return wrapped


def _in_space(place: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def wrapped(coordinates: np.ndarray, scores: np.ndarray, target: Target) -> np.ndarray:
        return place(coordinates, scores, target.skeleton, target.frames, target.bodies)

    return wrapped


COORDINATE_SYSTEMS = MappingProxyType(
    {
        "body": CoordinateSystem(
            _in_picture(lambda joints, target: in_body_units(joints[0], target.skeleton)[None]), one_body=True
        ),
        "picture": CoordinateSystem(
            _in_picture(lambda joints, target: in_picture_units(joints[:1], target.size)), one_body=True
        ),
        "kinetics": CoordinateSystem(
            _in_picture(lambda joints, target: in_kinetics_units(joints, target.size, target.bodies))
        ),
        "ntu": CoordinateSystem(_in_space(in_ntu_units), in_space=True, skeleton="ntu25"),
        "nw-ucla": CoordinateSystem(_in_space(in_nw_ucla_units), in_space=True, stretches=True, skeleton="kinect20"),
    }
)
