"""What a user keeps of what is seen: pictures of the window, and recordings."""

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
    """Saves into a folder (None: the current one), in threads of its own; `lines` has what came of it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.recorder: Recorder | None = None
        self._folder = folder
        self._lines: deque[str] = deque()  # threads add to it

    def lines(self) -> list[str]:
        """What there is to say since the last time this was asked. A recording that is complete is let go."""
        recorder = self.recorder
        if recorder is not None and recorder.ended:
            self.recorder = None
            self._lines.append(_came_of(recorder))
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def save(self, image: QImage) -> None:
        """Save a picture as PNG."""
        path = fresh_name(self._where()).with_suffix(".png")
        try:
            path.touch()  # takes the name
        except OSError:
            self._lines.append(unwritable(path))
            return

        def write() -> None:
            self._lines.append(f"Saved {path.name}" if image.save(str(path), "PNG") else unwritable(path))

        threading.Thread(target=write, name="saving a picture").start()

    def record(self, snapshot: Callable[[], Snapshot], about: About, style: Style) -> None:
        """Begin to record, when there is something."""
        shown = snapshot()
        if shown.frame is None or shown.finished:
            self._lines.append("There is nothing to record yet" if shown.frame is None else "The source has ended")
            return
        started = datetime.now().astimezone().isoformat(timespec="seconds")
        heading = Heading(shown.frame.size, round(shown.rates.pose, 1), about.source, about.model, started)
        # In type that fits the picture and not the screen.
        plain = Style(frames=style.frames, skeletons=style.skeletons, mirrored=style.mirrored)
        try:
            self.recorder = Recorder(fresh_name(self._where()), snapshot, heading, about.skeleton, plain)
        except LiveStfError as problem:
            self._lines.append(str(problem))

    def stop(self, wait: bool = False) -> None:
        """End a recording; at once, or when both of its files are complete."""
        if self.recorder is not None:
            self.recorder.stop()
            if wait:
                self.recorder.wait()

    def _where(self) -> Path:
        return Path.cwd() if self._folder is None else self._folder


def fresh_name(folder: Path) -> Path:
    """A name, without ending, that no picture or recording in the folder has."""
    stem = f"live-stf-{datetime.now():%Y%m%d-%H%M%S}"
    taken = {file.name.split(".")[0] for file in folder.glob(f"{stem}*")} if folder.is_dir() else set()
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 2))]
    return folder / next(name for name in names if name not in taken)


def unwritable(path: Path) -> str:
    """What is said of a picture that cannot be saved."""
    return f"cannot write {path}: check the folder and the name's ending"


def _came_of(recorder: Recorder) -> str:
    if recorder.problem:
        return f"The recording ended early: {recorder.problem}; {recorder.joints.name} has what came before"
    left_out = f", {recorder.dropped} pictures left out of the video" if recorder.dropped else ""
    return f"Recorded {recorder.video.name} and {recorder.joints.name}{left_out}"
