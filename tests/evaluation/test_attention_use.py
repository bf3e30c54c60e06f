"""Replaced attention: its effect on the network, and the program that measures it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.cli.attention_report import main
from live_stf.engine import open_engine
from live_stf.engine.torch_engine import load_network
from live_stf.evaluation.attention_use import (
    EVEN,
    LEFT_OUT,
    OTHERS,
    OWN,
    attention_from,
    attention_use,
    hidden_parts,
)
from live_stf.evaluation.scores import held_out_side
from live_stf.model import Model
from live_stf.network import STFNet
from live_stf.skeleton import KINECT_20
from live_stf.training.recipe import load_recipe

Make = Callable[..., Model]
BODIES = 2


@pytest.fixture(scope="module")
def network() -> STFNet:
    torch.manual_seed(4)
    return STFNet(KINECT_20, classes=3).eval()


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.randn(4, 3, 8, 20, BODIES, generator=torch.Generator().manual_seed(5))


@torch.inference_mode()
def test_with_others_the_first_mcf_has_the_attention_of_the_previous_window(network: STFNet, x: torch.Tensor) -> None:
    _, own = network(x, attention=True)
    with attention_from(network, OTHERS, BODIES):
        _, others = network(x, attention=True)
    # After the first MCF, the features differ, too.
    torch.testing.assert_close(others[:, :, 0], own.roll(1, dims=0)[:, :, 0])
    assert (others[:, :, 0] - own[:, :, 0]).abs().max() > 1e-4


@pytest.mark.parametrize("scale", ["cosine", "terms"])
@torch.inference_mode()
def test_even_attention_is_the_same_for_every_part_of_a_grain(scale: str, x: torch.Tensor) -> None:
    network = STFNet(KINECT_20, classes=3, attention_scale=scale).eval()
    with attention_from(network, EVEN, BODIES):
        _, attention = network(x, attention=True)
    for grain in attention.split(network.grain_sizes, dim=-1):
        torch.testing.assert_close(grain, torch.full_like(grain, 1 / grain.shape[-1]))


@torch.inference_mode()
def test_with_mcf_left_out_its_weights_have_no_effect(network: STFNet, x: torch.Tensor) -> None:
    with attention_from(network, LEFT_OUT, BODIES):
        before = network(x)
    kept = [block.mcf.value.weight.clone() for block in network.blocks if block.mcf is not None]
    weights = [block.mcf.value.weight for block in network.blocks if block.mcf is not None]
    for weight in weights:
        weight.mul_(3.0)
    try:
        with attention_from(network, LEFT_OUT, BODIES):
            torch.testing.assert_close(network(x), before)
        assert (network(x) - before).abs().max() > 1e-3
    finally:
        for weight, value in zip(weights, kept, strict=True):
            weight.copy_(value)


@torch.inference_mode()
def test_the_network_is_restored_afterwards(network: STFNet, x: torch.Tensor) -> None:
    before = network(x)
    for source in (OWN, OTHERS, EVEN, LEFT_OUT):
        with attention_from(network, source, BODIES):
            network(x)
    torch.testing.assert_close(network(x), before, rtol=0, atol=0)


def test_with_its_own_attention_the_accuracy_is_that_of_the_model(make_model: Make, recipe_file: Path) -> None:
    model = make_model("joint")
    windows = held_out_side(model, load_recipe(str(recipe_file), []))
    shares = attention_use(model, windows, batch=2)
    with torch.inference_mode():
        network = load_network(model)
        predicted = [
            int(network(torch.from_numpy(windows[number][0])[None]).argmax()) for number in range(len(windows))
        ]
    assert shares[OWN] == sum(a == b for a, b in zip(predicted, windows.targets, strict=True)) / len(windows)
    assert all(0 <= share <= 1 for share in shares.values())


def test_the_loss_of_a_part_is_the_drop_in_log_probability_without_its_joints(
    make_model: Make, recipe_file: Path
) -> None:
    model = make_model("joint")
    windows = held_out_side(model, load_recipe(str(recipe_file), []))
    found = hidden_parts(model, open_engine(model, "torch"), windows, batch=6)
    grain = model.grains[1]
    assert found.parts == tuple(part.name for part in grain.parts)
    np.testing.assert_allclose(found.attention.sum(axis=1), 1, atol=1e-5)
    network, number = load_network(model), np.random.default_rng(1).permutation(len(windows))[0]
    x = torch.from_numpy(windows[number][0])[None]
    hidden = x.clone()
    hidden[:, :, :, list(grain.parts[2].joints)] = 0
    with torch.inference_mode():
        before, after = network(x).log_softmax(1)[0], network(hidden).log_softmax(1)[0]
    predicted = before.argmax()
    assert found.loss[0, 2] == pytest.approx(float(before[predicted] - after[predicted]), abs=1e-5)
    assert 0 <= found.agreement <= 1
    assert found.always_one >= 1 / len(found.parts)


def test_the_program_prints_the_accuracy_with_each_attention(
    make_model: Make, recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model("joint")
    assert main([str(model.folder), str(recipe_file)]) == 0
    printed = capsys.readouterr().out
    assert all(source in printed for source in (OWN, OTHERS, EVEN, LEFT_OUT))
    assert "6 held-out windows" in printed
    assert "the part with the most attention is also the part whose hiding costs most" in " ".join(printed.split())


def test_a_model_without_mcf_is_refused_in_one_line(
    make_model: Make, recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model("joint", mcf=False)
    assert main([str(model.folder), str(recipe_file)]) == 2
    assert capsys.readouterr().err == f"error: {model.name} has no MCF, so it has no attention\n"
