"""The live loop with a viewer: rates, dropped frames and the age of the frame on the screen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stages.looped_camera import LoopedCamera
from live_stf.engine import Classifier
from live_stf.errors import LiveStfError
from live_stf.live.loop import LiveLoop
from live_stf.live.rate import AgeMeter
from live_stf.model import Model
from live_stf.pose import estimators
from live_stf.sources.source import Source
from live_stf.sources.video_file import VideoFile
from live_stf.types import Rates
from live_stf.ui.overlay import Style, annotate

POLL = 0.004  # seconds between two checks for a new result
SHARES = {"median": 0.5, "95 %": 0.95}


@dataclass
class LiveReport:
    """One run of the live loop, with its rates whenever a frame was drawn.

    shown: age of the frame on the screen in seconds, by the share of the time for which it is no older; the age counts
    from the capture of a frame until the next one replaces it on the screen.
    """

    seconds: float = 0.0
    drawn: int = 0
    rates: list[Rates] = field(default_factory=list)
    shown: dict[float, float] = field(default_factory=dict)


def measure_live(
    clip: Path, model: Model, classifier: Classifier, pose: str, people: int, seconds: float, fps: float | None = None
) -> LiveReport:
    """Run the live loop on the clip and draw every new result.

    fps: frames per second at which the clip is played forward and backward; None plays it once at its own rate.
    """
    report = LiveReport()
    source: Source = VideoFile(clip) if fps is None else LoopedCamera(clip, fps, seconds)
    loop = LiveLoop(source, estimators.open_pose(pose, people), classifier, model)
    style = Style(frames=model.preparation.frames)
    shown, age = None, AgeMeter(time.monotonic, span=2 * seconds + 60)
    began = time.monotonic()
    with loop:
        while not loop.finished and time.monotonic() - began < seconds:
            snapshot = loop.snapshot()
            frame = snapshot.frame
            if frame is not None and frame is not shown:
                shown = frame
                annotate(frame.image, snapshot.people, snapshot.events, snapshot.scores, model.skeleton, style)
                age.result(snapshot.captured)
                report.rates.append(snapshot.rates)
                report.drawn += 1
            time.sleep(POLL)
        report.seconds = time.monotonic() - began
        report.shown = {share: age.percentile(share) for share in SHARES.values()}
    if loop.error is not None:
        raise LiveStfError(loop.snapshot().message)
    return report
