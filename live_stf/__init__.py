"""Live skeleton action recognition with STF-Net."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live_stf.recognizer import Recognizer as Recognizer

__version__ = "0.1.0"
__all__ = ["Recognizer", "__version__"]


def __getattr__(name: str) -> object:
    # Engines and pose estimators take seconds to import: only whoever asks for them waits.
    if name == "Recognizer":
        from live_stf.recognizer import Recognizer

        return Recognizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
