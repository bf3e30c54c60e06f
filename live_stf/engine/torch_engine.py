"""Run networks with torch: the reference for the other engines, which also load their weights with this module."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from live_stf.errors import EngineError, ModelError, one_line
from live_stf.model import Model
from live_stf.network import build_network
from live_stf.runtime.cuda_graph import CudaGraph

log = logging.getLogger(__name__)

LARGEST_GRAPH = 8  # people; larger batches are rare, and a graph never frees its memory


def load_network(model: Model) -> nn.Module:
    """The model's network with its weights, in evaluation mode. Raises ModelError if the weights do not fit."""
    network = build_network(model.network, len(model.labels))
    try:
        network.load_state_dict(load_file(model.weights))
    except (RuntimeError, SafetensorError) as problem:
        reason = one_line(problem, 200)
        raise ModelError(f"{model.weights} does not fit the network of {model.name}: {reason}") from problem
    return network.eval()


class WithAttention(nn.Module):
    """The network with the outputs of an engine: x (N, C, T, V, M) -> logits and attention, see `Engine.run`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.network = load_network(model)
        self.eval()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(x, attention=True)


class TorchEngine:
    """torch in fp32: eager on a CPU; on an NVIDIA GPU with one CUDA graph per batch size up to LARGEST_GRAPH.

    device: "cuda" or "cpu"; None for the GPU if there is one. graphs: False for eager torch on the GPU.
    Raises EngineError if device is "cuda" and torch cannot use a GPU.
    """

    def __init__(
        self,
        model: Model,
        notify: Callable[[str], None] = log.info,
        device: str | None = None,
        graphs: bool = True,
    ) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineError(f"torch {torch.__version__} sees no NVIDIA GPU here")
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.network = WithAttention(model).to(self.device)
        self.graphs = graphs and self.device.type == "cuda"
        self.name = f"torch {self.device.type} fp32" + (", CUDA graphs" if self.graphs else "")
        self._graphs: dict[int, CudaGraph] = {}
        self._stream = torch.cuda.Stream() if self.device.type == "cuda" else None

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Engine.run`."""
        if self.graphs and len(x) <= LARGEST_GRAPH:
            if len(x) not in self._graphs:
                self._graphs[len(x)] = CudaGraph(x.shape, self._forward, self._stream)
            logits, attention = self._graphs[len(x)].run(x)
            return logits, attention
        with torch.inference_mode():
            outputs = self._forward(torch.from_numpy(x).to(self.device))
        return outputs[0].cpu().numpy(), outputs[1].cpu().numpy()

    def _forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.device.type == "cpu":
            return self.network(x)
        # By default cuDNN may compute convolutions in TF32, which has ten bits of mantissa.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return self.network(x)
