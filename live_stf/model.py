"""A learned model on disk: a folder with model.json, weights.safetensors, network.onnx and README.md.

model.json describes the weights: the network and its switches, the preparation of its input, its labels, when a label
begins and ends, the training data with their terms, and the measurements. network.onnx is the network for OpenVINO, see
`live_stf.engine.conversion`. This module reads and writes the description; it does not import torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_stf.decision import DecisionSettings
from live_stf.errors import ModelError
from live_stf.preparation import Preparation
from live_stf.skeleton import SKELETONS, Grain, Skeleton

FORMAT = 1
DESCRIPTION = "model.json"
WEIGHTS = "weights.safetensors"
CONVERTED = "network.onnx"
_PACKAGE = Path(__file__).resolve().parent
# Inside the package in a wheel, beside it in a checkout.
MODELS = _PACKAGE / "models" if (_PACKAGE / "models").is_dir() else _PACKAGE.parent / "models"


@dataclass(frozen=True)
class Model:
    """The content of model.json, and the folder that it was read from.

    labels: class names in the order of the logits. network: arguments of `live_stf.network.build_network`. temperature:
    logits are divided by it before the softmax, which calibrates the probabilities. decision: when a label begins and
    ends, and which class never becomes a label. training and measured are for readers: data sets with their licences,
    the split, accuracies.
    """

    folder: Path
    name: str
    labels: tuple[str, ...]
    network: Mapping[str, Any]
    preparation: Preparation
    temperature: float = 1.0
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    training: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton of the joints that the network takes."""
        return SKELETONS[self.preparation.skeleton]

    @property
    def none_label(self) -> str | None:
        """The class for everything else, which never becomes a label; None if there is none."""
        return self.decision.none_label

    @property
    def grains(self) -> tuple[Grain, ...]:
        """The grains over which the attention is reported, in its order; empty for a network without MCF."""
        if self.network.get("architecture") != "stf-net" or not self.network.get("mcf", True):
            return ()
        return self.skeleton.use_grains(self.network.get("grains") or len(self.skeleton.grains) + 1)

    @property
    def weights(self) -> Path:
        """The path of the weights."""
        return self.folder / WEIGHTS

    @property
    def converted(self) -> Path:
        """The path of the network for OpenVINO, written by `live-stf convert`; models of version 0.1 have none."""
        return self.folder / CONVERTED

    def as_dict(self) -> dict[str, Any]:
        """The content of model.json."""
        return {
            "format": FORMAT,
            "name": self.name,
            "labels": list(self.labels),
            "none_label": self.none_label,
            "network": dict(self.network),
            "preparation": self.preparation.as_dict(),
            "temperature": self.temperature,
            "decision": self.decision.as_dict(),
            "training": dict(self.training),
            "measured": dict(self.measured),
        }

    def save_description(self) -> None:
        """Write model.json into the model's folder, which is created if it is missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False)
        (self.folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def available_models() -> list[str]:
    """Names of the models that come with the project."""
    return sorted(path.parent.name for path in MODELS.glob(f"*/{DESCRIPTION}"))


def load_model(name_or_folder: str | Path) -> Model:
    """Load a model by its name in models/ or its folder. Raises ModelError if it is missing or broken."""
    folder = Path(name_or_folder)
    if not (folder / DESCRIPTION).is_file():
        folder = MODELS / str(name_or_folder)
    if not (folder / DESCRIPTION).is_file():
        known = ", ".join(available_models()) or "none"
        raise ModelError(
            f"no model {str(name_or_folder)!r}: give a folder with a {DESCRIPTION}, or the name of an available model "
            f"({known})"
        )
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise ModelError(f"{folder / DESCRIPTION} is not JSON: {problem}") from problem
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise ModelError(
            f"{folder / DESCRIPTION} has format {found!r}, but this version of live-stf reads format {FORMAT}"
        )
    try:
        model = Model(
            folder=folder,
            name=content["name"],
            labels=tuple(content["labels"]),
            network=content["network"],
            preparation=Preparation(**content["preparation"]),
            temperature=_temperature(content.get("temperature", 1.0)),
            decision=DecisionSettings.of(content.get("decision", {}), content.get("none_label")),
            training=content.get("training", {}),
            measured=content.get("measured", {}),
        )
    except (KeyError, TypeError) as problem:
        raise ModelError(f"{folder / DESCRIPTION} has a missing or unknown key: {problem}") from problem
    except (ModelError, ValueError) as problem:
        raise ModelError(f"{folder / DESCRIPTION}: {problem}") from problem
    if not model.weights.is_file():
        raise ModelError(f"{folder} has no {WEIGHTS}: copy the weights there or train the model again")
    if model.none_label is not None and model.none_label not in model.labels:
        raise ModelError(f"{folder / DESCRIPTION}: none_label {model.none_label!r} is not one of its labels")
    return model


def _temperature(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"temperature is {value!r}; it must be a number above 0")
    return float(value)
