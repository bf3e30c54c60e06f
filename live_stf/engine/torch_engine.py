"""Networks run by torch itself: the reference, and what loads weights for the other engines."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.network import build_network

log = logging.getLogger(__name__)


def load_network(model: Model) -> nn.Module:
    """The model's network with its weights, in evaluation mode. ModelError when the weights do not fit."""
    network = build_network(model.network, len(model.labels))
    try:
        network.load_state_dict(load_file(model.weights))
    except (RuntimeError, SafetensorError) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise ModelError(f"{model.weights} does not fit the network of {model.name}: {reason}") from problem
    return network.eval()


class TorchEngine:
    """Eager torch on a CPU, or on an NVIDIA GPU where there is one."""

    def __init__(self, model: Model, notify: Callable[[str], None] = log.info) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = load_network(model).to(self.device)
        self.name = f"torch {self.device.type} fp32"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            logits, attention = self.network(torch.from_numpy(x).to(self.device), attention=True)
        return logits.cpu().numpy(), attention.cpu().numpy()
