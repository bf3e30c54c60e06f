"""How much a network uses its attention.

Two questions are answered on held-out windows. Does the network use its attention? Its accuracy is measured with the
attention of every MCF replaced. Does the attention show what the answer depends on? The part of the body with the most
attention is compared with the part whose absence lowers the score most. A network may show attention and not use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from scipy.special import log_softmax
from torch import Tensor, nn

from live_stf.engine import Engine
from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError, ModelError
from live_stf.model import Model
from live_stf.network import STFNet
from live_stf.network.stf_net import MCF
from live_stf.training.samples import HeldOut

OWN, OTHERS, EVEN, LEFT_OUT = "its own", "another window's", "the same for every part", "MCF left out"
BATCH = 32
_SEED = 1  # of the order of the windows; with OTHERS each gets the attention of the one before it


def _change(replace: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, object, Tensor], Tensor]:
    return lambda _module, _inputs, output: replace(output)


@contextmanager
def attention_from(network: STFNet, source: str, bodies: int) -> Iterator[None]:
    """A context in which every MCF of the network has its attention from `source`: OWN, OTHERS, EVEN or LEFT_OUT.

    OTHERS takes that of the previous window of the batch. bodies: M of the input, which are folded into the batch. The
    network is restored afterwards.
    """
    replace = {
        # Attention depends on queries and keys alone. Queries of zero are equally similar to every key.
        OTHERS: lambda output: output.roll(bodies, dims=0),
        EVEN: torch.zeros_like,
        LEFT_OUT: torch.zeros_like,
    }.get(source)
    handles = []
    for module in network.modules():
        if isinstance(module, MCF) and replace is not None:
            layers: list[nn.Module] = [module.norm] if source == LEFT_OUT else [module.query, module.key]
            handles += [layer.register_forward_hook(_change(replace)) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.inference_mode()
def attention_use(model: Model, windows: HeldOut, batch: int = BATCH) -> dict[str, float]:
    """Share of the held-out windows that the model classifies correctly, by the source of the attention.

    Raises ModelError if the model has no MCF, and DataError if there are fewer than two windows.
    """
    network = load_network(model)
    if not isinstance(network, STFNet) or not model.grains:
        raise ModelError(f"{model.name} has no MCF, so it has no attention")
    right = dict.fromkeys((OWN, OTHERS, EVEN, LEFT_OUT), 0)
    for x, targets in _batches(windows, max(batch, 2), "attention from elsewhere"):
        for source in right:
            with attention_from(network, source, bodies=x.shape[-1]):
                predicted = network(torch.from_numpy(x)).argmax(dim=1).numpy()
            right[source] += int((predicted == targets).sum())
    return {source: count / len(windows) for source, count in right.items()}


def _batches(windows: HeldOut, batch: int, description: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Inputs (n, C, T, V, M) and class numbers (n,); n is at least `batch` if there are as many windows."""
    if len(windows) < 2:
        raise DataError("the recipe holds out fewer than two windows: hold out more subjects")
    order = np.random.default_rng(_SEED).permutation(len(windows))  # neighbours are often of one class
    parts = np.array_split(order, max(len(order) // batch, 1))
    targets = np.array(windows.targets)
    for numbers in track(parts, description=description, console=Console(stderr=True)):
        yield np.stack([windows[number][0] for number in numbers]), targets[numbers]


@dataclass(frozen=True, eq=False)
class HiddenParts:
    """Attention and importance of each of the P parts of a grain in n windows.

    attention: (n, P) each part's share in the last MCF block, the mean over joints, as the live window shows it. loss:
    (n, P) decrease of the log probability of the predicted class if the part's joints are absent.
    """

    parts: tuple[str, ...]
    attention: np.ndarray
    loss: np.ndarray

    @property
    def agreement(self) -> float:
        """Share of the windows in which the part with the most attention has the largest loss."""
        return float((self.attention.argmax(axis=1) == self.loss.argmax(axis=1)).mean())

    @property
    def always_one(self) -> float:
        """The agreement of a constant guess: the part that most often has the largest loss."""
        return float(np.bincount(self.loss.argmax(axis=1)).max() / len(self.loss))


def hidden_parts(model: Model, engine: Engine, windows: HeldOut, batch: int = BATCH) -> HiddenParts:
    """Hide one part of the body after the other; the parts are those of the finest grain after the joints.

    Raises ModelError if there is no such grain, and DataError if there are fewer than two windows.
    """
    if len(model.grains) < 2:
        raise ModelError(f"{model.name} has no MCF over parts of the body")
    grain, first = model.grains[1], len(model.grains[0].parts)
    shown = slice(first, first + len(grain.parts))
    attention, loss = [], []
    for x, _ in _batches(windows, batch, "hidden parts"):
        logits, weights = engine.run(x)
        attention.append(weights[:, :, -1, :, shown].mean(axis=(1, 2)))
        predicted = logits.argmax(axis=1)[:, None]
        log_probability = [np.take_along_axis(log_softmax(logits, axis=1), predicted, 1)]
        for part in grain.parts:
            without = x.copy()
            without[:, :, :, list(part.joints)] = 0
            log_probability.append(np.take_along_axis(log_softmax(engine.run(without)[0], axis=1), predicted, 1))
        loss.append(log_probability[0] - np.concatenate(log_probability[1:], axis=1))
    return HiddenParts(tuple(part.name for part in grain.parts), np.concatenate(attention), np.concatenate(loss))
