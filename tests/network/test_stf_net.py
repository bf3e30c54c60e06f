"""The paper's equations, each compared with a plain loop, and the properties that the project relies on."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from live_stf.errors import ModelError
from live_stf.network import STGCN, STFNet, build_network
from live_stf.network.graph import partition_adjacency
from live_stf.network.mcf import MCF
from live_stf.network.scn import SCN
from live_stf.network.stf_net import WIDTHS
from live_stf.network.tdf import TDF, widen_groups
from live_stf.skeleton import NTU_25, OPENPOSE_18, Skeleton, part_matrix
from tests.network.conftest import normalised, randomised, shortcut


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, NTU_25])
@pytest.mark.parametrize("channels", [(3, 8), (8, 8)])
def test_scn_is_equation_2(skeleton: Skeleton, channels: tuple[int, int]) -> None:
    c_in, c_out = channels
    graph = torch.from_numpy(partition_adjacency(skeleton))
    scn = randomised(SCN(c_in, c_out, graph))
    x = torch.randn(2, 5, len(skeleton), c_in)
    total = torch.zeros(2, 5, len(skeleton), c_out)
    for k in range(3):
        weight = scn.weight.weight.view(c_out, 3, c_in)[:, k]
        for target in range(len(skeleton)):
            for source in range(len(skeleton)):
                strength = graph[k, source, target] + scn.mask[k, source, target]
                total[:, :, target] += strength * (x[:, :, source] @ weight.T + scn.bias[k])
    expected = torch.relu(normalised(scn.norm, total) + shortcut(scn.shortcut, x))
    torch.testing.assert_close(scn(x), expected, atol=1e-4, rtol=1e-4)


def test_the_graph_mask_starts_as_the_graph_and_is_trainable() -> None:
    graph = torch.from_numpy(partition_adjacency(OPENPOSE_18))
    scn = SCN(3, 4, graph)
    torch.testing.assert_close(scn.mask.detach(), graph)
    scn(torch.randn(1, 4, 18, 3)).sum().backward()
    assert scn.mask.grad.abs().sum() > 0
    assert not scn.graph.requires_grad


@pytest.mark.parametrize(("skeleton", "grains"), [(OPENPOSE_18, 1), (OPENPOSE_18, 2), (NTU_25, 3)])
def test_mcf_is_equations_3_to_7(skeleton: Skeleton, grains: int) -> None:
    """Here keys and values are pooled over the parts of each grain, as in the paper."""
    matrices = [torch.from_numpy(part_matrix(grain, len(skeleton))) for grain in skeleton.use_grains(grains)]
    mcf = randomised(MCF(16, matrices))
    x = torch.randn(2, 5, len(skeleton), 16)
    out, attention = mcf(x)

    reduced = x @ mcf.reduce.weight.T + mcf.reduce.bias
    query, key, value = (
        reduced @ layer.weight.T + layer.bias for layer in (mcf.query, mcf.key, mcf.value)
    )  # (N, T, V, C/4)
    context, rows = torch.zeros_like(query), []
    for number, grain in enumerate(skeleton.use_grains(grains)):
        pooled_key = torch.stack([key[:, :, list(part.joints)].mean(dim=2) for part in grain.parts], dim=2)
        pooled_value = torch.stack([value[:, :, list(part.joints)].mean(dim=2) for part in grain.parts], dim=2)
        similarity = torch.zeros(2, len(skeleton), len(grain.parts))
        for v in range(len(skeleton)):
            for u in range(len(grain.parts)):
                dot = (query[:, :, v] * pooled_key[:, :, u]).sum(dim=(1, 2))
                similarity[:, v, u] = dot / math.sqrt(5 * 4)
        matrix = torch.exp(similarity) / torch.exp(similarity).sum(dim=2, keepdim=True)
        rows.append(matrix)
        for v in range(len(skeleton)):
            for u in range(len(grain.parts)):
                context[:, :, v] += mcf.grain_weight[number] * matrix[:, v, u, None, None] * pooled_value[:, :, u]
    expected = torch.relu(x + normalised(mcf.norm, context @ mcf.restore.weight.T + mcf.restore.bias))
    torch.testing.assert_close(out, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(attention, torch.cat(rows, dim=-1), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("motion", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_tdf_is_equations_8_and_9_and_the_grouped_convolution(motion: bool, stride: int, kernel: int) -> None:
    channels, frames, joints = 16, 10, 4
    tdf = randomised(TDF(channels, kernel, motion, 9, stride))
    x = torch.randn(2, frames, joints, channels)

    pooled = torch.stack([sum(x[:, t, v] for v in range(joints)) / joints for t in range(frames)], dim=1)  # (N, T, C)
    if motion:
        steps = [pooled[:, t + 1] - pooled[:, t] for t in range(frames - 1)]
        pooled = torch.stack([*steps, torch.zeros_like(steps[0])], dim=1)

    def over_time(layer: nn.Conv1d, x: Tensor) -> Tensor:
        out = layer.bias.expand(2, frames, -1).clone()
        for t in range(frames):
            for tap in range(kernel):
                if 0 <= t + tap - kernel // 2 < frames:
                    out[:, t] += x[:, t + tap - kernel // 2] @ layer.weight[:, :, tap].T
        return out

    hidden = torch.relu(normalised(tdf.squeeze_norm, over_time(tdf.squeeze, pooled)))
    gate = torch.sigmoid(over_time(tdf.excite, hidden))
    excited = x * (1 + gate.unsqueeze(2))

    weight, bias = tdf.temporal.convolution.weight, tdf.temporal.convolution.bias
    assert tdf.temporal.convolution.groups == channels // 4
    out = torch.zeros(2, len(range(0, frames, stride)), joints, channels)
    for row, t in enumerate(range(0, frames, stride)):
        for c in range(channels):
            group = slice(c // 4 * 4, c // 4 * 4 + 4)
            out[:, row, :, c] = bias[c]
            for tap in range(9):
                if 0 <= t + tap - 4 < frames:
                    out[:, row, :, c] += excited[:, t + tap - 4, :, group] @ weight[c, :, tap, 0]
    torch.testing.assert_close(tdf(x), normalised(tdf.temporal.norm, out), atol=1e-4, rtol=1e-4)


def parameters(network: nn.Module) -> float:
    """Trainable parameters in millions."""
    return sum(value.numel() for value in network.parameters() if value.requires_grad) / 1e6


def test_sizes_match_the_paper() -> None:
    assert 1.65 <= parameters(STFNet(NTU_25, 60)) <= 1.75
    assert 3.0 <= parameters(STGCN(NTU_25, 60)) <= 3.2
    assert parameters(STFNet(NTU_25, 60, mcf=False, tdf=False)) == pytest.approx(3.1, abs=0.05)


SWITCHES = [
    (OPENPOSE_18, {}),
    (OPENPOSE_18, {"grains": 1}),
    (OPENPOSE_18, {"grains": 2, "tdf_kernel": 3, "tdf_motion": True}),
    (NTU_25, {"grains": 1}),
    (NTU_25, {"grains": 2, "tdf_kernel": 7}),
    (NTU_25, {"grains": 3, "present_only": True}),
    (NTU_25, {"mcf": False}),
    (NTU_25, {"tdf": False}),
    (OPENPOSE_18, {"mcf": False, "tdf": False}),
]


@pytest.mark.parametrize(("skeleton", "switches"), SWITCHES, ids=lambda value: getattr(value, "name", str(value)))
def test_every_switch_gives_logits_attention_and_gradients(skeleton: Skeleton, switches: dict) -> None:
    network = STFNet(skeleton, 7, **switches)
    x = torch.randn(2, 3, 20, len(skeleton), 2)
    logits, attention = network(x, attention=True)
    assert logits.shape == (2, 7)
    if switches.get("mcf", True):
        used = skeleton.use_grains(switches.get("grains", len(skeleton.grains) + 1))
        assert network.grain_sizes == tuple(len(grain.parts) for grain in used)
        assert attention.shape == (2, 2, 6, len(skeleton), sum(network.grain_sizes))
        for part in attention.split(network.grain_sizes, dim=-1):
            torch.testing.assert_close(part.sum(dim=-1), torch.ones(2, 2, 6, len(skeleton)))
    else:
        assert attention.shape == (2, 2, 0, len(skeleton), 0)
    network(x).sum().backward()
    assert all(value.grad is not None for value in network.parameters())


def test_time_is_halved_twice() -> None:
    network = STFNet(OPENPOSE_18, 5).eval()
    features, _ = network.features(torch.randn(1, 3, 150, 18, 1))
    assert features.shape == (1, 38, 18, WIDTHS[-1])


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, NTU_25])
def test_features_and_attention_of_a_body_do_not_depend_on_an_absent_one(skeleton: Skeleton) -> None:
    network = randomised(STFNet(skeleton, 5)).double()
    alone = torch.randn(2, 3, 24, len(skeleton), 1, dtype=torch.float64)
    with_absent = torch.cat([alone, torch.zeros_like(alone)], dim=-1)
    one, attention_one = network.features(alone)
    two, attention_two = network.features(with_absent)
    torch.testing.assert_close(two.view(2, 2, *one.shape[1:])[:, 0], one)
    for a, b in zip(attention_one, attention_two, strict=True):
        torch.testing.assert_close(b.view(2, 2, *a.shape[1:])[:, 0], a)


def test_present_only_ignores_absent_bodies() -> None:
    network = randomised(STFNet(OPENPOSE_18, 5, present_only=True)).double()
    alone = torch.randn(2, 3, 24, 18, 1, dtype=torch.float64)
    with_absent = torch.cat([alone, torch.zeros_like(alone)], dim=-1)
    torch.testing.assert_close(network(with_absent), network(alone))
    network.present_only = False
    assert not torch.allclose(network(with_absent), network(alone), atol=1e-3)


def test_samples_of_a_batch_do_not_affect_each_other() -> None:
    network = randomised(STFNet(OPENPOSE_18, 5)).double()
    x = torch.randn(3, 3, 24, 18, 1, dtype=torch.float64)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]))


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"architecture": "gpt", "skeleton": "ntu25"}, "gpt"),
        ({"architecture": "stf-net", "skeleton": "snake"}, "snake"),
        ({"architecture": "stf-net", "skeleton": "ntu25", "colour": "red"}, "colour"),
        ({"architecture": "stf-net", "skeleton": "openpose18", "grains": 3}, "grains"),
    ],
)
def test_an_unknown_description_is_refused_and_named(description: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build_network(description, 5)


def test_scn_has_the_values_and_gradients_of_the_plain_formulation() -> None:
    """Compare one product per frame with one einsum over everything."""
    scn = randomised(SCN(6, 8, torch.from_numpy(partition_adjacency(OPENPOSE_18)))).double()
    x = torch.randn(2, 5, 18, 6, dtype=torch.float64, requires_grad=True)

    def plain() -> Tensor:
        graph = scn.graph + scn.mask
        weight = scn.weight.weight.view(8, 3, 6)
        spread = torch.einsum("ntvi,oki->ntkvo", x, weight) + scn.bias[:, None]
        total = torch.einsum("ntkvo,kvw->ntwo", spread, graph)
        return torch.relu(normalised(scn.norm, total) + shortcut(scn.shortcut, x))

    same_values_and_gradients(scn, x, lambda: scn(x), plain)


def test_mcf_has_the_values_and_gradients_of_the_plain_formulation() -> None:
    matrices = [torch.from_numpy(part_matrix(grain, 18)) for grain in OPENPOSE_18.use_grains(2)]
    mcf = randomised(MCF(16, matrices)).double()
    x = torch.randn(2, 5, 18, 16, dtype=torch.float64, requires_grad=True)

    def plain() -> Tensor:
        reduced = mcf.reduce(x)
        query, key, value = mcf.query(reduced), mcf.key(reduced), mcf.value(reduced)
        context = 0
        for weight, part in zip(mcf.grain_weight, mcf.parts.split(mcf.sizes, dim=1), strict=True):
            pooled_key = torch.einsum("ntvc,vu->ntuc", key, part)
            similarity = torch.einsum("ntvc,ntuc->nvu", query, pooled_key) / math.sqrt(5 * 4)
            pooled_value = torch.einsum("ntvc,vu->ntuc", value, part)
            context = context + weight * torch.einsum("nvu,ntuc->ntvc", similarity.softmax(dim=-1), pooled_value)
        return torch.relu(x + normalised(mcf.norm, mcf.restore(context)))

    same_values_and_gradients(mcf, x, lambda: mcf(x)[0], plain)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("motion", [False, True])
def test_tdf_has_the_values_and_gradients_of_the_plain_formulation(stride: int, motion: bool) -> None:
    """Compare channels last and groups widened with zeros with the plain layers."""
    tdf = randomised(TDF(32, 5, motion, 9, stride)).double()
    x = torch.randn(2, 11, 4, 32, dtype=torch.float64, requires_grad=True)

    def plain() -> Tensor:
        pooled = x.mean(dim=2).transpose(1, 2)
        if motion:
            pooled = nn.functional.pad(pooled[..., 1:] - pooled[..., :-1], (0, 1))
        gate = torch.sigmoid(tdf.excite(torch.relu(tdf.squeeze_norm(tdf.squeeze(pooled)))))
        excited = x * (1 + gate.transpose(1, 2).unsqueeze(2))
        out = tdf.temporal.convolution(excited.permute(0, 3, 1, 2))
        return normalised(tdf.temporal.norm, out.permute(0, 2, 3, 1))

    assert tdf.temporal.convolution.weight.shape == (32, 4, 9, 1)
    same_values_and_gradients(tdf, x, lambda: tdf(x), plain)


def same_values_and_gradients(
    module: nn.Module, x: Tensor, fast: Callable[[], Tensor], plain: Callable[[], Tensor]
) -> None:
    wanted = [x, *module.parameters()]
    outputs = [fast(), plain()]
    torch.testing.assert_close(outputs[0], outputs[1])
    weights = torch.randn_like(outputs[0])
    gradients = [torch.autograd.grad(output, wanted, weights) for output in outputs]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
    assert gradients[0][0].abs().sum() > 0


@pytest.mark.parametrize("group", [4, 8, 16])
def test_wider_groups_give_the_same_convolution(group: int) -> None:
    weight, x = torch.randn(32, 4, 9, 1), torch.randn(2, 32, 20, 5)
    expected = nn.functional.conv2d(x, weight, groups=8)
    actual = nn.functional.conv2d(x, widen_groups(weight, group), groups=32 // group)
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)
