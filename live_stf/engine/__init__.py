"""Engines run the network: a window in, scores and attention out, on torch, OpenVINO or TensorRT."""

from live_stf.engine.choice import ENGINES, open_engine
from live_stf.engine.classifier import Classifier, open_classifier
from live_stf.engine.protocol import Engine, EngineStatus

__all__ = ["ENGINES", "Classifier", "Engine", "EngineStatus", "open_classifier", "open_engine"]
