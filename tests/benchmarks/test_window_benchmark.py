"""The program measures the real window; measured times are never asserted."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from PyQt5.QtCore import QCoreApplication

from benchmarks.window import Question


def test_the_program_runs_the_real_window_and_prints_its_measurements(clip, tmp_path):
    command = [sys.executable, "-m", "benchmarks.window", clip, "--seconds", "1", "--warm-up", "0"]
    command += ["--width", "320", "--size", "800x500"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "window 800x500, figure, frames of 320x180" in done.stdout
    for row in ("busy time", "busy time, above 1 ms", "response time"):
        (line,) = [line for line in done.stdout.splitlines() if f"│ {row} " in line]
        median, most, longest = (float(line.split("│")[column]) for column in (2, 4, 5))
        assert 0 < median <= most <= longest


def test_the_response_time_includes_the_time_the_interface_is_busy(qtbot):
    question = Question()
    question.start()
    qtbot.waitUntil(lambda: len(question.answers) > 5, timeout=60_000)
    question.answers.clear()
    time.sleep(0.2)  # the interface thread is busy
    QCoreApplication.processEvents()
    question.stop()
    assert max(question.answers) > 0.15
