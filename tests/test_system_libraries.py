"""System libraries, checked with the real loader. Nothing is installed: apt-get is a script that records calls."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from live_stf import system_libraries
from live_stf.system_libraries import (
    FONT,
    NEEDS,
    QT,
    Need,
    any_font,
    ensure,
    importable,
    installed,
    loads,
    missing,
    on_path,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems need no system libraries")

MADE_UP = Need("libmade-up.so.7", "libmade-up7", loads)
MADE_UP_OPTIONAL = Need("libmade-up-window.so.7", "libmade-up-window7", loads, lost="no window can be opened")


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that finds no package, as the only program on PATH. Returns the file with its calls."""
    calls = tmp_path / "calls"
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "apt-get"
    script.write_text(f'#!/bin/sh\necho "$@" >>{calls}\necho "E: Unable to locate package"\nexit 100\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return calls


def run_as(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_libraries_programs_and_modules_are_found() -> None:
    assert loads("libc.so.6")
    assert not loads("libmade-up.so.7")
    assert on_path("sh")
    assert not on_path("made-up-program")
    assert importable("json")
    assert not importable("made_up_module")
    assert installed("pytest")
    assert not installed("made-up-distribution")


def test_only_needs_of_installed_packages_count() -> None:
    assert missing([replace(MADE_UP, users=("made-up-distribution",))]) == []
    for users in ((), ("pytest",), ("made-up-distribution", "pytest")):
        need = replace(MADE_UP, users=users)
        assert missing([need]) == [need]


def test_without_qt_its_libraries_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "installed", lambda name: name == "opencv-python-headless")
    needs = [replace(need, present=lambda _name: False) for need in NEEDS]
    assert [need.name for need in missing(needs)] == ["ensurepip", "libstdc++.so.6", "libz.so.1"]
    monkeypatch.setattr(system_libraries, "installed", lambda name: name == "opencv-python")
    assert {need.package for need in missing(needs)} >= {"libgl1", "libglib2.0-0"}
    assert "libfontconfig1" not in {need.package for need in missing(needs)}
    monkeypatch.setattr(system_libraries, "installed", lambda name: name in QT)
    assert missing(needs) == needs


def test_fonts_are_found_in_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "FONT_FOLDERS", (str(tmp_path / "absent"), str(tmp_path)))
    (tmp_path / "fonts.dir").touch()
    assert not any_font(FONT.name)
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "DejaVuSans.ttf").touch()
    assert any_font(FONT.name)


def test_nothing_is_printed_if_nothing_is_missing(capfd: pytest.CaptureFixture[str], apt: Path) -> None:
    assert ensure([Need("libc.so.6", "libc6", loads)]) == 0
    assert capfd.readouterr() == ("", "")
    assert not apt.exists()


def test_the_command_that_installs_is_printed(
    capfd: pytest.CaptureFixture[str], apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_as(1000, monkeypatch)
    assert ensure([MADE_UP, MADE_UP_OPTIONAL, Need("libc.so.6", "libc6", loads)]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert errors.startswith("error: ")
    assert errors.endswith("sudo apt-get install -y --no-install-recommends libmade-up7 libmade-up-window7\n")
    assert not apt.exists()


def test_a_missing_optional_library_is_only_a_warning(
    capfd: pytest.CaptureFixture[str], apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_as(1000, monkeypatch)
    assert ensure([MADE_UP_OPTIONAL]) == 0
    errors = capfd.readouterr().err
    assert errors.startswith("warning: missing system packages (no window can be opened)")
    assert "libmade-up-window7" in errors


def test_root_installs_and_reports_the_reason_of_apt(
    capfd: pytest.CaptureFixture[str], apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_as(0, monkeypatch)
    assert ensure([MADE_UP]) == 2
    install = "install -y -qq --no-install-recommends libmade-up7"
    # Without lists of packages the first attempt fails, and they are fetched.
    assert apt.read_text().splitlines() == [install, "update -qq", install]
    output, errors = capfd.readouterr()
    assert output == "installing system packages: libmade-up7\n"
    assert "apt-get says: Unable to locate package" in errors
    assert "sudo" not in errors


def test_without_apt_the_libraries_are_named(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ensure([MADE_UP]) == 2
    assert capfd.readouterr().err == "error: missing on this system (no program starts): libmade-up.so.7\n"


def test_only_the_standard_library_is_imported() -> None:
    """It runs before any package is installed: -S hides the installed ones."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import live_stf.system_libraries"],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


# What the programs load of the wheels: (package, files below its folder).
USED = (
    ("cv2", "cv2*.so"),
    ("mediapipe", "tasks/c/*.so"),
    *(("PyQt5", f"Qt{part}.*so") for part in ("Core", "Gui", "Widgets", "Svg", "Test", "OpenGL")),
    ("PyQt5", "Qt5/plugins/platforms/libq[ox]*.so"),  # offscreen and xcb
    ("PyQt5", "Qt5/plugins/xcbglintegrations/libqxcb-glx-integration.so"),
    ("PyQt5", "Qt5/plugins/imageformats/libqjpeg.so"),
)


def linked(file: Path | str) -> dict[str, str]:
    """The shared libraries that a file needs, directly or not: soname -> the place where the loader found it."""
    text = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^\s*(\S+) => (.+?)(?: \(0x\w+\))?$", text, re.MULTILINE))


def test_the_table_covers_all_libraries_that_the_wheels_load() -> None:
    if shutil.which("ldd") is None:
        pytest.skip("needs ldd")
    libraries = [need for need in NEEDS if need.present is loads]
    if lacking := missing(libraries):
        pytest.skip(f"needs the system libraries: {', '.join(need.package for need in lacking)}")
    packages = Path(sys.prefix).resolve()
    asked_for: dict[str, str] = {}
    for package, pattern in USED:
        folder = Path(importlib.util.find_spec(package).origin).parent
        files = list(folder.glob(pattern))
        assert files, f"{package} has no {pattern}"
        for file in files:
            asked_for |= linked(file)
    assert [name for name, path in asked_for.items() if path == "not found"] == []
    outside = {name: path for name, path in asked_for.items() if not Path(path).resolve().is_relative_to(packages)}
    # A package brings what its own library asks for; the C library and GCC's are on every system.
    listed = {need.name for need in libraries}
    covered = listed | set(linked(outside["libstdc++.so.6"])) | {"libdl.so.2", "libpthread.so.0", "librt.so.1"}
    for name in listed & set(outside):
        covered |= set(linked(outside[name]))
    assert set(outside) <= covered


def test_no_library_is_listed_twice() -> None:
    names = [need.name for need in NEEDS]
    assert len(names) == len(set(names))


def test_qt_opens_a_window_on_a_real_x_server(x_environment: dict[str, str]) -> None:
    code = (
        "from PyQt5.QtWidgets import QApplication, QLabel\n"
        "application = QApplication([]); label = QLabel('walk'); label.show(); application.processEvents()\n"
        "print(application.platformName(), label.isVisible())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=x_environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["xcb", "True"]
