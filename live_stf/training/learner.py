"""The Lightning module of a training: a network with cross entropy and the recipe's optimizer and schedule."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from live_stf.errors import DataError
from live_stf.network import build_network
from live_stf.training.optimizer import build_optimizer, build_schedule
from live_stf.training.recipe import Recipe

STARTED_FROM = "start_from"  # key in a checkpoint


class Classification(lightning.LightningModule):
    """Cross entropy on a network's logits.

    started_from: description of the weights that the training started from
    (`live_stf.training.start.start_description`). It is empty if they were random, or if the training continues and no
    longer needs them. Checkpoints keep it, because the folder may hold another model later. Raises DataError if a
    checkpoint started from other weights.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.started_from: dict[str, Any] = {}
        classes = len(recipe.labels)
        self.network = build_network(recipe.network, classes)
        self.train_top1 = MulticlassAccuracy(classes, average="micro")
        self.top1 = MulticlassAccuracy(classes, average="micro")
        self.macro_f1 = MulticlassF1Score(classes, average="macro")

    def _logits(self, x: Tensor) -> Tensor:
        """Logits in fp32 or more, whatever precision the network computes in."""
        logits = self.network(x)
        return logits.to(torch.promote_types(logits.dtype, torch.float32))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[STARTED_FROM] = self.started_from

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        kept, given = checkpoint[STARTED_FROM], self.started_from
        if given and given["hash"] != kept.get("hash"):
            raise DataError(
                f"training.start_from: {given['model']} has other weights ({given['hash'][:8]}) than this "
                f"training began with ({kept.get('hash', 'random')[:8]}), and training.start_share needs those: put "
                "them back, or remove training.start_share"
            )
        self.started_from = kept

    def on_train_epoch_start(self) -> None:
        # Random numbers in the network depend on seed, epoch and process only, so an interruption changes nothing.
        torch.manual_seed((self.recipe.training.seed * 100_003 + self.current_epoch) * 1009 + self.global_rank)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, target = batch
        logits = self._logits(x)
        loss = F.cross_entropy(logits, target, label_smoothing=self.recipe.training.label_smoothing)
        self.train_top1(logits, target)
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True, sync_dist=True)
        self.log("train_top1", self.train_top1, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        x, target = batch
        logits = self._logits(x)
        self.top1(logits, target)
        self.macro_f1(logits, target)
        self.log("top1", self.top1, prog_bar=True)
        self.log("macro_f1", self.macro_f1, prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        settings = self.recipe.training
        optimizer = build_optimizer(self.parameters(), settings)
        schedule = build_schedule(optimizer, settings, settings.epochs, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
