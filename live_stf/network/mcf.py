"""Multi-grain contextual focus of STF-Net (section III-B, equations 3 to 7)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.scn import ChannelNorm

REDUCTION = 4  # alpha: C is reduced to C / 4 for query, key and value
# What the similarity of a query and a key, summed over T frames and c channels, is divided by before the softmax:
# "terms" sqrt(T * c), "none" 1; "cosine" the lengths of both over frames and channels, and it is then multiplied by a
# learned steepness of at most STEEPEST.
ATTENTION_SCALES = ("terms", "none", "cosine")
STEEPEST = 8.0
SMALLEST_SQUARE = 1e-12  # lower bound of a squared length that is divided by


def attention_divisor(scale: str, frames: int, channels: int) -> float:
    """Divisor of the similarities before the softmax for the scales "terms" and "none", see ATTENTION_SCALES."""
    return math.sqrt(frames * channels) if scale == "terms" else 1.0


def inverse_length(x: Tensor) -> Tensor:
    """1 / sqrt(sum over frames and channels of x^2), in fp32 or better: (N, T, V, C) -> (N, V).

    A joint without any feature has length zero and similarity zero.
    """
    exact = torch.promote_types(x.dtype, torch.float32)
    return (x * x).sum(dim=3).sum(dim=1, dtype=exact).clamp(min=SMALLEST_SQUARE).rsqrt()


class MCF(nn.Module):
    """Multi-grain contextual focus (eq. 3-7). Returns features like its input and the attention (N, V, U).

    parts: a matrix (V, U_i) for every grain. scale: one of ATTENTION_SCALES.

    The paper pools key and value over the parts of every grain. Pooling is linear, so it is done here on the (V, V)
    similarities instead of on the features: Q (P^T K)^T = (Q K^T) P and M (P^T V) = (M P^T) V.
    """

    def __init__(self, channels: int, parts: list[Tensor], scale: str = "terms") -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.scale = scale
        self.sizes = [matrix.shape[1] for matrix in parts]
        self.parts = nn.Buffer(torch.cat(parts, dim=1), persistent=False)  # (V, U)
        self.reduce = nn.Linear(channels, inner)
        self.query = nn.Linear(inner, inner)
        self.key = nn.Linear(inner, inner)
        self.value = nn.Linear(inner, inner)
        if scale == "cosine":
            self.steepness_logit = nn.Parameter(torch.zeros(()))
        self.grain_weight = nn.Parameter(torch.full((len(parts),), 1.0 / len(parts)))
        self.restore = nn.Linear(inner, channels)
        self.norm = ChannelNorm(channels)

    @property
    def steepness(self) -> Tensor:
        """Factor of a cosine before the softmax, between 0 and STEEPEST."""
        return STEEPEST * torch.sigmoid(self.steepness_logit)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n, t, v, _ = x.shape
        reduced = self.reduce(x)
        query, key, value = self.query(reduced), self.key(reduced), self.value(reduced)  # (N, T, V, C/4)
        # Time and channels are both summed over: frame by frame, so that the features need no transpose.
        frames = torch.bmm(query.flatten(0, 1), key.flatten(0, 1).transpose(1, 2))  # (N*T, V, V)
        # fp32 under autocast for the sum and the softmax.
        summed = frames.view(n, t, v, v).sum(dim=1, dtype=self.parts.dtype)
        if self.scale == "cosine":
            lengths = inverse_length(query).unsqueeze(2) * inverse_length(key).unsqueeze(1)
            similarity = summed * lengths * self.steepness
        else:
            similarity = summed / attention_divisor(self.scale, t, query.shape[-1])
        logits = similarity @ self.parts  # (N, V, U)
        attention = [part.softmax(dim=-1) for part in logits.split(self.sizes, dim=-1)]
        weighted = torch.cat([m * w for m, w in zip(attention, self.grain_weight.unbind(), strict=True)], dim=-1)
        mix = weighted @ self.parts.T  # (N, V, V)
        context = torch.matmul(mix.to(value.dtype).unsqueeze(1), value)
        return F.relu(x + self.norm(self.restore(context))), torch.cat(attention, dim=-1)
