"""An engine that can be replaced while it is in use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from live_stf.engine.protocol import Engine, EngineStatus
from live_stf.errors import one_line
from live_stf.runtime.hardware import DEVICE_FAILURES, LONGEST_REASON

log = logging.getLogger(__name__)


class SwitchingEngine:
    """An engine with its status. Another engine can take its place between two runs.

    reason: why this engine was chosen, empty if the user named it.
    """

    def __init__(self, engine: Engine, reason: str = "") -> None:
        self._engine = engine
        self._status = EngineStatus(engine.name, reason)
        self._lock = threading.Lock()  # engines are not made for two threads at once

    @property
    def status(self) -> EngineStatus:
        """The engine that runs now, and the reason for it."""
        return self._status

    @property
    def name(self) -> str:
        """The name of the engine that runs now."""
        return self._status.name

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Engine.run`."""
        with self._lock:
            return self._engine.run(x)

    def switch(self, engine: Engine, reason: str) -> None:
        """Use `engine` from the next run on, and release the one before."""
        with self._lock:
            self._engine, self._status = engine, EngineStatus(engine.name, reason)

    def keep(self, reason: str) -> None:
        """Keep the engine, but replace the reason for it."""
        self._status = replace(self._status, reason=reason)


def upgrade_later(
    serving: SwitchingEngine, prepare: Callable[[], Engine], notify: Callable[[str], None] = log.info
) -> threading.Thread:
    """Call `prepare` in a thread and switch to the engine that it returns; keep the present one if it fails."""

    def work() -> None:
        before = serving.name
        try:
            engine = prepare()
        except DEVICE_FAILURES as problem:
            reason = one_line(problem, LONGEST_REASON)
            serving.keep(f"no better engine is available: {reason}")
            notify(f"engine: {before} stays, because {reason}")
            return
        serving.switch(engine, f"it has replaced {before}")
        notify(f"engine: {engine.name} has replaced {before}")

    thread = threading.Thread(target=work, name="engine upgrade", daemon=True)
    thread.start()
    return thread
