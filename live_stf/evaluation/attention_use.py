"""What a network's attention is worth: `python -m live_stf.evaluation.attention_use MODEL RECIPE [key=value ...]`.

The same network on the same held-out windows, but with the attention of every MCF taken from elsewhere. What it loses
is what it uses; a network that loses nothing may show attention, but does not decide by it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError, ModelError
from live_stf.evaluation.scores import HeldOut, held_out_side
from live_stf.model import Model, load_model
from live_stf.network import STFNet
from live_stf.program import ended
from live_stf.recipe import load_recipe

OWN, OTHERS, EVEN, LEFT_OUT = "its own", "another window's", "the same for every part", "MCF left out"
BATCH = 32
_SEED = 1  # of the order in which windows get each other's attention


def _change(replace: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, object, Tensor], Tensor]:
    return lambda _module, _inputs, output: replace(output)


@contextmanager
def attention_from(network: STFNet, source: str, bodies: int) -> Iterator[None]:
    """Within it every MCF of the network has its attention from `source`, one of OWN, OTHERS, EVEN and LEFT_OUT.

    OTHERS: of the window before it in the batch. bodies: M of the input, which are folded into the batch. The network
    is as it was afterwards.
    """
    replace = {
        # Attention follows from queries and keys alone. Queries of zero are alike to every key.
        OTHERS: lambda output: output.roll(bodies, dims=0),
        EVEN: torch.zeros_like,
        LEFT_OUT: torch.zeros_like,
    }.get(source)
    handles = []
    for block in network.blocks:
        if block.mcf is None or replace is None:
            continue
        layers = (block.mcf.norm,) if source == LEFT_OUT else (block.mcf.query, block.mcf.key)
        handles += [layer.register_forward_hook(_change(replace)) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.inference_mode()
def attention_use(model: Model, windows: HeldOut, batch: int = BATCH) -> dict[str, float]:
    """Share of the held-out windows that the model has right, by where the attention comes from.

    ModelError when the model has no MCF, DataError when there are not two windows.
    """
    network = load_network(model)
    if not isinstance(network, STFNet) or not model.grains:
        raise ModelError(f"{model.name} has no MCF, so no attention")
    if len(windows) < 2:
        raise DataError("the recipe holds less than two windows out: there is nothing to measure on")
    # Neighbours are often of one class.
    order = np.random.default_rng(_SEED).permutation(len(windows))
    batches = np.array_split(order, max(len(order) // max(batch, 2), 1))
    right = dict.fromkeys((OWN, OTHERS, EVEN, LEFT_OUT), 0)
    for numbers in track(batches, description="held-out windows", console=Console(stderr=True)):
        x = torch.from_numpy(np.stack([windows[number][0] for number in numbers]))
        targets = torch.tensor([windows.targets[number] for number in numbers])
        for source in right:
            with attention_from(network, source, bodies=x.shape[-1]):
                right[source] += int((network(x).argmax(dim=1) == targets).sum())
    return {source: count / len(windows) for source, count in right.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m live_stf.evaluation.attention_use", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("model", help="name in models/, or a model's folder")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe: data.root=DIR")
    return ended(run, parser.parse_intermixed_args(arguments))


def run(given: argparse.Namespace) -> None:
    """Measure and print."""
    model = load_model(given.model)
    windows = held_out_side(model, load_recipe(given.recipe, given.changes))
    shares = attention_use(model, windows)
    table = Table("attention", "right", "lost", caption=f"{len(windows)} held-out windows")
    for source, share in shares.items():
        table.add_row(source, f"{share:.1%}", "" if source == OWN else f"{100 * (shares[OWN] - share):.1f} points")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
