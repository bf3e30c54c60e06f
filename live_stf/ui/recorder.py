"""Recording: an annotated video, and the joints in a file beside it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2

from live_stf.clips.video_writer import VideoWriter
from live_stf.errors import LiveStfError, one_line
from live_stf.runtime.scheduling import lower_priority
from live_stf.skeleton import Skeleton
from live_stf.sources.recording import SUFFIX, Heading, RecordingWriter
from live_stf.types import Frame, Snapshot
from live_stf.ui.overlay import Style, annotate
from live_stf.ui.qt import PaintingThread

_POLL = 0.005  # seconds between two checks for a new frame
_QUEUE = 30  # frames that may wait to be painted; further frames are dropped from the video
_TIMEOUT = 10.0  # seconds to wait for the end of the video


class Recorder:
    """Records every frame that has a pose result until `stop`, in threads of its own.

    name: of the files, without suffixes. The joints are written at once; frames are dropped from the video if painting
    cannot keep up (`dropped`). Raises LiveStfError if the files cannot be written.
    """

    def __init__(
        self, name: Path, snapshot: Callable[[], Snapshot], heading: Heading, skeleton: Skeleton, style: Style
    ) -> None:
        self.video = name.with_name(name.name + ".mp4")
        self.joints = name.with_name(name.name + SUFFIX)
        self.frames = self.dropped = 0  # written to the video, and left out of it
        self.problem = ""  # why the recording ended early, one line
        self._snapshot, self._heading, self._skeleton, self._style = snapshot, heading, skeleton, style
        try:
            self._writer = RecordingWriter(self.joints, heading)
        except OSError as problem:
            raise LiveStfError(f"cannot record to {name}: {problem.strerror or problem}") from problem
        self._stop = threading.Event()
        self._waiting: queue.Queue[tuple[Frame, Snapshot] | None] = queue.Queue(_QUEUE)
        self._watching = threading.Thread(target=self._watch, name="recording joints", daemon=True)
        self._painting = PaintingThread(self._paint)
        self._watching.start()
        self._painting.start()

    @property
    def ended(self) -> bool:
        """Whether both files are complete."""
        return not self._watching.is_alive() and self._painting.isFinished()

    def stop(self) -> None:
        """Stop recording; returns at once, see `ended`."""
        self._stop.set()

    def wait(self, timeout: float = _TIMEOUT) -> None:
        """Wait until both files are complete, for at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self._watching.join(timeout)
        self._painting.wait(round(1000 * max(deadline - time.monotonic(), 0.0)))

    def _fail(self, problem: Exception) -> None:
        self.problem = self.problem or one_line(problem, 200)
        self._stop.set()

    def _watch(self) -> None:
        newest: Frame | None = None
        try:
            while not self._stop.is_set():
                shot = self._snapshot()
                if shot.frame is None or shot.people is None or shot.frame is newest:
                    self._stop.wait(_POLL)
                    continue
                newest = shot.frame
                if newest.size != self._heading.size:
                    raise ValueError(f"the size of the frames changed to {newest.size[0]}x{newest.size[1]}")
                self._writer.write(shot.people, shot.events)
                try:
                    self._waiting.put_nowait((newest, shot))
                except queue.Full:
                    self.dropped += 1
        except Exception as problem:  # nothing may leave the thread; reported by `problem`
            self._fail(problem)
        finally:
            self._writer.close()
            self._waiting.put(None)

    def _paint(self) -> None:
        start: float | None = None
        video: VideoWriter | None = None
        try:
            # A thread with a lower priority, which the threads of the encoder inherit.
            with ThreadPoolExecutor(1, initializer=lower_priority) as executor:
                size, fps = self._heading.size, self._heading.fps
                video = executor.submit(VideoWriter, self.video, size, fps, hurried=True).result()
            while (waiting := self._waiting.get()) is not None:
                if self.problem:
                    continue  # empty the queue, so that the other thread can end
                frame, shot = waiting
                if start is None:
                    start = frame.time
                image = cv2.flip(frame.image, 1) if self._style.mirrored else frame.image
                painted = annotate(image, shot.people, shot.events, shot.scores, self._skeleton, self._style)
                video.write(Frame(painted, frame.time - start, self.frames))
                self.frames += 1
        except Exception as problem:  # nothing may leave the thread
            self._fail(problem)
            while self._waiting.get() is not None:
                pass
        finally:
            try:
                if video is not None:
                    video.close()
            except Exception as problem:
                self._fail(problem)
