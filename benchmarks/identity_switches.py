"""Counts how often people are mistaken for each other: `python -m benchmarks.identity_switches CLIP --people N`.

It first counts identities in the clip itself, which has to show N people from beginning to end: every identity beyond N
is a person who was lost and came back under a new identity. It then counts switches in simulated crossings with known
identities, made of the joints found in the clip: two people cross, or meet and turn round, and the one behind is hidden
for a while.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.cli.program import run_command
from live_stf.cli.recognition_options import add_pose_option
from live_stf.errors import SourceError
from live_stf.pose import estimators
from live_stf.pose.tracking import Tracker, body_size
from live_stf.sources.video_file import VideoFile
from live_stf.types import People, Person

SIZE = (1280, 720)
HEIGHT = 300.0  # pixels of a body's box, corner to corner, in the made crossings
SECONDS = 6.0  # of a crossing
RATE = 30.0
TURN = 0.3  # seconds for turning round
MISSED = 0.05  # share of frames in which a visible body is not found
LEAST = 1.0  # seconds; people who are seen for less are not used in crossings
HIDDEN = (0.0, 0.25, 0.5, 1.0)
KINDS = ("cross", "turn round", "one stands")


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of one person. times (n,): seconds. joints (n, V, 3): relative to their middle, in body sizes."""

    times: np.ndarray
    joints: np.ndarray

    def at(self, time: float) -> np.ndarray:
        """Joints (V, 3) at any time: the recording is played forwards and backwards."""
        length = self.times[-1] - self.times[0]
        phase = time % (2 * length)
        moment = self.times[0] + min(phase, 2 * length - phase)
        return self.joints[int(np.abs(self.times - moment).argmin())]


def motions(tracked: Sequence[People]) -> list[Motion]:
    """The motions of all people who were seen for LEAST seconds, without place and size."""
    seen: dict[int, list[tuple[float, np.ndarray]]] = {}
    for people in tracked:
        for person in people.persons:
            seen.setdefault(person.identity, []).append((people.time, person.joints))
    found = []
    for series in seen.values():
        times = np.array([time for time, _ in series])
        if times[-1] - times[0] < LEAST:
            continue
        size = float(np.median([body_size(joints) for _, joints in series]))
        found.append(Motion(times, np.stack([_centred(joints, size) for _, joints in series])))
    return found


def _centred(joints: np.ndarray, size: float) -> np.ndarray:
    out = joints.copy()
    present = out[:, 2] > 0
    out[present, :2] = (out[present, :2] - out[present, :2].mean(axis=0)) / size
    return out


def crossing(rng: np.random.Generator, acting: Sequence[Motion], kind: str, hidden: float) -> Iterator[People]:
    """The frames of a crossing of two people with their true identities 1 and 2. kind: one of KINDS.

    hidden: seconds around the meeting in which the person behind is not seen.
    """
    speed = rng.uniform(0.3, 0.9, 2) * HEIGHT  # pixels per second
    if kind == "one stands":
        speed[1] = 0.0
    first, second = (acting[int(rng.integers(len(acting)))] for _ in range(2))
    mirrored, start = rng.random(2) < 0.5, rng.uniform(0, 10, 2)
    height = HEIGHT * rng.uniform(0.8, 1.0, 2)
    below = rng.uniform(-0.08, 0.08) * HEIGHT
    behind = int(rng.integers(2))
    meeting, apart = SECONDS / 2, 0.0
    if kind == "turn round":  # in front of each other and gradually, as people do
        apart = rng.uniform(0.1, 0.2) * HEIGHT
    for time in np.arange(0, SECONDS, 1 / RATE):
        away = np.hypot(time - meeting, TURN) if kind == "turn round" else meeting - time
        places = SIZE[0] / 2 - apart - speed[0] * away, SIZE[0] / 2 + apart + speed[1] * away
        persons = []
        for number, motion in enumerate((first, second)):
            if (number == behind and abs(time - meeting) < hidden / 2) or rng.random() < MISSED:
                continue
            joints = motion.at(time + start[number]).copy()
            present = joints[:, 2] > 0
            joints[:, 0] *= -height[number] if mirrored[number] else height[number]
            joints[:, 1] *= height[number]
            joints[:, :2] += (places[number], SIZE[1] / 2 + below * number)
            joints[~present] = 0
            persons.append(Person(joints.astype(np.float32), number + 1))
        order = rng.permutation(len(persons))
        yield People(float(time), SIZE, tuple(persons[index] for index in order))


def switches(truth: Sequence[People], tracker: Tracker) -> int:
    """The number of times that a person's identity differs from their last one.

    The tracker does not change joints, so people are recognised in its output by their joints.
    """
    last: dict[int, int] = {}
    count = 0
    for people in truth:
        given = {person.joints.tobytes(): person.identity for person in tracker.update(people).persons}
        for person in people.persons:
            identity = given.get(person.joints.tobytes())
            if identity is None:  # dropped as a duplicate of another body
                continue
            count += last.get(person.identity, identity) != identity
            last[person.identity] = identity
    return count


def follow(clip: Path, pose_name: str, people: int) -> list[People]:
    """The people in every frame of the clip, with identities."""
    tracker = Tracker()
    with VideoFile(clip) as source, closing(estimators.open_pose(pose_name, people)) as pose:
        tracked = []
        while (frame := source.read()) is not None:
            tracked.append(tracker.update(pose.detect(frame)))
    return tracked


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.identity_switches", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file that shows the same people all the time")
    parser.add_argument("--people", type=int, default=2, help="number of people that it shows (default: 2)")
    add_pose_option(parser)
    parser.add_argument("--crossings", type=int, default=100, help="number of crossings of each kind (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the crossings (default: 0)")
    options = parser.parse_args(arguments)
    if options.people < 1 or options.crossings < 1 or options.seed < 0:
        parser.error("--people and --crossings have to be 1 or more, --seed 0 or more")
    return run_command(run, options)


def run(options: argparse.Namespace) -> int:
    """Track the people of the clip, simulate crossings of them, and print the results."""
    tracked = follow(options.clip, options.pose, options.people)
    given = sorted({person.identity for people in tracked for person in people.persons})
    found = np.array([len(people.persons) for people in tracked])
    print(
        f"{options.clip.name}: {len(tracked)} frames, {found.mean():.2f} of {options.people} people found on "
        f"average; {len(given)} identities, {max(len(given) - options.people, 0)} more than people"
    )
    acting = motions(tracked)
    if not acting:
        raise SourceError(
            f"{options.clip}: nobody is seen for {LEAST:g} s, so no crossing can be simulated: use another clip"
        )
    table = Table(title=f"identity switches in {options.crossings} crossings each, seed {options.seed}")
    table.add_column("the one behind is hidden for")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for hidden in HIDDEN:
        row = []
        for kind in KINDS:
            rng = np.random.default_rng((options.seed, KINDS.index(kind), round(100 * hidden)))
            counts = [switches(list(crossing(rng, acting, kind, hidden)), Tracker()) for _ in range(options.crossings)]
            row.append(f"{sum(counts)} ({np.count_nonzero(counts)} crossings)")
        table.add_row(f"{hidden:g} s", *row)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
