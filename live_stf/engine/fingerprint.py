"""Identify a model by a hash, which engines, measurements and trainings store."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from live_stf.model import Model
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.record import EngineRecord, unfit


def model_hash(model: Model) -> str:
    """SHA-256 of everything that decides what the network computes: weights, description, preparation and its code."""
    description = {key: model.as_dict()[key] for key in ("labels", "network", "preparation")}
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    digest.update(model.weights.read_bytes())
    for path in sorted((Path(__file__).resolve().parent.parent / "network").glob("*.py")):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))  # the same code on every system
    return digest.hexdigest()


def mismatch(record: EngineRecord, model: Model, hardware: Hardware) -> str | None:
    """Why the engine cannot run this model on this hardware, in one line; None if it can."""
    return unfit(record, model.name, model_hash(model), hardware)
