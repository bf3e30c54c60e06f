"""Live skeleton action recognition with STF-Net.

Recognise what people are doing, live or in a clip::

    import live_stf

    with live_stf.Recognizer() as recognizer:
        for event in recognizer.listen(0):  # camera 0
            print(event.time, event.identity, event.state, event.label)

    for segment in live_stf.label("clip.mp4"):
        print(segment.start, segment.end, segment.label)

Errors that a user can fix are instances of `LiveStfError`, and their message is one line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from live_stf.clips.labelling import label
    from live_stf.clips.segments import Segment
    from live_stf.errors import (
        AssetError,
        DataError,
        EngineError,
        LiveStfError,
        ModelError,
        PoseError,
        SourceError,
    )
    from live_stf.model import load_model
    from live_stf.recognizer import Recognizer
    from live_stf.types import Event, State

__version__ = "0.2.0"
__all__ = [
    "AssetError",
    "DataError",
    "EngineError",
    "Event",
    "LiveStfError",
    "ModelError",
    "PoseError",
    "Recognizer",
    "Segment",
    "SourceError",
    "State",
    "__version__",
    "label",
    "load_model",
]

# Where each public name is defined. Engines and pose estimators take seconds to import, so a module is imported when
# one of its names is first used.
_MODULES = {
    "Event": "live_stf.types",
    "Recognizer": "live_stf.recognizer",
    "Segment": "live_stf.clips.segments",
    "State": "live_stf.types",
    "label": "live_stf.clips.labelling",
    "load_model": "live_stf.model",
}


def __getattr__(name: str) -> object:
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES.get(name, "live_stf.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
