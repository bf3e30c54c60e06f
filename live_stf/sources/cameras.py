"""The cameras that are plugged in, by number and name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LINUX = Path("/sys/class/video4linux")


@dataclass(frozen=True)
class Camera:
    """number: what OpenCV opens. name: what its maker calls it."""

    number: int
    name: str


def cameras(folder: Path = _LINUX) -> list[Camera]:
    """Every camera that Linux knows, by number; none where there is none, and on other systems.

    A camera has further devices for what describes its pictures; their `index` is not 0.
    """
    found = []
    for device in folder.glob("video*"):
        number, index = device.name.removeprefix("video"), _text(device / "index")
        if number.isdigit() and index in ("0", ""):
            found.append(Camera(int(number), _text(device / "name") or device.name))
    return sorted(found, key=lambda camera: camera.number)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def named(text: str, known: list[Camera]) -> Camera | None:
    """The first camera whose name has `text` in it, in capitals or not."""
    return next((camera for camera in known if text.lower() in camera.name.lower()), None)
