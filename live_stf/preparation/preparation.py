"""The preparation that a model stores: how a window becomes the input of its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from live_stf.errors import ModelError
from live_stf.preparation.coordinates import COORDINATE_SYSTEMS, CoordinateSystem, Target
from live_stf.preparation.streams import STREAMS, as_stream
from live_stf.skeleton import SKELETONS

SCORES = ("presence", "score")


@dataclass(frozen=True)
class Preparation:
    """How a window becomes the input of a network; stored in model.json.

    Attributes:
        skeleton: name of the joints' layout.
        frames: T of a window.
        span: seconds that a window covers.
        coordinates: "body" (torso lengths around the person), "picture" (fractions of the picture around its middle),
            "kinetics" (the same for several bodies, highest scores first), "ntu" (metres along the first body's own
            directions; x, y, z in place of x, y, score) or "nw-ucla" (metres around the first frame's spine, a clip of
            any length stretched to the window).
        scores: "presence" (1 for every present joint, so that no pose estimator's confidence is learned) or "score".
        stream: one of STREAMS.
        bodies: M of the network's input.

    Raises ModelError if a value is not allowed or the values do not fit each other.
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
            ("coordinates", self.coordinates, tuple(COORDINATE_SYSTEMS)),
            ("scores", self.scores, SCORES),
            ("stream", self.stream, STREAMS),
        ):
            if value not in allowed:
                raise ModelError(f"preparation: {name} is {value!r}; it must be one of {', '.join(allowed)}")
        if self.frames < 1 or self.span <= 0 or self.bodies < 1:
            raise ModelError(
                f"preparation: needs frames >= 1, span > 0 and bodies >= 1, got {self.frames}, {self.span} and "
                f"{self.bodies}"
            )
        if self.bodies > 1 and self._system.one_body:
            raise ModelError(f"preparation: coordinates {self.coordinates!r} are of one body, not of {self.bodies}")
        if self._system.skeleton not in (None, self.skeleton):
            raise ModelError(
                f"preparation: coordinates {self.coordinates!r} need the skeleton {self._system.skeleton}, not "
                f"{self.skeleton}"
            )

    @property
    def _system(self) -> CoordinateSystem:
        return COORDINATE_SYSTEMS[self.coordinates]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(C, T, V, M) of a network's input, without the batch."""
        return 3, self.frames, len(SKELETONS[self.skeleton]), self.bodies

    @property
    def takes_pictures(self) -> bool:
        """Whether joints found in a picture are enough; otherwise they have to be measured in space."""
        return not self._system.in_space

    @property
    def stretches(self) -> bool:
        """Whether a clip of any length becomes one window; otherwise a window is `frames` of its frames."""
        return self._system.stretches

    def __call__(self, joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Network input (C, T, V, M) float32 of a resampled window in a picture of `size`, (width, height) in pixels.

        joints: (T, V, 3: x, y in pixels, score) of one person, or (people, T, V, 3) of a scene of any number of people.
        Raises ModelError if the model's coordinates have to be measured in space.
        """
        if joints.ndim == 3:
            joints = joints[None]
        if not self.takes_pictures:
            raise ModelError(
                f"coordinates {self.coordinates!r} need joints measured in space; a camera does not give them"
            )
        return self.prepare(joints[..., :2], joints[..., 2], size)

    def prepare(
        self,
        coordinates: np.ndarray,
        scores: np.ndarray,
        size: tuple[int, int] = (1, 1),
        augment: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Network input (C, T, V, M) float32 of a window, the same in training, evaluation and live recognition.

        Args:
            coordinates: (M, n, V, 2 or 3) of any number of bodies. n is at most `frames`, and fewer are repeated to
                fill the window; if the system `stretches`, n is any number.
            scores: (M, n, V).
            size: (width, height) of the picture in the coordinates' unit.
            augment: takes and returns the placed joints (bodies, T, V, C), before they become a stream.

        Raises ValueError if n does not fit.
        """
        seen = scores.shape[1]
        if seen < 1 or (seen > self.frames and not self.stretches):
            raise ValueError(f"a window of {self.frames} frames cannot be made of {seen}")
        placed = self._system.place(
            coordinates, scores, Target(SKELETONS[self.skeleton], self.frames, self.bodies, size)
        )
        if self.takes_pictures and self.scores == "presence":
            placed[..., 2] = placed[..., 2] > 0
        return self._as_input(placed if augment is None else augment(placed))

    def _as_input(self, placed: np.ndarray) -> np.ndarray:
        """The stream of placed joints (M, T, V, C) as (C, T, V, M) float32."""
        x = np.ascontiguousarray(placed.transpose(3, 1, 0, 2), dtype=np.float32)
        x = as_stream(x, self.stream, SKELETONS[self.skeleton], scored=self.takes_pictures)
        return np.ascontiguousarray(x.swapaxes(2, 3))

    def as_dict(self) -> dict[str, Any]:
        """The values by name, as model.json has them."""
        return asdict(self)
