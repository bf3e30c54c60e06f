"""Saving images of the window, and recordings."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PyQt5.QtGui import QImage

from live_stf.errors import LiveStfError
from live_stf.live.session import About
from live_stf.sources.recording import Heading
from live_stf.types import Snapshot
from live_stf.ui.overlay import Style
from live_stf.ui.recorder import Recorder


class Saver:
    """Saves into a folder, None for the current one, in threads of its own; `lines` returns the results."""

    def __init__(self, folder: Path | None = None) -> None:
        self.recorder: Recorder | None = None
        self._folder = folder
        self._lines: deque[str] = deque()  # written by several threads

    def lines(self) -> list[str]:
        """The results since the last call, one line each. Releases a recording that is complete."""
        recorder = self.recorder
        if recorder is not None and recorder.ended:
            self.recorder = None
            self._lines.append(_result_of(recorder))
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def save(self, image: QImage) -> None:
        """Save an image as PNG under a new name."""
        path = fresh_name(self._where()).with_suffix(".png")
        try:
            path.touch()  # reserves the name
        except OSError:
            self._lines.append(unwritable(path))
            return

        def write() -> None:
            self._lines.append(f"Saved {path.name}" if image.save(str(path), "PNG") else unwritable(path))

        threading.Thread(target=write, name="saving an image").start()

    def record(self, snapshot: Callable[[], Snapshot], about: About, style: Style) -> None:
        """Start a recording, if there is something to record."""
        shown = snapshot()
        if shown.frame is None or shown.finished:
            self._lines.append("There is nothing to record yet" if shown.frame is None else "The source has ended")
            return
        started = datetime.now().astimezone().isoformat(timespec="seconds")
        heading = Heading(shown.frame.size, round(shown.rates.pose, 1), about.source, about.model.name, started)
        # The type fits the frame, not the screen.
        plain = Style(frames=style.frames, skeletons=style.skeletons, mirrored=style.mirrored)
        try:
            self.recorder = Recorder(fresh_name(self._where()), snapshot, heading, about.model.skeleton, plain)
        except LiveStfError as problem:
            self._lines.append(str(problem))

    def stop(self, wait: bool = False) -> None:
        """Stop a recording. wait: return only when both of its files are complete."""
        if self.recorder is not None:
            self.recorder.stop()
            if wait:
                self.recorder.wait()

    def _where(self) -> Path:
        return Path.cwd() if self._folder is None else self._folder


def fresh_name(folder: Path) -> Path:
    """A name, without a suffix, that no image or recording in the folder has."""
    stem = f"live-stf-{datetime.now():%Y%m%d-%H%M%S}"
    taken = {file.name.split(".")[0] for file in folder.glob(f"{stem}*")} if folder.is_dir() else set()
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 2))]
    return folder / next(name for name in names if name not in taken)


def unwritable(path: Path) -> str:
    """The message for an image that cannot be saved."""
    return f"cannot write {path}: check the folder and the suffix of the name"


def _result_of(recorder: Recorder) -> str:
    if recorder.problem:
        return f"The recording ended early: {recorder.problem}; {recorder.joints.name} has everything before"
    dropped = f", {recorder.dropped} frames dropped from the video" if recorder.dropped else ""
    return f"Recorded {recorder.video.name} and {recorder.joints.name}{dropped}"
