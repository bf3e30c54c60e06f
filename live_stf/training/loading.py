"""The windows of every epoch as batches, shared out between processes."""

from __future__ import annotations

import lightning
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from live_stf.data.store import Store
from live_stf.training.processes import Processes
from live_stf.training.recipe import Recipe
from live_stf.training.samples import held_out_windows, training_windows
from live_stf.training.selection import Selected


class Windows(lightning.LightningDataModule):
    """Training windows of the current epoch, and the held-out windows.

    training.batch is the batch of all processes together: of every step's windows each takes its share, so that
    several processes see in a step what one would see. DataError when the batch cannot be shared out evenly.
    """

    def __init__(self, store: Store, selected: list[Selected], recipe: Recipe, processes: Processes) -> None:
        super().__init__()
        self.store, self.selected, self.recipe, self.processes = store, selected, recipe, processes
        self.share = processes.share(recipe.training.batch)

    def train_dataloader(self) -> DataLoader:
        epoch = self.trainer.current_epoch if self.trainer else 0
        return self._loader(training_windows(self.store, self.selected, self.recipe, epoch), drop_last=True)

    def val_dataloader(self) -> DataLoader:
        return self._loader(held_out_windows(self.store, self.selected, self.recipe), drop_last=False)

    def _loader(self, windows: Dataset, drop_last: bool) -> DataLoader:
        sampler: DistributedSampler | None = None
        if self.processes.count > 1:
            # The order of an epoch is in the windows already. Taking turns, the processes' n-th batches together are
            # the n-th batch of a single process.
            sampler = DistributedSampler(
                windows, self.processes.count, self.processes.rank, shuffle=False, drop_last=drop_last
            )
        workers = self.recipe.training.workers
        return DataLoader(windows, self.share, sampler=sampler, num_workers=workers, drop_last=drop_last)
