"""Measure the errors of a pose estimator's joints on real clips: `python calibration/pose_noise.py CLIP...`.

Lengths are in torso lengths of the body, see `live_stf.preparation.body_size`. For every joint:

- seen: share of the person's frames in which it has a score; score: its median in these frames;
- fast: standard deviation of the error that is independent from frame to frame. It is computed from second differences,
  whose variance is 6 times that of such an error, by their median, so that motion does not count;
- slow: standard deviation of its place within STRETCH seconds, in the quietest quarter of all stretches, in which the
  joint can hardly have moved; memory: seconds in which its correlation falls to 1/e there;
- lost: how often per minute it goes missing and comes back, and for how long (median).

swapped: share of frames in which left and right legs have changed places since the frame before.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.cli.program import run_command
from live_stf.errors import SourceError
from live_stf.pose import estimators
from live_stf.pose.tracking import Tracker
from live_stf.preparation import body_size
from live_stf.runtime.machine import describe_machine
from live_stf.skeleton import OPENPOSE_18, Skeleton
from live_stf.sources.video_file import VideoFile

FORMAT = 1
STRETCH = 1.0  # seconds
LOWEST_RATE = 15.0  # frames per second; at lower rates motion between two frames hides the errors
_MAD = 0.6745  # median of |x| of a normal variable with standard deviation 1


class Body:
    """One person of one clip. times: (n,) seconds. joints: (n, V, 3)."""

    def __init__(self, times: Sequence[float], joints: Sequence[np.ndarray], skeleton: Skeleton = OPENPOSE_18) -> None:
        self.times, self.joints, self.skeleton = np.asarray(times), np.stack(joints), skeleton
        self.size = body_size(self.joints, skeleton)
        self.interval = float(np.median(np.diff(self.times))) if len(self.times) > 1 else np.inf

    @property
    def quick(self) -> bool:
        """Whether frames follow each other fast enough to tell errors from motion."""
        return self.size > 0 and 1 / self.interval >= LOWEST_RATE

    def second_differences(self, joint: int) -> np.ndarray:
        """Second differences (k, 2) of every three frames in a row that show the joint."""
        seen = self.joints[:, joint, 2] > 0
        places = self.joints[:, joint, :2] / self.size
        three = seen[:-2] & seen[1:-1] & seen[2:]
        return (places[:-2] - 2 * places[1:-1] + places[2:])[three]

    def stretches(self, joint: int) -> list[np.ndarray]:
        """Places (k, 2) relative to their mean, of every full stretch in which the joint is always seen."""
        length = round(STRETCH / self.interval)
        found = []
        for first in range(0, len(self.times) - length, max(length // 2, 1)):
            part = self.joints[first : first + length, joint]
            if (part[:, 2] > 0).all():
                places = part[:, :2] / self.size
                found.append(places - places.mean(axis=0))
        return found

    def gaps(self, joint: int) -> list[float]:
        """Lengths in seconds of the stretches in which the joint is missing but seen before and after."""
        seen = np.flatnonzero(self.joints[:, joint, 2] > 0)
        apart = np.flatnonzero(np.diff(seen) > 1)
        return [float(self.times[seen[at + 1]] - self.times[seen[at]]) for at in apart]

    def swaps(self) -> tuple[int, int]:
        """The number of joint pairs that swapped sides since the previous frame, and of those seen in both frames."""
        swapped = visible = 0
        for name in ("knee", "ankle"):
            pair = [self.skeleton.index(f"{side}_{name}") for side in ("left", "right")]
            before, after = self.joints[:-1, pair], self.joints[1:, pair]
            seen = (before[..., 2] > 0).all(axis=1) & (after[..., 2] > 0).all(axis=1)
            straight = np.linalg.norm(after[..., :2] - before[..., :2], axis=-1).sum(axis=1)
            crossed = np.linalg.norm(after[:, ::-1, :2] - before[..., :2], axis=-1).sum(axis=1)
            swapped += int((seen & (crossed < 0.5 * straight)).sum())
            visible += int(seen.sum())
        return swapped, visible


def bodies(clip: Path, pose: str, people: int) -> list[Body]:
    """Everybody who is in the clip for STRETCH seconds or more. Raises SourceError, PoseError and AssetError."""
    seen: dict[int, tuple[list[float], list[np.ndarray]]] = {}
    with VideoFile(clip) as source, closing(estimators.open_pose(pose, people)) as estimator:
        tracker = Tracker()
        while (frame := source.read()) is not None:
            for person in tracker.update(estimator.detect(frame)).persons:
                times, joints = seen.setdefault(person.identity, ([], []))
                times.append(frame.time)
                joints.append(person.joints)
    return [Body(*one) for one in seen.values() if one[0][-1] - one[0][0] >= STRETCH]


def measure(people: Sequence[Body]) -> dict:
    """The figures that the module's docstring describes, by joint; None where no body allows measuring one."""
    quick = [body for body in people if body.quick]
    minutes = sum(float(body.times[-1] - body.times[0]) for body in people) / 60
    by_joint = {}
    for joint, name in enumerate(OPENPOSE_18.joints):
        scores = np.concatenate([body.joints[:, joint, 2] for body in people])
        differences = np.concatenate([np.zeros((0, 2)), *(body.second_differences(joint) for body in quick)])
        fast = float(np.median(np.abs(differences)) / _MAD / np.sqrt(6)) if len(differences) else None
        slow, memory = _stillness([(part, body.interval) for body in quick for part in body.stretches(joint)])
        gaps = [gap for body in people for gap in body.gaps(joint)]
        by_joint[name] = {
            "seen": _rounded(float(np.mean(scores > 0))),
            "score": _rounded(float(np.median(scores[scores > 0]))) if (scores > 0).any() else None,
            "fast": _rounded(fast),
            "slow": _rounded(slow),
            "memory": _rounded(memory),
            "lost_per_minute": _rounded(len(gaps) / minutes),
            "away": _rounded(float(np.median(gaps))) if gaps else None,
        }
    swaps = np.sum([body.swaps() for body in people], axis=0)
    return {
        "people": len(people),
        "pictures": sum(len(body.times) for body in people),
        "swapped": float(swaps[0] / max(swaps[1], 1)),
        "joints": by_joint,
    }


def _stillness(stretches: Sequence[tuple[np.ndarray, float]]) -> tuple[float | None, float | None]:
    """Standard deviation and correlation time of the quietest quarter of stretches (places, seconds per frame)."""
    if not stretches:
        return None, None
    ordered = sorted(stretches, key=lambda one: one[0].std())
    quiet = ordered[: max(len(ordered) // 4, 1)]
    memories = []
    for places, interval in quiet:
        power = (places**2).sum()
        correlation = (places[1:] * places[:-1]).sum() / power if power > 0 else 0.0
        memories.append(-interval / np.log(np.clip(correlation, 1e-3, 0.999)))
    return float(np.median([places.std() for places, _ in quiet])), float(np.median(memories))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def show(result: dict, console: Console) -> None:
    """Print the figures as a table."""
    console.print(
        f"{result['people']} people in {result['pictures']} frames, legs swapped in {result['swapped']:.2%} of them"
    )
    table = Table("joint")
    headings = {
        "seen": "seen", "score": "score", "fast": "fast, torsos", "slow": "slow, torsos", "memory": "memory, s",
        "lost_per_minute": "lost per minute", "away": "away, s",
    }  # fmt: skip
    for heading in headings.values():
        table.add_column(heading, justify="right")
    for name, values in result["joints"].items():
        table.add_row(name, *("-" if values[key] is None else f"{values[key]:.4g}" for key in headings))
    console.print(table)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python calibration/pose_noise.py", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file with people in it")
    parser.add_argument("--pose", default="mediapipe", help="the pose estimator (default: mediapipe)")
    parser.add_argument("--people", type=int, default=2, help="largest number of people to find (default: 2)")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="also write the figures to this file")
    given = parser.parse_args(arguments)
    return run_command(run, given)


def run(given: argparse.Namespace) -> None:
    """Measure, show and write."""
    found = [body for clip in given.clips for body in bodies(clip, given.pose, given.people)]
    if not found:
        raise SourceError(f"nobody is seen for {STRETCH:g} s or more in these clips; use others")
    result = measure(found)
    show(result, Console())
    if given.output is not None:
        content = {
            "format": FORMAT,
            "pose": given.pose,
            "clips": [clip.name for clip in given.clips],
            "machine": describe_machine(),
            **result,
        }
        given.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
