"""The sample clip, which `make demo` and many tests use."""

from __future__ import annotations

from pathlib import Path

from live_stf.assets.files import Asset, fetch
from live_stf.assets.packages import Wheel

SAMPLE_CLIP = Asset(
    name="demo.mp4",
    label="sample clip",
    sha256="d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
    licence="BSD-3-Clause",
    source=Wheel("sports2d", "0.8.34", size=9_050_415, licence_file="sports2d-0.8.34.dist-info/licenses/LICENSE"),
    members={"Sports2D/Demo/demo.mp4": "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"},
)


def sample_clip() -> Path:
    """A video of one person who walks past the camera, downloaded if it is missing. Raises AssetError."""
    return fetch(SAMPLE_CLIP)
