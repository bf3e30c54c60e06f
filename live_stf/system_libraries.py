"""Check the system libraries that installed packages need, and install missing ones on Debian.

`python -m live_stf.system_libraries` checks them and, as root on Debian, installs what is missing; it prints nothing if
none is missing. Only the needs of packages that are installed beside this interpreter are checked: without Qt, Qt's
libraries are not. It uses the standard library only, because it first runs with the interpreter that makes the virtual
environment.

No library does this: pip installs no system packages, and without them `import cv2` ends in a traceback on a bare
Debian or Ubuntu ("libGL.so.1: cannot open shared object file").
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")


@dataclass(frozen=True)
class Need:
    """A library, program or font that the system must have, and the Debian package that provides it.

    present: returns whether the system has the thing of that name. lost: the features that do not work without it;
    empty if no program starts. users: Python packages that need it if at least one of them is installed; empty if it is
    always needed.
    """

    name: str
    package: str
    present: Callable[[str], bool]
    lost: str = ""
    users: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether it is needed and the system does not have it."""
        return (not self.users or any(map(installed, self.users))) and not self.present(self.name)


def loads(soname: str) -> bool:
    """Whether the dynamic loader finds the shared library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def on_path(program: str) -> bool:
    """Whether the program is on PATH."""
    return shutil.which(program) is not None


def importable(module: str) -> bool:
    """Whether the Python module can be found."""
    return importlib.util.find_spec(module) is not None


def installed(distribution: str) -> bool:
    """Whether a Python package of that name is installed beside this interpreter."""
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def any_font(_name: str) -> bool:
    """Whether any font is installed."""
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(file.suffix in {".ttf", ".otf", ".ttc", ".pfb"} for folder in folders for file in folder.rglob("*"))


def _libraries(table: str, *users: str, lost: str = "") -> tuple[Need, ...]:
    rows = (line.split() for line in table.strip().splitlines())
    return tuple(Need(soname, package, loads, lost, users) for soname, package in rows)


QT = ("PyQt5",)
# The libraries that the files in the wheels load (readelf -d) and that the wheels do not contain, without the C
# library. MediaPipe needs only the first two.
PROCESSING = _libraries("""
    libstdc++.so.6        libstdc++6
    libz.so.1             zlib1g
""", "opencv-python", "opencv-python-headless", "mediapipe", *QT)  # fmt: skip
OPENCV = _libraries("""
    libGL.so.1            libgl1
    libglib-2.0.so.0      libglib2.0-0
    libgthread-2.0.so.0   libglib2.0-0
    libxcb.so.1           libxcb1
""", "opencv-python", *QT)  # fmt: skip
# QtGui, QtWidgets, and Qt's offscreen platform, which paints annotated video.
PAINTING = _libraries("""
    libdbus-1.so.3        libdbus-1-3
    libfontconfig.so.1    libfontconfig1
    libfreetype.so.6      libfreetype6
    libX11.so.6           libx11-6
    libXext.so.6          libxext6
    libxkbcommon.so.0     libxkbcommon0
""", *QT, lost="annotated video and the window do not work")  # fmt: skip
# Qt's xcb platform and its GLX part: a window on an X server.
WINDOW = _libraries("""
    libX11-xcb.so.1          libx11-xcb1
    libxcb-glx.so.0          libxcb-glx0
    libxcb-icccm.so.4        libxcb-icccm4
    libxcb-image.so.0        libxcb-image0
    libxcb-keysyms.so.1      libxcb-keysyms1
    libxcb-randr.so.0        libxcb-randr0
    libxcb-render.so.0       libxcb-render0
    libxcb-render-util.so.0  libxcb-render-util0
    libxcb-shape.so.0        libxcb-shape0
    libxcb-shm.so.0          libxcb-shm0
    libxcb-sync.so.1         libxcb-sync1
    libxcb-xfixes.so.0       libxcb-xfixes0
    libxcb-xinerama.so.0     libxcb-xinerama0
    libxcb-xkb.so.1          libxcb-xkb1
    libxkbcommon-x11.so.0    libxkbcommon-x11-0
""", *QT, lost="no window can be opened")  # fmt: skip
FONT = Need("a font", "fonts-dejavu-core", any_font, "labels are drawn without text", QT)
XVFB = Need("Xvfb", "xvfb", on_path, "the tests of the window are skipped")
# Debian's Python comes without ensurepip, which virtual environments need.
VENV = Need("ensurepip", f"python{sys.version_info[0]}.{sys.version_info[1]}-venv", importable)

NEEDS = (VENV, *PROCESSING, *OPENCV, *PAINTING, *WINDOW, FONT)
NEEDS_OF_TESTS = (XVFB,)


def missing(needs: Iterable[Need]) -> list[Need]:
    """The needs that the system does not meet."""
    return [need for need in needs if need.missing]


def install(packages: list[str]) -> str | None:
    """Install Debian packages. Returns apt's reason if that fails, else None."""
    # A new machine has no lists of packages, and outdated lists name files that no longer exist.
    failure = _apt("install", "-y", "-qq", "--no-install-recommends", *packages)
    if failure is not None:
        _apt("update", "-qq")
        failure = _apt("install", "-y", "-qq", "--no-install-recommends", *packages)
    return failure


def _apt(*arguments: str) -> str | None:
    """Run apt-get. Returns its first error if it fails, else None."""
    done = subprocess.run(
        ["apt-get", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return None
    errors = [line for line in done.stdout.splitlines() if line.startswith("E: ")]
    return (errors or [f"exit status {done.returncode}"])[0].removeprefix("E: ")


def ensure(needs: Iterable[Need]) -> int:
    """Check the needs, install missing ones if possible, and print in one line what is still missing.

    Returns the exit status: 2 if no program starts without a missing one, else 0.
    """
    unmet = missing(needs)
    failure = None
    if unmet and os.geteuid() == 0 and on_path("apt-get"):
        packages = _packages(unmet)
        print(f"installing system packages: {' '.join(packages)}", flush=True)
        failure = install(packages)
        unmet = missing(unmet)
    if not unmet:
        return 0
    fatal = any(not need.lost for need in unmet)
    print(f"{'error' if fatal else 'warning'}: {_explain(unmet, failure)}", file=sys.stderr)
    return 2 if fatal else 0


def _explain(unmet: list[Need], failure: str | None) -> str:
    fatal = any(not need.lost for need in unmet)
    lost = "no program starts" if fatal else "; ".join(dict.fromkeys(need.lost for need in unmet))
    if not on_path("apt-get"):
        return f"missing on this system ({lost}): {', '.join(need.name for need in unmet)}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return (
        f"missing system packages ({lost}){f', apt-get says: {failure}' if failure else ''}. Install them with: "
        f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(_packages(unmet))}"
    )


def _packages(needs: Iterable[Need]) -> list[str]:
    return list(dict.fromkeys(need.package for need in needs))


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m live_stf.system_libraries",
        description="Check the shared libraries that installed packages need; as root on Debian, install missing ones.",
    )
    parser.add_argument("--with-tests", action="store_true", help="also check the needs of the tests")
    options = parser.parse_args(arguments)
    if sys.platform != "linux":
        return 0  # wheels for other systems contain everything
    return ensure(NEEDS + NEEDS_OF_TESTS if options.with_tests else NEEDS)


if __name__ == "__main__":
    sys.exit(main())
