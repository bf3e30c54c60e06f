"""The windows of an epoch in batches, divided among processes."""

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

    training.batch is the batch of all processes together: each takes its share of the windows of a step, so that
    several processes see in a step what one would see. Raises DataError if the batch cannot be divided evenly.
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
            # The windows are in the order of the epoch already. The processes take turns, so their n-th batches
            # together are the n-th batch of a single process.
            sampler = DistributedSampler(
                windows, self.processes.count, self.processes.rank, shuffle=False, drop_last=drop_last
            )
        workers = self.recipe.training.workers
        return DataLoader(windows, self.share, sampler=sampler, num_workers=workers, drop_last=drop_last)
