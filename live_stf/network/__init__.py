"""The networks in torch: STF-Net, the paper's network, and ST-GCN, its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from live_stf.errors import ModelError
from live_stf.network.st_gcn import STGCN
from live_stf.network.stf_net import STFNet
from live_stf.skeleton import SKELETONS

NETWORKS = {"stf-net": STFNet, "st-gcn": STGCN}


def build_network(description: Mapping[str, Any], classes: int) -> nn.Module:
    """Network of a description: {"architecture": "stf-net", "skeleton": "openpose18", switches ...}.

    Raises ModelError if the architecture, the skeleton or a switch is not known.
    """
    switches = dict(description)
    architecture, skeleton = switches.pop("architecture", None), switches.pop("skeleton", None)
    if architecture not in NETWORKS:
        raise ModelError(f"network {architecture!r} is not known, it can be one of {', '.join(NETWORKS)}")
    if skeleton not in SKELETONS:
        raise ModelError(f"skeleton {skeleton!r} is not known, it can be one of {', '.join(SKELETONS)}")
    try:
        return NETWORKS[architecture](SKELETONS[skeleton], classes, **switches)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"network {architecture}: {problem}") from problem
