"""The errors of a pose estimator: jitter, joints lost for a while, sides swapped.

calibration/pose_noise.py measures them on real clips; calibration/pose-noise.json has the results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from live_stf.errors import DataError
from live_stf.preparation import body_size
from live_stf.skeleton import Skeleton

_LEAST_JITTER = 0.003
_LOOSE = {"wrist": 1.6, "elbow": 1.2, "ankle": 1.4, "knee": 1.2}  # limbs' ends jitter more than the trunk


@dataclass
class Noise:
    """How much noise a window gets.

    Attributes:
        jitter: largest standard deviation of a joint's error, in torso lengths; each window draws its own up to it.
        memory: seconds over which the error is correlated.
        lost: probability that a joint is lost once in a window, for 0.2 to 1.5 s.
        arm: probability that the elbow and the wrist of one side are lost together, as if the body hid them.
        legs: probability that the legs are not seen in the whole window.
        face: probability that some of the eyes and ears are missing.
        swapped: probability that the sides of the legs are exchanged for 0.2 to 1.5 s.

    Raises DataError if a value is out of its range.
    """

    jitter: float = 0.03
    memory: float = 0.15
    lost: float = 0.06
    arm: float = 0.0
    legs: float = 0.08
    face: float = 0.25
    swapped: float = 0.04

    def __post_init__(self) -> None:
        if not 0 <= self.jitter < math.inf:
            raise DataError(f"windows.noise.jitter is {self.jitter}; it must be 0 or more")
        if not 0 < self.memory < math.inf:
            raise DataError(f"windows.noise.memory is {self.memory}; it must be above 0 seconds")
        for name in ("lost", "arm", "legs", "face", "swapped"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"windows.noise.{name} is {getattr(self, name)}; it must be a probability")

    def __call__(
        self, rng: np.random.Generator, times: np.ndarray, joints: np.ndarray, skeleton: Skeleton
    ) -> np.ndarray:
        """A noisy copy of joints (n, V, 3): x, y in any unit, and score, observed at `times` (n,) in seconds."""
        out = joints.copy()
        out[..., :2] += self._errors(rng, times, joints, skeleton)
        self._swap_legs(rng, times, out, skeleton)
        self._lose_joints(rng, times, out, skeleton)
        return out * (joints[..., 2:] > 0) * (out[..., 2:] > 0)

    def _errors(
        self, rng: np.random.Generator, times: np.ndarray, joints: np.ndarray, skeleton: Skeleton
    ) -> np.ndarray:
        """(n, V, 2) errors in the unit of the joints: half of each moves slowly, an AR(1) process in time, and half is
        new in every frame."""
        count, joint_count = joints.shape[:2]
        loose = np.array([_LOOSE.get(name.split("_")[-1], 1.0) for name in skeleton.joints])
        drawn = rng.uniform(min(_LEAST_JITTER, self.jitter), self.jitter)
        deviation = drawn * body_size(joints, skeleton) * loose[:, None]
        white = rng.normal(size=(count, joint_count, 2))
        keep = np.exp(-np.diff(times, prepend=times[0]) / self.memory)
        slow = np.empty_like(white)
        slow[0] = rng.normal(size=(joint_count, 2))
        steps = rng.normal(size=white.shape) * np.sqrt(1 - keep**2)[:, None, None]
        for i in range(1, count):
            slow[i] = keep[i] * slow[i - 1] + steps[i]
        return deviation * (white + slow) / np.sqrt(2)

    def _swap_legs(self, rng: np.random.Generator, times: np.ndarray, out: np.ndarray, skeleton: Skeleton) -> None:
        if rng.random() >= self.swapped:
            return
        during = _stretch(rng, times)[:, None]
        for joint in ("hip", "knee", "ankle"):
            pair = [skeleton.index(f"{side}_{joint}") for side in ("left", "right")]
            out[during, pair] = out[during, pair[::-1]]

    def _lose_joints(self, rng: np.random.Generator, times: np.ndarray, out: np.ndarray, skeleton: Skeleton) -> None:
        for joint in np.flatnonzero(rng.random(len(skeleton)) < self.lost):
            out[_stretch(rng, times), joint] = 0
        if rng.random() < self.arm:
            side = ("left", "right")[rng.integers(2)]
            hidden = [skeleton.index(f"{side}_{joint}") for joint in ("elbow", "wrist")]
            out[_stretch(rng, times)[:, None], hidden] = 0
        if rng.random() < self.legs:
            first = rng.integers(2)  # from the hips or from the knees down
            legs = ("hip", "knee", "ankle")[first:]
            out[:, [index for index, name in enumerate(skeleton.joints) if name.split("_")[-1] in legs]] = 0
        if rng.random() < self.face:
            face = rng.permutation(["right_eye", "left_eye", "right_ear", "left_ear"])[: rng.integers(1, 5)]
            out[:, [skeleton.index(name) for name in face]] = 0


def _stretch(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Indices of a random stretch of the observations, 0.2 to 1.5 s long."""
    begin = rng.uniform(times[0] - 0.5, times[-1])
    return np.flatnonzero((times >= begin) & (times < begin + rng.uniform(0.2, 1.5)))
