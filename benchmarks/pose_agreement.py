"""Measures how well pose estimators agree, clip by clip: whether they find the same people, and the same joints.

The first estimator is the reference. It also runs on the clip with noise of one grey level, which shows how much it
differs from itself: regions of interest depend on the previous frame, so small differences grow until they are as large
as the reference's own jitter. With --lose 1 every frame is treated like the first one, and differences cannot grow.
With --lose 2, 3, ... everybody is lost after that many frames and found anew, which shows how fast differences grow.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment

from live_stf.cli.program import INTERRUPTED, WRONG, print_error
from live_stf.errors import LiveStfError
from live_stf.pose import estimators
from live_stf.pose.tracking import pose_distance
from live_stf.skeleton import OPENPOSE_18
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame, People

NOISE = 1  # grey levels, up or down
SAME_PERSON = 0.25  # largest distance of two poses of one person, in body sizes
DRAWN = 4  # frames per clip and estimator
COLOURS = ((80, 220, 80), (60, 60, 255))  # BGR: reference, other


@dataclass
class Agreement:
    """One estimator against the reference on one clip, frame by frame.

    same: whether both found the same people. distances: of every joint that both see, in torso lengths of the
    reference's body; empty if nobody has both shoulders and both hips.
    """

    name: str
    same: list[bool] = field(default_factory=list)
    distances: list[np.ndarray] = field(default_factory=list)

    def add(self, reference: People, other: People) -> None:
        """Add the next frame."""
        pairs = matched(reference, other)
        self.same.append(len(pairs) == len(reference.persons) == len(other.persons))
        apart = [joint_distances(reference.persons[a].joints, other.persons[b].joints) for a, b in pairs]
        self.distances.append(np.concatenate(apart) if apart else np.zeros(0))

    def row(self) -> tuple[str, ...]:
        """Percentages: frames with the same people, median and 95th percentile of the distances."""
        every = np.concatenate(self.distances) if self.distances else np.zeros(0)
        if not len(every):
            return f"{100 * np.mean(self.same):.1f}" if self.same else "-", "-", "-"
        values = np.median(every), np.percentile(every, 95)
        return f"{100 * np.mean(self.same):.1f}", *(f"{100 * value:.3f}" for value in values)


def matched(reference: People, other: People) -> list[tuple[int, int]]:
    """Pairs of indices into the persons of both that show the same person, by the smallest sum of pose distances."""
    if not reference.persons or not other.persons:
        return []
    cost = np.array([[pose_distance(a.joints, b.joints) for b in other.persons] for a in reference.persons])
    rows, columns = linear_sum_assignment(np.minimum(cost, 1e6))
    return [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if cost[a, b] <= SAME_PERSON]


def joint_distances(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distances of the joints (18, 3) that both see, in torso lengths (neck to middle of the hips) of the reference."""
    neck, *hips = (reference[OPENPOSE_18.index(name)] for name in ("neck", "right_hip", "left_hip"))
    if min(neck[2], hips[0][2], hips[1][2]) <= 0:
        return np.zeros(0)
    torso = np.hypot(*(neck[:2] - (hips[0][:2] + hips[1][:2]) / 2))
    shared = (reference[:, 2] > 0) & (other[:, 2] > 0)
    return np.hypot(*(reference[shared, :2] - other[shared, :2]).T) / max(torso, 1e-6)


def measure(
    clip: Path,
    poses: Sequence[str],
    people: int,
    seconds: float = np.inf,
    draw: Path | None = None,
    lose: int | None = None,
) -> list[Agreement]:
    """Compare every other estimator of `poses` with the first, and finally the first with itself under noise.

    seconds: of the clip. draw: folder for the frames that differ most. lose: everybody is lost, and found anew, after
    that many frames; with 1 nobody is tracked at all. Raises SourceError, PoseError and AssetError.
    """
    results = [Agreement(name) for name in (*poses[1:], f"{poses[0]}, noise of {NOISE} grey level")]
    noise = np.random.default_rng(0)
    worst: list[list[tuple[float, Frame, People, People]]] = [[] for _ in results]
    with ExitStack() as opened:
        source = opened.enter_context(VideoFile(clip))
        first, *others = (
            opened.enter_context(closing(estimators.open_pose(name, people))) for name in (*poses, poses[0])
        )
        while (frame := source.read()) is not None and frame.time <= seconds:
            if lose is not None and frame.index % lose == 0:
                for estimator in (first, *others):
                    estimator.detect(replace(frame, image=np.zeros_like(frame.image)))  # everybody is lost
            reference = first.detect(frame)
            for index, estimator in enumerate(others):
                shown = _noisy(frame, noise) if estimator is others[-1] else frame
                found = estimator.detect(shown)
                results[index].add(reference, found)
                if draw is not None:
                    worst[index].append((_difference(results[index]), frame, reference, found))
                    worst[index] = sorted(worst[index], key=lambda entry: -entry[0])[:DRAWN]
    if draw is not None:
        draw.mkdir(parents=True, exist_ok=True)
        for number, entries in enumerate(worst):
            for _, frame, reference, found in entries:
                target = draw / f"{clip.stem}-{number}-{frame.index:05d}.png"
                cv2.imwrite(str(target), drawn(frame, reference, found))
    return results


def _noisy(frame: Frame, noise: np.random.Generator) -> Frame:
    levels = noise.integers(-NOISE, NOISE + 1, frame.image.shape, dtype=np.int16)
    return replace(frame, image=(frame.image + levels).clip(0, 255).astype(np.uint8))


def _difference(result: Agreement) -> float:
    """The difference in the newest frame: other people count most, then the 90th percentile of the distances."""
    newest = result.distances[-1]
    return (0.0 if result.same[-1] else 100.0) + (float(np.percentile(newest, 90)) if len(newest) else 0.0)


def drawn(frame: Frame, reference: People, other: People) -> np.ndarray:
    """The frame with both estimators' people, in COLOURS."""
    image = frame.image.copy()
    for people, colour in zip((reference, other), COLOURS, strict=True):
        for person in people.persons:
            for bone in OPENPOSE_18.bones:
                ends = person.joints[list(bone)]
                if (ends[:, 2] > 0).all():
                    start, end = (tuple(map(int, place)) for place in ends[:, :2].round())
                    cv2.line(image, start, end, colour, max(1, frame.size[1] // 300), cv2.LINE_AA)
    return image


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; returns the exit status: 0, or 2 if a clip could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pose_agreement", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file with people in it")
    parser.add_argument(
        "--pose",
        type=estimators.pose_list_argument,
        default=["mediapipe", "blazepose"],
        metavar="A,B,...",
        help="the reference and the estimators to compare with it (default: mediapipe,blazepose)",
    )
    parser.add_argument("--people", type=int, default=2, help="number of people at most (default: 2)")
    parser.add_argument("--seconds", type=float, default=np.inf, help="seconds of each clip to measure (default: all)")
    parser.add_argument("--draw", type=Path, metavar="DIR", help="write the frames that differ most to this folder")
    parser.add_argument(
        "--lose",
        type=int,
        metavar="N",
        help="lose everybody after N frames; with 1 every frame is treated like the first one",
    )
    options = parser.parse_args(arguments)
    if options.people < 1:
        parser.error(f"--people is {options.people}; it must be 1 or more")
    if options.lose is not None and options.lose < 1:
        parser.error(f"--lose is {options.lose}; it must be 1 or more")
    table = Table()
    for heading in (
        "clip",
        "frames",
        f"against {options.pose[0]}",
        "same people %",
        "median % torso",
        "95 % % torso",
    ):
        table.add_column(heading, justify="left" if heading.startswith(("clip", "against")) else "right")
    status = 0
    try:
        for clip in options.clips:
            try:
                results = measure(clip, options.pose, options.people, options.seconds, options.draw, options.lose)
            except LiveStfError as error:
                print_error(error)
                status = WRONG
                continue
            for result in results:
                table.add_row(clip.name, str(len(result.same)), result.name, *result.row())
            table.add_section()
    except KeyboardInterrupt:
        status = INTERRUPTED
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return status


if __name__ == "__main__":
    sys.exit(main())
