"""A lower bound of a network's time on a device, from its operations and the bytes that it must move."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from live_stf.engine.torch_engine import WithAttention
from live_stf.model import Model
from live_stf.network.tdf import TemporalConvolution
from live_stf.runtime.openvino import bf16_available, openvino, precision_options

TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
REPEATS = 12


@dataclass(frozen=True)
class Bound:
    """The least work of one window, and the speed that the device reaches on it.

    operations: a multiplication and an addition count as two; multiplications by zeros of padded groups do not count.
    bytes: weights (in the precision), input and outputs, each moved once. flops: operations per second of the fastest
    large matrix product. bandwidth: bytes per second, read and written, of a large copy.
    """

    device: str
    precision: str
    operations: float
    bytes: float
    flops: float
    bandwidth: float

    @property
    def ms(self) -> float:
        """The bound in milliseconds."""
        return 1000 * max(self.operations / self.flops, self.bytes / self.bandwidth)

    def __str__(self) -> str:
        return (
            f"{self.device} {self.precision}: one window needs {self.operations / 1e9:.2f} GFLOP and "
            f"{self.bytes / 1e6:.1f} MB (weights, input, outputs); the fastest large matrix product here reaches "
            f"{self.flops / 1e9:.0f} GFLOP/s, a large copy {self.bandwidth / 1e9:.0f} GB/s: {self.ms:.2f} ms at least"
        )


def bounds(model: Model, x: np.ndarray, device: str) -> list[Bound]:
    """Bounds of the model on "CPU" or "GPU" for windows x, one for each precision with hardware support."""
    network = WithAttention(model)
    operations, outputs = _operations(network, torch.from_numpy(x[:1]))
    weights = sum(parameter.numel() for parameter in network.parameters())
    moved = x[:1].nbytes + sum(output.nbytes for output in outputs)
    precisions = ["fp32", "fp16", "bf16"] if device == "GPU" else ["fp32", *(["bf16"] if bf16_available() else [])]
    bandwidth = _bandwidth("cuda" if device == "GPU" else "cpu")
    return [
        Bound(
            device,
            precision,
            operations,
            moved + weights * TYPES[precision].itemsize,
            _gpu_flops(TYPES[precision]) if device == "GPU" else _cpu_flops(precision),
            bandwidth,
        )
        for precision in precisions
    ]


def _operations(network: WithAttention, x: torch.Tensor) -> tuple[float, tuple[torch.Tensor, ...]]:
    """The operations of the network on x, and its outputs."""
    zeros = 0

    def count_zeros(layer: TemporalConvolution, _: object, output: torch.Tensor) -> None:
        nonlocal zeros
        kernel = layer.convolution.weight[0, 0].numel()
        zeros += 2 * output.numel() * kernel * (layer.computed_channels - layer.convolution.weight.shape[1])

    layers = [layer for layer in network.modules() if isinstance(layer, TemporalConvolution)]
    hooks = [layer.register_forward_hook(count_zeros) for layer in layers]
    try:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            outputs = network(x)
    finally:
        for hook in hooks:
            hook.remove()
    return float(counter.get_total_flops() - zeros), outputs


def _best(work: Callable[[], object], wait: Callable[[], object] = lambda: None) -> float:
    """Seconds of the fastest of REPEATS runs."""
    times = []
    for _ in range(REPEATS):
        wait()
        began = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - began)
    return min(times)


def _gpu_flops(dtype: torch.dtype, size: int = 8192) -> float:
    a = torch.randn(size, size, device="cuda").to(dtype)
    product = torch.empty_like(a)
    with torch.inference_mode():
        return 2 * size**3 / _best(lambda: torch.matmul(a, a, out=product), torch.cuda.synchronize)


def _cpu_flops(precision: str, size: int = 1024) -> float:
    """Operations per second by torch or by OpenVINO, whichever is faster."""
    a = torch.randn(size, size).to(TYPES[precision])
    product = torch.empty_like(a)
    with torch.inference_mode():
        by_torch = _best(lambda: torch.matmul(a, a, out=product))
    given = openvino.opset13.parameter([size, size], np.float32)
    weight = openvino.opset13.constant(a.float().numpy())
    network = openvino.Model([openvino.opset13.matmul(given, weight, False, False)], [given])
    options = {**precision_options(precision), "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(network, "CPU", options).create_infer_request()
    request.infer({0: a.float().numpy()})
    return 2 * size**3 / min(by_torch, _best(request.infer))


def _bandwidth(device: str) -> float:
    source = torch.zeros(1 << (28 if device == "cuda" else 26), device=device)
    target = torch.empty_like(source)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    return 2 * source.nbytes / _best(lambda: target.copy_(source), wait)
