"""Draws windows from clips as the live program would see them: by a virtual camera, and with noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from live_stf.data.augment.arms import back_and_forth, with_arms_of
from live_stf.data.augment.camera import random_camera
from live_stf.data.augment.lean import leaning
from live_stf.data.augment.manner import at_another_pace, in_another_manner
from live_stf.data.augment.noise import Noise
from live_stf.data.augment.proportions import of_another_body
from live_stf.data.clip import Clip
from live_stf.errors import DataError
from live_stf.preparation import Preparation, resample
from live_stf.skeleton import Skeleton

_SWAY = (0.15, 0.5)  # largest sway of a person who stands still, in seconds of the clip, and swings per second
_TRIES = 6  # random cameras; if none shows enough of the trunk, the best one is used
_TRUNK = ("neck", "left_shoulder", "right_shoulder")
_TRUNK_SEEN = 0.75  # share of the trunk's joints inside the picture above which a camera is used at once


@dataclass
class WindowSettings:
    """How windows are drawn from clips.

    Attributes:
        slowest, fastest: range of the pace, relative to the recording.
        lowest_rate, highest_rate: range of the virtual camera's frames per second.
        drops: largest share of frames that are lost.
        partial: probability that a clip shorter than the span is all that has been seen so far. Otherwise the clip
            lies somewhere in the window, and the person stands still before and after it.
        upper_body: probability that the camera sees the upper body only.
        still: probability of a window in which nothing happens, labelled as none of the classes: one moment of the
            clip is held, and half of these windows sway around it.
        proportions: bones measured in space are longer or shorter by at most this share (augment/proportions.py).
        manner: limbs measured in space stray further or less far by at most this share (augment/manner.py).
        warp: the pace of an action changes by at most this share while it lasts (augment/manner.py).
        filmed_noise: probability that joints found in images, which have a pose estimator's errors already, get noise
            as well, and are rotated and widened a little.
        noise: the pose estimator's errors.

    Raises DataError if a value is out of its range.
    """

    slowest: float = 0.8
    fastest: float = 1.25
    lowest_rate: float = 8.0
    highest_rate: float = 30.0
    drops: float = 0.2
    partial: float = 0.4
    upper_body: float = 0.2
    still: float = 0.0
    proportions: float = 0.0
    manner: float = 0.0
    warp: float = 0.0
    filmed_noise: float = 1.0
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        for low, high in (("slowest", "fastest"), ("lowest_rate", "highest_rate")):
            if not 0 < getattr(self, low) <= getattr(self, high) < math.inf:
                raise DataError(
                    f"windows: {low} and {high} are {getattr(self, low)} and {getattr(self, high)}, they have to be "
                    "above 0 and in this order"
                )
        if not 0 <= self.drops < 1:
            raise DataError(f"windows.drops is {self.drops}; it must be a share below 1")
        for name in ("proportions", "manner", "warp"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"windows.{name} is {getattr(self, name)}; it must be a share below 1")
        for name in ("partial", "upper_body", "still", "filmed_noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"windows.{name} is {getattr(self, name)}; it must be a probability")

    def for_test(self) -> WindowSettings:
        """The settings for held-out people: with their own bodies and movements, and filmed joints without noise."""
        return replace(self, proportions=0.0, manner=0.0, warp=0.0, filmed_noise=0.0)


def camera_times(rng: np.random.Generator, span: float, settings: WindowSettings) -> np.ndarray:
    """Ascending times (n,) in (0, span] seconds of a camera with random rate, jitter and lost frames; ends at span."""
    rate = rng.uniform(settings.lowest_rate, settings.highest_rate)
    times = span - np.arange(int(span * rate))[::-1] / rate
    times[:-1] += rng.uniform(-0.3, 0.3, len(times) - 1) / rate
    keep = rng.random(len(times)) >= rng.uniform(0, settings.drops)
    keep[-1] = True
    return times[keep]


def clip_at(clip: Clip, moments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, V, 3) and scores (n, V) of a clip's first body at `moments` (n,) in seconds from its start.

    Linear between frames, constant before the first and after the last. A joint that is absent from either frame is
    absent.
    """
    known, seen = clip.coordinates[0], clip.scores[0]
    position = np.clip(moments * clip.rate, 0, clip.frames - 1)
    below = np.minimum(position.astype(int), max(clip.frames - 2, 0))
    above = np.minimum(below + 1, clip.frames - 1)
    part = (position - below)[:, None]
    scores = np.where(part > 0.5, seen[above], seen[below])
    scores = scores * ((seen[below] > 0) & (seen[above] > 0))
    coordinates = (1 - part[..., None]) * known[below] + part[..., None] * known[above]
    return coordinates * (scores > 0)[..., None], scores


def _placed(
    rng: np.random.Generator, duration: float, span: float, times: np.ndarray, settings: WindowSettings
) -> tuple[np.ndarray, np.ndarray]:
    """The times with observations, and the moment of the action at each, in seconds from its start."""
    if duration >= span:
        return times, times - times[0] + rng.uniform(0, duration - span)
    if rng.random() < settings.partial:
        times = times[times >= span - duration] if (times >= span - duration).sum() > 1 else times[-2:]
        return times, times - times[0]
    # At least 0.7 of the action has happened when the window ends; none of it is lost at the window's start.
    begin = rng.uniform(0, span - 0.7 * duration)
    return times, times - begin


def _held(rng: np.random.Generator, duration: float, times: np.ndarray) -> np.ndarray:
    """Moments (n,) of a person who stands in the clip's first or last moment, or sways between it and one nearby."""
    return np.abs(rng.choice([0.0, duration]) - _sway(rng, times))


def _sway(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Distances (n,) from a held moment, in seconds of the clip; half of the time all of them are zero."""
    if rng.random() < 0.5:
        return np.zeros(len(times))
    far, pace, phase = rng.uniform(0, 1, 3) * (*_SWAY, 2 * np.pi)
    return far * (1 + np.sin(2 * np.pi * pace * times + phase)) / 2


def draw_window(
    rng: np.random.Generator,
    clip: Clip,
    preparation: Preparation,
    settings: WindowSettings,
    still: bool = False,
    arms: Clip | None = None,
    lean: float = 0.0,
) -> np.ndarray:
    """A random window of a clip as network input (C, T, V, M) float32: random pace, camera and noise, preparation.

    Args:
        rng: random number generator.
        clip: the recorded action.
        preparation: how the window becomes the network's input.
        settings: how windows are drawn.
        still: hold one moment of the clip, or sway a little around it, instead of playing it.
        arms: a clip whose arms replace those of this one, starting at a random moment (augment/arms.py).
        lean: radians by which a crouching body leans further forward (augment/lean.py).

    arms and lean need motion that was measured in space.
    """
    span = preparation.span
    pace = rng.uniform(settings.slowest, settings.fastest)
    duration = clip.duration / pace
    times = camera_times(rng, span, settings)
    if still:
        moments = _held(rng, duration, times)
    else:
        times, moments = _placed(rng, duration, span, times, settings)
        if settings.warp > 0:
            moments = at_another_pace(rng, moments, duration, settings.warp)
    coordinates, scores = clip_at(clip, moments * pace)
    if lean:
        coordinates = leaning(coordinates, scores, clip.skeleton, lean)
    if arms is not None:
        at = back_and_forth(times + rng.uniform(0, 2 * arms.duration), arms.duration)
        coordinates, scores = with_arms_of(coordinates, scores, *clip_at(arms, at), clip.skeleton)
    joints, size = _filmed(rng, coordinates, scores, times, clip, settings)
    return preparation(resample(times, joints, times[-1] - span, times[-1], preparation.frames), size)


@dataclass(frozen=True, eq=False)
class Stream:
    """Simulated output of a pose estimator for a person who stands, acts and stands again.

    Attributes:
        times: (n,) ascending seconds.
        joints: (n, V, 3), x and y in pixels, and score.
        size: (width, height) of the picture.
        onset, end: seconds between which the action lasts.
    """

    times: np.ndarray
    joints: np.ndarray
    size: tuple[int, int]
    onset: float
    end: float


def draw_stream(
    rng: np.random.Generator, clip: Clip, settings: WindowSettings, before: float, after: float, longest: float
) -> Stream:
    """A random stream: the clip, at most `longest` seconds of it, with `before` and `after` seconds of standing.

    While standing, the person is in the clip's first or last moment, or sways near it. Camera and noise are drawn as
    for `draw_window`, once for the whole stream.
    """
    pace = rng.uniform(settings.slowest, settings.fastest)
    duration = min(clip.duration / pace, longest)
    times = camera_times(rng, before + duration + after, settings)
    moments = times - before
    early, late = moments < 0, moments > duration
    # The sway fades towards the action, so that the person does not jump.
    moments[early] = _sway(rng, times[early]) * np.minimum(-moments[early], 1.0)
    moments[late] = duration - _sway(rng, times[late]) * np.minimum(moments[late] - duration, 1.0)
    coordinates, scores = clip_at(clip, moments * pace)
    joints, size = _filmed(rng, coordinates, scores, times, clip, settings)
    return Stream(times, joints, size, before, before + duration)


def _filmed(
    rng: np.random.Generator,
    coordinates: np.ndarray,
    scores: np.ndarray,
    times: np.ndarray,
    clip: Clip,
    settings: WindowSettings,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Joints (n, V, 3) as a pose estimator gives them, and the picture's (width, height): camera, mirror, noise."""
    unchanged = clip.dimensions == 2 and settings.filmed_noise < 1 and rng.random() >= settings.filmed_noise
    if clip.dimensions == 3 and settings.proportions > 0:
        coordinates = of_another_body(rng, coordinates, scores, clip.skeleton, settings.proportions)
    if clip.dimensions == 3 and settings.manner > 0:
        coordinates = in_another_manner(rng, coordinates, scores, clip.skeleton, settings.manner)
    joints, size = _seen(rng, coordinates, scores, clip, settings, unchanged)
    if rng.random() < 0.5:
        joints = joints[:, clip.skeleton.mirrored]
        joints[..., 0] = (size[0] - joints[..., 0]) * (joints[..., 2] > 0)
    return joints if unchanged else settings.noise(rng, times, joints, clip.skeleton), size


def _seen(
    rng: np.random.Generator,
    coordinates: np.ndarray,
    scores: np.ndarray,
    clip: Clip,
    settings: WindowSettings,
    unchanged: bool,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Joints (n, V, 3) in a picture and its (width, height): by a virtual camera or as recorded.

    unchanged: do not rotate and widen joints that were recorded in a picture.
    """
    if clip.dimensions == 3:
        return _by_virtual_camera(rng, coordinates, scores, clip.skeleton, settings.upper_body)
    points = coordinates[..., :2]
    if not unchanged:
        angle = rng.normal(0, np.radians(4))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn = turn * (rng.uniform(0.9, 1.1), 1.0)  # other lenses and other bodies: a little wider or narrower
        points = points @ turn.T
    return np.dstack([points, scores]) * (scores > 0)[..., None], (1, 1)


def _by_virtual_camera(
    rng: np.random.Generator, coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, upper_body: float
) -> tuple[np.ndarray, tuple[int, int]]:
    """Joints (n, V, 3) in pixels and the picture's (width, height), by a random camera that sees the trunk."""
    trunk = [skeleton.index(name) for name in _TRUNK]
    most, joints, size = -1.0, np.zeros(0), (1, 1)
    for _ in range(_TRIES):
        camera = random_camera(rng, coordinates, scores, skeleton, upper_body)
        pixels, inside = camera.project(coordinates)
        inside = inside & (scores > 0)
        share = float(inside[:, trunk].mean())
        if share > most:
            most, joints, size = share, np.dstack([pixels * inside[..., None], inside]), camera.size
        if share > _TRUNK_SEEN:
            break
    return joints, size
