"""The processes of a training: one, or those that torchrun started, on this machine or several."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lightning.fabric.plugins.environments import TorchElasticEnvironment

from live_stf.errors import DataError


@dataclass(frozen=True)
class Processes:
    """count: of all machines. local: of this machine. rank: this one's number, 0 for the one that writes and prints."""

    count: int = 1
    local: int = 1
    rank: int = 0

    @classmethod
    def of_environment(cls) -> Processes:
        """As torchrun says in the environment; a single process where it did not start this one."""
        if not TorchElasticEnvironment.detect():
            return cls()
        return cls(*(int(os.environ[name]) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK")))

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Windows of a step for each process. DataError when the batch cannot be shared out evenly."""
        if batch % self.count:
            raise DataError(f"training.batch is {batch}, which {self.count} processes cannot share evenly")
        return batch // self.count

    @property
    def machines(self) -> int:
        return self.count // self.local

    @property
    def strategy(self) -> str:
        """Lightning's strategy: its own distributed data parallel where there are several."""
        return "ddp" if self.count > 1 else "auto"
