"""The connected cameras, by number and name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LINUX = Path("/sys/class/video4linux")


@dataclass(frozen=True)
class Camera:
    """A connected camera. number: the number by which OpenCV opens it. name: the manufacturer's name for it."""

    number: int
    name: str


def cameras(folder: Path = _LINUX) -> list[Camera]:
    """Return every camera that Linux lists, sorted by number; an empty list on other systems.

    A camera may have further devices for metadata; their `index` is not 0, and they are left out.
    """
    found = []
    for device in folder.glob("video*"):
        number, index = device.name.removeprefix("video"), _text(device / "index")
        if number.isdigit() and index in ("0", ""):
            found.append(Camera(int(number), _text(device / "name") or device.name))
    return sorted(found, key=lambda camera: camera.number)


def find_camera(text: str, known: list[Camera]) -> Camera | None:
    """Return the first camera whose name contains `text`, ignoring case; None if there is none."""
    return next((camera for camera in known if text.lower() in camera.name.lower()), None)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
