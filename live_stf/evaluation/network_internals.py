"""Similarity matrices and output features of a network for one window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import softmax

from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError, ModelError
from live_stf.model import Model
from live_stf.network import STFNet
from live_stf.training.samples import HeldOut

BATCH = 16


@dataclass(frozen=True, eq=False)
class Instance:
    """One window of an action, in the network.

    number: of the window; probability: of the action; predicted: label of the
    predicted class. similarity: per grain
    (V, U_i), the mean over the MCF blocks, rows sum to one. features: (T', V) after the last block, the mean over its
    channels. Both are of the first body.
    """

    number: int
    probability: float
    predicted: str
    similarity: tuple[np.ndarray, ...]
    features: np.ndarray


def surest_instances(model: Model, windows: HeldOut, actions: list[str]) -> dict[str, Instance]:
    """For each action, the held-out window with the highest probability of it.

    Raises ModelError if the model is not an STF-Net, and DataError if it does not know an action, or no window of it is
    held out.
    """
    network = load_network(model)
    if not isinstance(network, STFNet):
        raise ModelError(f"{model.name} is a {model.network['architecture']}: this figure needs an STF-Net")
    targets = np.array(windows.targets)
    found = {}
    for action in actions:
        if action not in model.labels:
            raise DataError(f"{model.name} does not know {action!r}, it knows {', '.join(model.labels)}")
        numbers = np.flatnonzero(targets == model.labels.index(action))
        if len(numbers) == 0:
            raise DataError(f"no window of {action!r} is held out: name another action")
        found[action] = _surest(model, network, windows, numbers, model.labels.index(action))
    return found


@torch.inference_mode()
def _surest(model: Model, network: STFNet, windows: HeldOut, numbers: np.ndarray, target: int) -> Instance:
    logits = np.concatenate(
        [
            network(torch.from_numpy(np.stack([windows[number][0] for number in numbers[at : at + BATCH]]))).numpy()
            for at in range(0, len(numbers), BATCH)
        ]
    )
    probabilities = softmax(logits, axis=1)
    best = int(probabilities[:, target].argmax())
    features, attentions = network.features(torch.from_numpy(windows[numbers[best]][0][None]))
    similarity = ()
    if attentions:
        mean = torch.stack(attentions).mean(dim=0)[0]  # (V, U)
        similarity = tuple(part.numpy() for part in mean.split(list(network.grain_sizes), dim=-1))
    return Instance(
        number=int(numbers[best]),
        probability=float(probabilities[best, target]),
        predicted=model.labels[int(probabilities[best].argmax())],
        similarity=similarity,
        features=features[0].mean(dim=-1).numpy(),
    )


def held_out_actions(model: Model, windows: HeldOut, count: int) -> list[str]:
    """The first `count` classes with held-out windows, without none_label."""
    held_out = set(windows.targets)
    return [label for number, label in enumerate(model.labels) if number in held_out and label != model.none_label][
        :count
    ]
