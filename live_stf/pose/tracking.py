"""Track people from frame to frame: assign poses to identities by the distance between poses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import lap
import numpy as np

from live_stf.types import People, Person

# Distances are in body sizes: the diagonal of the box around a body's joints.
_FEWEST_SHARED = 3  # joints that two poses need in common to be compared
_IMPOSSIBLE = 1e6
_AGE_COST = 0.1  # body sizes per second since last seen: of two people, the one seen more recently is more likely
SAME = 0.08  # distance below which two poses of one frame show the same body


def body_size(joints: np.ndarray) -> float:
    """Diagonal in pixels of the box around the visible joints of (V, 3); 0.0 if none is visible."""
    seen = joints[joints[:, 2] > 0, :2]
    return float(np.hypot(*(seen.max(axis=0) - seen.min(axis=0)))) if len(seen) else 0.0


def pose_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Median distance of the joints (V, 3) that are visible in both poses, in sizes of the larger body.

    The median ignores, for instance, a leg that was found in the wrong place. Infinite if they share too few joints.
    """
    shared = (a[:, 2] > 0) & (b[:, 2] > 0)
    size = max(body_size(a), body_size(b))
    if np.count_nonzero(shared) < _FEWEST_SHARED or size <= 0:
        return np.inf
    distances = np.hypot(*(a[shared, :2] - b[shared, :2]).T)
    middle = len(distances) // 2
    return float(np.partition(distances, middle)[middle] / size)  # np.median is ten times as slow on so few numbers


def distinct_bodies(bodies: Sequence[np.ndarray], same: float = SAME) -> list[int]:
    """Indices of the poses (V, 3), highest score first, without those that show the same body as a better one.

    same: distance below which two poses of one frame are one body that was reported twice.
    """
    kept: list[int] = []
    for index in sorted(range(len(bodies)), key=lambda index: -float(bodies[index][:, 2].sum())):
        if all(pose_distance(bodies[index], bodies[other]) >= same for other in kept):
            kept.append(index)
    return kept


@dataclass
class _Track:
    identity: int
    joints: np.ndarray  # (V, 3) when last seen
    time: float  # seconds, when last seen
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))  # pixels per second of the whole body
    duplicate_since: float | None = None  # seconds, since when it coincides with another track

    def expected(self, time: float) -> np.ndarray:
        """Joints (V, 3) at a time, if the body keeps its velocity."""
        out = self.joints.copy()
        out[out[:, 2] > 0, :2] += self.velocity * (time - self.time)
        return out


class Tracker:
    """Gives every person an identity (1, 2, 3, ...) that lasts while they are seen and through short occlusions.

    max_age: seconds unseen after which a person is forgotten and gets a new identity. reach: how far, in body sizes, a
    body may be from its expected place and still be the same; speed: growth of that reach per second since it was last
    seen. same: distance below which two poses of one frame are one body that was reported twice. Two people who were
    apart before and now pass each other may be that near for `passing` seconds.
    """

    def __init__(
        self, max_age: float = 1.5, reach: float = 0.25, speed: float = 0.75, same: float = SAME, passing: float = 0.5
    ) -> None:
        self.max_age = max_age
        self._reach = reach
        self._speed = speed
        self._same = same
        self._passing = passing
        self._tracks: list[_Track] = []
        self._next = 1
        self._time = -np.inf
        self._size: tuple[int, int] | None = None

    def update(self, people: People) -> People:
        """The same people with identities, in the order of identities, without duplicates.

        If the time goes back or the frame size changes, everybody gets a new identity.
        """
        if people.time < self._time or people.size != self._size:
            self._tracks.clear()
        self._time, self._size = people.time, people.size
        self._tracks = [track for track in self._tracks if people.time - track.time <= self.max_age]
        by_score = sorted(people.persons, key=lambda person: -float(person.joints[:, 2].sum()))
        found = list(zip(by_score, self._assign(by_score, people.time), strict=True))
        # Known people come first, oldest first, so that a body reported twice does not become a new person.
        found.sort(key=lambda pair: self._next if pair[1] is None else pair[1].identity)
        named: list[tuple[Person, _Track]] = []
        for person, track in found:
            if self._is_duplicate(person, track, named):
                continue
            if track is None:
                track = _Track(self._next, person.joints, people.time)
                self._next += 1
                self._tracks.append(track)
            else:
                _follow(track, person.joints, people.time)
            named.append((person, track))
        persons = [replace(person, identity=track.identity) for person, track in named]
        return replace(people, persons=tuple(sorted(persons, key=lambda person: person.identity)))

    def _is_duplicate(self, person: Person, track: _Track | None, named: list[tuple[Person, _Track]]) -> bool:
        """Whether this body belongs to a person who has already got an identity in this frame."""
        near = any(pose_distance(person.joints, other.joints) < self._same for other, _ in named)
        if track is None or not near:
            if track is not None:
                track.duplicate_since = None
            return near
        if track.duplicate_since is None:
            track.duplicate_since = self._time
        return self._time - track.duplicate_since > self._passing

    def _assign(self, persons: list[Person], time: float) -> list[_Track | None]:
        found: list[_Track | None] = [None] * len(persons)
        if not persons or not self._tracks:
            return found
        cost = np.full((len(persons), len(self._tracks)), _IMPOSSIBLE)
        for column, track in enumerate(self._tracks):
            age = time - track.time
            expected = track.expected(time)
            for row, person in enumerate(persons):
                distance = pose_distance(person.joints, expected)
                if distance <= self._reach + self._speed * age:
                    cost[row, column] = distance + _AGE_COST * age
        _, columns, _ = lap.lapjv(cost, extend_cost=True)  # -1 for a row that is left over
        for row, column in enumerate(columns):
            if column >= 0 and cost[row, column] < _IMPOSSIBLE:
                found[row] = self._tracks[column]
        return found


_VELOCITY_MEMORY = 0.2  # seconds over which a body's velocity is averaged, so that jitter does not count as motion


def _follow(track: _Track, joints: np.ndarray, time: float) -> None:
    passed = time - track.time
    shared = (joints[:, 2] > 0) & (track.joints[:, 2] > 0)
    if passed > 0 and shared.any():
        moved = (joints[shared, :2] - track.joints[shared, :2]).mean(axis=0) / passed
        track.velocity = track.velocity + (1.0 - np.exp(-passed / _VELOCITY_MEMORY)) * (moved - track.velocity)
    track.joints, track.time = joints, time
