"""The processes of a training: one, or those that torchrun started, on this machine or several."""

from __future__ import annotations

import os
from dataclasses import dataclass

from lightning.fabric.plugins.environments import TorchElasticEnvironment

from live_stf.errors import DataError


@dataclass(frozen=True)
class Processes:
    """Number of processes on all machines and on this one (local), and the rank of this process."""

    count: int = 1
    local: int = 1
    rank: int = 0

    @classmethod
    def of_environment(cls) -> Processes:
        """The processes that torchrun started; a single one if torchrun did not start this process."""
        if not TorchElasticEnvironment.detect():
            return cls()
        return cls(*(int(os.environ[name]) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK")))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Windows of a step for each process. Raises DataError if the batch cannot be divided evenly."""
        if batch % self.count:
            raise DataError(
                f"training.batch is {batch}, which {self.count} processes cannot share evenly: use a multiple"
            )
        return batch // self.count

    @property
    def machines(self) -> int:
        """Number of machines."""
        return self.count // self.local

    @property
    def strategy(self) -> str:
        """Lightning's strategy: distributed data parallel if there are several processes."""
        return "ddp" if self.count > 1 else "auto"
