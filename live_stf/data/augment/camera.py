"""Random virtual cameras, which film motion recorded in three dimensions as a webcam would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.skeleton import Skeleton

_UP = np.array([0.0, 1.0, 0.0])
_NEAREST = 0.1  # metres; points nearer to the camera, or behind it, are not in the picture


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. position: (3,) metres. rotation: (3, 3), rows right, up, forward. focal: length in pixels."""

    position: np.ndarray
    rotation: np.ndarray
    focal: float
    size: tuple[int, int]  # (width, height) in pixels

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (..., 2), y down, of points (..., 3) in metres, and whether each is inside the picture, (...) bool."""
        seen = (points - self.position) @ self.rotation.T
        depth = seen[..., 2]
        in_front = depth > _NEAREST
        scale = self.focal / np.where(in_front, depth, 1.0)
        width, height = self.size
        pixels = np.stack([width / 2 + seen[..., 0] * scale, height / 2 - seen[..., 1] * scale], axis=-1)
        inside = in_front & (pixels >= 0).all(axis=-1) & (pixels < (width, height)).all(axis=-1)
        return pixels, inside


def look_at(position: np.ndarray, target: np.ndarray, roll: float, focal: float, size: tuple[int, int]) -> Camera:
    """A camera at `position` (3,) that looks at `target` (3,), both in metres; roll in radians, focal in pixels."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, _UP)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    right, up = np.cos(roll) * right + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * right
    return Camera(position, np.stack([right, up, forward]), focal, size)


def facing(coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """The mean horizontal direction (3,) that a body (T, V, 3) faces, of length 1: left x up of shoulders and hips."""
    left = np.zeros(3)
    for joint in ("shoulder", "hip"):
        a, b = skeleton.index(f"left_{joint}"), skeleton.index(f"right_{joint}")
        both = (scores[:, a] > 0) & (scores[:, b] > 0)
        left += (coordinates[both, a] - coordinates[both, b]).sum(axis=0)
    forward = np.cross(left, _UP)
    length = np.linalg.norm(forward)
    return forward / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])


def random_camera(
    rng: np.random.Generator, coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, upper_body: float
) -> Camera:
    """A camera in a typical place for a webcam, for coordinates (T, V, 3) in metres, y up, with scores (T, V).

    In 6 of 10 cases it stands in front of the person (normal distribution, 35 degrees), otherwise on any side. It sees
    the whole body (0.45 to 0.95 of the picture's height) or, with probability `upper_body`, only the upper body, as
    at a desk. The vertical field of view is 40 to 75 degrees, the picture has 480 rows, is 4:3, 16:9
    or upright, and rolls by a few degrees. Our own choices; no published source.
    """
    present = scores > 0
    body = coordinates[present]
    floor = np.percentile(body[:, 1], 1)
    tall = max(np.percentile(body[:, 1], 99) - floor, 0.8)
    middle = np.median(body, axis=0)

    yaw = rng.normal(0, np.radians(35)) if rng.random() < 0.6 else rng.uniform(-np.pi, np.pi)
    forward = facing(coordinates, scores, skeleton)
    cosine, sine = np.cos(yaw), np.sin(yaw)
    towards = np.array([cosine * forward[0] + sine * forward[2], 0.0, cosine * forward[2] - sine * forward[0]])

    near = rng.random() < upper_body
    share = rng.uniform(1.2, 2.4) if near else rng.uniform(0.45, 0.95)
    aim = np.array([middle[0], floor + tall * (rng.uniform(0.72, 0.88) if near else rng.uniform(0.45, 0.6)), middle[2]])
    eye = floor + (tall * rng.uniform(0.6, 0.95) if near else rng.uniform(0.4, 2.0))
    height = 480
    width = int(height * rng.choice([4 / 3, 16 / 9, 3 / 4], p=[0.45, 0.45, 0.1]))
    focal = height / (2 * np.tan(np.radians(rng.uniform(40, 75)) / 2))
    distance = tall * focal / (share * height)
    position = aim + distance * towards
    position[1] = eye
    aim = aim + rng.normal(0, 0.08, 3) * tall / max(share, 1.0)
    return look_at(position, aim, np.radians(rng.normal(0, 2.5)), focal, (width, height))
