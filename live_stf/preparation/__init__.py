"""From timestamped joints to a network's input: resampling, coordinates, streams. NumPy only.

Training, evaluation and live recognition call the same functions, and a model stores its `Preparation` beside its
weights, so a network always gets windows that are prepared like those it was trained on.

Shapes: n observations, M bodies, T frames of a window, V joints, C channels. Picture coordinates: x to the right, y
down. A joint with a score of 0 is absent.
"""

from live_stf.preparation.body_units import body_size, in_body_units
from live_stf.preparation.coordinates import COORDINATE_SYSTEMS
from live_stf.preparation.preparation import SCORES, Preparation
from live_stf.preparation.resampling import resample
from live_stf.preparation.streams import STREAMS, as_stream, bones, motions

__all__ = [
    "COORDINATE_SYSTEMS",
    "SCORES",
    "STREAMS",
    "Preparation",
    "as_stream",
    "body_size",
    "bones",
    "in_body_units",
    "motions",
    "resample",
]
