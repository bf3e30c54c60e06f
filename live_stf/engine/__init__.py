"""A window in, scores and attention out: compiled networks behind one protocol."""

from live_stf.engine.base import Engine
from live_stf.engine.classifier import ENGINES, Classifier, open_classifier, open_engine

__all__ = ["ENGINES", "Classifier", "Engine", "open_classifier", "open_engine"]
