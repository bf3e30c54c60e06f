"""From timestamped joints to a network's input: resampling, normalising, streams. NumPy only.

There is one copy of this. Training, evaluation and live recognition call the same functions, and a model carries its
`Preparation` beside its weights, so that what it sees cannot drift from what it learned on.

Shapes: n observations, M bodies, T frames of a window, V joints, C channels. Picture coordinates: x to the right, y
down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from live_stf.coordinates.kinetics import best_seen_bodies, in_picture_units
from live_stf.coordinates.ntu import in_ntu_units
from live_stf.coordinates.nw_ucla import in_nw_ucla_units
from live_stf.errors import ModelError
from live_stf.skeleton import SKELETONS, Skeleton

COORDINATES = ("body", "picture", "kinetics", "ntu", "nw-ucla")
_ONE_BODY = ("body", "picture")
_WITHOUT_SCORE = ("ntu", "nw-ucla")  # three coordinates; a score has no channel
_STRETCHED = ("nw-ucla",)
SCORES = ("presence", "score")
STREAMS = ("joint", "bone", "joint-motion", "bone-motion")

# Lengths in units of the torso (neck to middle of the hips, 0.50 m), from segment lengths of an adult of 1.75 m:
# D. A. Winter, Biomechanics and Motor Control of Human Movement, figure 4.1 (upper arm 0.186, forearm 0.146, thigh
# 0.245, shank 0.246 of the body's height; shoulder width taken between the joints, 0.2).
_LENGTHS = (
    ("right_shoulder", "left_shoulder", 0.70),
    ("right_shoulder", "right_hip", 1.0),
    ("left_shoulder", "left_hip", 1.0),
    ("right_shoulder", "right_elbow", 0.65),
    ("left_shoulder", "left_elbow", 0.65),
    ("right_elbow", "right_wrist", 0.51),
    ("left_elbow", "left_wrist", 0.51),
    ("right_hip", "right_knee", 0.86),
    ("left_hip", "left_knee", 0.86),
    ("right_knee", "right_ankle", 0.86),
    ("left_knee", "left_ankle", 0.86),
)
_WIDTH = 1  # of them, the first ones, lie across the body and nearly vanish from the side

# The same of the head: eyes and ears are 0.118 of the body's height above the shoulders (figure 4.1), the nose is a
# little lower.
_HEAD_LENGTHS = (
    ("neck", "right_eye", 0.42),
    ("neck", "left_eye", 0.42),
    ("neck", "right_ear", 0.42),
    ("neck", "left_ear", 0.42),
    ("neck", "nose", 0.38),
)


def resample(
    times: np.ndarray, joints: np.ndarray, start: float, end: float, frames: int, longest_gap: float = 0.5
) -> np.ndarray:
    """Joints on a uniform grid of `frames` points with step (end - start) / frames, the last point at `end`.

    times: (n,) seconds, ascending. joints: (n, V, 3), x, y, score. Returns (frames, V, 3) float32. Linear between the
    nearest observations of each joint in which its score is above 0; a joint not seen for more than `longest_gap`
    seconds is absent (zeros) in between. Where observations cover only a part of (start, end], that part is repeated
    until the grid is full, its newest point last: no grid point is padded with zeros.
    Raises ValueError when there is no observation or end <= start.
    """
    times = np.asarray(times, dtype=np.float64)
    if len(times) == 0:
        raise ValueError("nothing to resample: no observations")
    if end <= start:
        raise ValueError(f"a window needs end > start, got {start} .. {end}")
    step = (end - start) / frames
    newest = min(end, times[-1])
    oldest = max(start, times[0])
    seen = int(np.clip(np.floor((newest - oldest) / step + 1e-6) + 1, 1, frames))
    grid = newest - step * np.arange(seen - 1, -1, -1)

    present = joints[..., 2] > 0  # (n, V)
    order = np.arange(len(times))[:, None]
    before = np.maximum.accumulate(np.where(present, order, -1), axis=0)  # newest seen observation up to each
    after = np.minimum.accumulate(np.where(present, order, len(times))[::-1], axis=0)[::-1]
    left = np.clip(np.searchsorted(times, grid + 1e-9, side="right") - 1, 0, len(times) - 1)
    right = np.where(times[left] >= grid - 1e-9, left, np.minimum(left + 1, len(times) - 1))
    a, b = before[left], after[right]  # (seen, V)
    a, b = np.where(a < 0, b, a), np.where(b == len(times), a, b)
    known = (a >= 0) & (b < len(times)) & (b >= 0)
    a, b = np.where(known, a, 0), np.where(known, b, 0)
    t_a, t_b = times[a], times[b]
    gap = t_b - t_a
    weight = np.clip(np.divide(grid[:, None] - t_a, gap, out=np.zeros_like(gap), where=gap > 0), 0, 1)[..., None]
    # Before a joint's first and after its last observation only the nearest one is left: it may be held for half a gap.
    away = np.maximum(t_a - grid[:, None], grid[:, None] - t_b)
    known &= (gap <= longest_gap) & (away <= longest_gap / 2)
    columns = np.arange(joints.shape[1])[None, :]
    out = ((1 - weight) * joints[a, columns] + weight * joints[b, columns]) * known[..., None]
    return out.astype(np.float32)[_newest_last(seen, frames)]


def _newest_last(seen: int, frames: int) -> np.ndarray:
    """(frames,) which of `seen` frames to take so that they are repeated until the window is full, the newest last."""
    return np.arange(seen - frames, seen) % seen


def body_size(joints: np.ndarray, skeleton: Skeleton) -> float:
    """Length of the torso in the unit of `joints` (T, V, 3: x, y, score), as far as a flat picture shows it.

    Every limb that is seen gives an estimate through its usual proportion to the torso: its median over the frames,
    because single frames jitter. A limb that points at the camera looks short, so the estimate near the top (80th
    percentile over limbs) is taken. Works for an upper body alone, and where the shoulders are all that is seen below
    the head, the head's distances from the neck count as limbs: shoulders have no width from the side. 0.0 when
    none of these is seen.
    """
    limbs = _medians(joints, *_limbs(skeleton, _LENGTHS))
    estimates = limbs[np.isfinite(limbs)]
    if not np.isfinite(limbs[_WIDTH:]).any():
        head = _medians(joints, *_limbs(skeleton, _HEAD_LENGTHS))
        estimates = np.concatenate([estimates, head[np.isfinite(head)]])
    return float(np.percentile(estimates, 80)) if len(estimates) else 0.0


def _medians(joints: np.ndarray, a: np.ndarray, b: np.ndarray, proportion: np.ndarray) -> np.ndarray:
    """(limbs,) median length over the frames in which both joints are seen, as torso lengths; inf where never."""
    seen = (joints[:, a, 2] > 0) & (joints[:, b, 2] > 0)  # (T, limbs)
    lengths = np.hypot(*(joints[:, a, :2] - joints[:, b, :2]).transpose(2, 0, 1)) / proportion
    counts, columns = seen.sum(axis=0), np.arange(len(a))
    # Medians of columns of unequal length: unseen ones are sorted to the end. (np.nanmedian takes five times as long.)
    ordered = np.sort(np.where(seen, lengths, np.inf), axis=0)
    return (ordered[np.maximum(counts - 1, 0) // 2, columns] + ordered[counts // 2, columns]) / 2


@cache
def _limbs(
    skeleton: Skeleton, lengths: tuple[tuple[str, str, float], ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First joint, second joint and length of those of `lengths` that the skeleton has, as arrays."""
    there = [row for row in lengths if row[0] in skeleton.joints and row[1] in skeleton.joints]
    ends = np.array([(skeleton.index(first), skeleton.index(second)) for first, second, _ in there], dtype=int)
    return *ends.reshape(-1, 2).T, np.array([length for *_, length in there])


def in_body_units(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T, V, 3) with x, y in torso lengths from the window's middle position of the centre joint.

    One origin and one scale for the whole window: where a person stands and how large they are is taken out, how they
    move through the picture stays.
    """
    present = joints[..., 2] > 0
    centre = joints[:, skeleton.centre]
    around = centre[centre[:, 2] > 0] if (centre[:, 2] > 0).any() else joints[present]
    size = body_size(joints, skeleton)
    if size <= 0 or len(around) == 0:
        return np.zeros_like(joints)
    out = joints.copy()
    out[..., :2] = (joints[..., :2] - np.median(around[:, :2], axis=0)) / size
    return out * present[..., None]


def bones(x: np.ndarray, skeleton: Skeleton, scored: bool) -> np.ndarray:
    """Bone stream of x (C, ..., V): each joint minus its neighbour nearer the centre; the centre's own bone is zero.

    scored: the last channel is a score: it is the smaller of the two joints' scores, and a bone with score 0 is zero.
    """
    child, parent = np.array(skeleton.bones).T
    out = np.zeros_like(x)
    out[..., child] = x[..., child] - x[..., parent]
    if scored:
        out[-1] = 0
        out[-1][..., child] = np.minimum(x[-1][..., child], x[-1][..., parent])
        out[:-1] *= out[-1] > 0
    return out


def motions(x: np.ndarray, scored: bool) -> np.ndarray:
    """Motion stream of x (C, T, ...): the next frame minus this one; the last frame is zero. `scored` as in `bones`."""
    out = np.zeros_like(x)
    out[:, :-1] = x[:, 1:] - x[:, :-1]
    if scored:
        out[-1, :-1] = np.minimum(x[-1, 1:], x[-1, :-1])
        out[:-1] *= out[-1] > 0
    return out


def as_stream(x: np.ndarray, stream: str, skeleton: Skeleton, scored: bool) -> np.ndarray:
    """x (C, T, ..., V) as one of STREAMS (section III-E of the paper)."""
    if stream.startswith("bone"):
        x = bones(x, skeleton, scored)
    return motions(x, scored) if stream.endswith("motion") else x


@dataclass(frozen=True)
class Preparation:
    """What is done to a window before a network sees it; stored in model.json.

    frames, span: T and the seconds that they cover. coordinates: "body" (torso lengths around the person), "picture"
    (fractions of the picture around its middle), "kinetics" (the same for several bodies, the best seen first), "ntu"
    (metres in the first body's own directions; x, y, z in place of x, y, score) or "nw-ucla" (metres around the first
    frame's spine, a clip of any length stretched to the window). scores: "presence" (1 for every joint that is there,
    so that no pose estimator's idea of confidence is learned) or "score". stream: one of STREAMS. bodies: M of the
    network's input.
    """

    skeleton: str = "openpose18"
    frames: int = 150
    span: float = 5.0
    coordinates: str = "body"
    scores: str = "presence"
    stream: str = "joint"
    bodies: int = 1

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("skeleton", self.skeleton, tuple(SKELETONS)),
            ("coordinates", self.coordinates, COORDINATES),
            ("scores", self.scores, SCORES),
            ("stream", self.stream, STREAMS),
        ):
            if value not in allowed:
                raise ModelError(f"preparation: {name} is {value!r}, it can be one of {', '.join(allowed)}")
        if self.frames < 1 or self.span <= 0 or self.bodies < 1:
            raise ModelError(
                f"preparation: needs frames >= 1, span > 0 and bodies >= 1, got {self.frames}, {self.span} and "
                f"{self.bodies}"
            )
        if self.bodies > 1 and self.coordinates in _ONE_BODY:
            raise ModelError(f"preparation: coordinates {self.coordinates!r} are of one body, not of {self.bodies}")
        for coordinates, skeleton in (("ntu", "ntu25"), ("nw-ucla", "kinect20")):
            if self.coordinates == coordinates and self.skeleton != skeleton:
                raise ModelError(
                    f"preparation: coordinates {coordinates!r} need the skeleton {skeleton}, not {self.skeleton}"
                )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(C, T, V, M) of a network's input, without the batch."""
        return 3, self.frames, len(SKELETONS[self.skeleton]), self.bodies

    @property
    def takes_pictures(self) -> bool:
        """Whether joints found in a picture are enough; else they have to be measured in space."""
        return self.coordinates not in _WITHOUT_SCORE

    @property
    def axes(self) -> int:
        """Channels of the input that are coordinates, the first ones; a score may follow."""
        return 2 if self.takes_pictures else 3

    @property
    def stretches(self) -> bool:
        """Whether a clip of any length becomes one window; else a window is `frames` of its frames."""
        return self.coordinates in _STRETCHED

    def __call__(self, joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Network input (C, T, V, M) float32 of a resampled window in a picture of `size`.

        joints: of one person (T, V, 3: x, y, score), or of a scene of any number of people (people, T, V, 3).
        ModelError where the coordinates are not those of a picture.
        """
        if joints.ndim == 3:
            joints = joints[None]
        if not self.takes_pictures:
            raise ModelError(f"coordinates {self.coordinates!r} are measured in space; a picture does not give them")
        return self.prepare(joints[..., :2], joints[..., 2], size)

    def prepare(
        self,
        coordinates: np.ndarray,
        scores: np.ndarray,
        size: tuple[int, int] = (1, 1),
        augment: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Network input (C, T, V, M) float32 of a window: in training, evaluation and live.

        coordinates: (M, n, V, 2 or 3), scores: (M, n, V), of any number of bodies. n is `frames` at most, and fewer are
        repeated to fill the window; where it `stretches`, n is any number. size: (width, height) of the picture in the
        coordinates' unit. augment: takes and returns the placed joints (bodies, T, V, C), before they become a stream.
        """
        seen = scores.shape[1]
        if seen < 1 or (seen > self.frames and not self.stretches):
            raise ValueError(f"a window of {self.frames} frames cannot be made of {seen}")
        if self.takes_pictures:
            joints = np.concatenate([coordinates[..., :2], scores[..., None]], axis=-1)
            placed = self._in_picture(joints[:, _newest_last(seen, self.frames)], size)
        else:
            place = in_ntu_units if self.coordinates == "ntu" else in_nw_ucla_units
            placed = place(coordinates, scores, SKELETONS[self.skeleton], self.frames, self.bodies)
        return self._as_input(placed if augment is None else augment(placed))

    def _in_picture(self, joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """(bodies, T, V, 3: x, y, score) in the wanted coordinates, of joints (M, T, V, 3) in a picture."""
        if self.coordinates == "body":
            placed = in_body_units(joints[0], SKELETONS[self.skeleton])[None]
        elif self.coordinates == "picture":
            placed = in_picture_units(joints[:1], size)
        else:
            placed = best_seen_bodies(in_picture_units(joints, size), self.bodies)
        if self.scores == "presence":
            placed[..., 2] = placed[..., 2] > 0
        return placed

    def _as_input(self, placed: np.ndarray) -> np.ndarray:
        """The stream of placed joints (M, T, V, C) as (C, T, V, M) float32."""
        x = np.ascontiguousarray(placed.transpose(3, 1, 0, 2), dtype=np.float32)
        x = as_stream(x, self.stream, SKELETONS[self.skeleton], scored=self.takes_pictures)
        return np.ascontiguousarray(x.swapaxes(2, 3))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
