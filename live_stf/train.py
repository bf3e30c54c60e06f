"""Train a network by a recipe: `python -m live_stf.train RECIPE [key=value ...]`.

The loop, checkpoints, precision and logs are Lightning's. A training that was interrupted goes on from its last
checkpoint when the same command is given again. At the end the model folder that the programs load lies in
OUTPUT/model: weights, description with the measured accuracy, and a README.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from live_stf.data.samples import held_out_windows, training_windows
from live_stf.data.selection import Selected, counts, open_store, select
from live_stf.data.store import Store
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import LiveStfError
from live_stf.evaluate import Report, measure, show
from live_stf.machine import machine
from live_stf.model import Model, load_model
from live_stf.model_card import write_model_card
from live_stf.network import build_network
from live_stf.optimizer import build_optimizer, build_schedule
from live_stf.preparation import Preparation
from live_stf.recipe import Recipe, load_recipe


class Windows(lightning.LightningDataModule):
    """Training windows of the current epoch and the held-out windows."""

    def __init__(self, store: Store, selected: list[Selected], recipe: Recipe) -> None:
        super().__init__()
        self.store, self.selected, self.recipe = store, selected, recipe

    def train_dataloader(self) -> DataLoader:
        epoch = self.trainer.current_epoch
        windows = training_windows(self.store, self.selected, self.recipe, epoch)
        settings = self.recipe.training
        return DataLoader(windows, settings.batch, num_workers=settings.workers, drop_last=True)

    def val_dataloader(self) -> DataLoader:
        windows = held_out_windows(self.store, self.selected, self.recipe)
        return DataLoader(windows, self.recipe.training.batch, num_workers=self.recipe.training.workers)


class Classification(lightning.LightningModule):
    """Cross entropy on a network's logits; AdamW under a one-cycle learning rate."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        classes = len(recipe.labels)
        self.network = build_network(recipe.network, classes)
        self.train_top1 = MulticlassAccuracy(classes, average="micro")
        self.top1 = MulticlassAccuracy(classes, average="micro")
        self.macro_f1 = MulticlassF1Score(classes, average="macro")

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, target = batch
        logits = self.network(x).float()
        loss = F.cross_entropy(logits, target, label_smoothing=self.recipe.training.label_smoothing)
        self.train_top1(logits, target)
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        self.log("train_top1", self.train_top1, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        x, target = batch
        logits = self.network(x).float()
        self.top1(logits, target)
        self.macro_f1(logits, target)
        self.log("top1", self.top1, prog_bar=True)
        self.log("macro_f1", self.macro_f1, prog_bar=True)

    def configure_optimizers(self) -> dict:
        settings = self.recipe.training
        optimizer = build_optimizer(self.parameters(), settings)
        schedule = build_schedule(optimizer, settings, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def train(recipe: Recipe, console: Console) -> Model:
    """Train, measure and write the folder OUTPUT/model; goes on from OUTPUT/checkpoints/last.ckpt if it is there."""
    settings, output = recipe.training, Path(recipe.output)
    store = open_store(recipe)
    selected = select(store, recipe)
    table = Table("class", "clips to train on", "held out")
    for label, training, held_out in counts(selected, recipe):
        table.add_row(label, str(training), str(held_out))
    console.print(table)

    torch.set_num_threads(settings.threads)
    lightning.seed_everything(settings.seed, verbose=False)
    checkpoints = ModelCheckpoint(output / "checkpoints", save_last=True, save_on_train_epoch_end=True)
    trainer = lightning.Trainer(
        max_epochs=settings.epochs,
        accelerator="auto",
        devices=1,
        precision=settings.precision,
        callbacks=[checkpoints, TQDMProgressBar(refresh_rate=10)],
        logger=CSVLogger(output, name="log"),
        check_val_every_n_epoch=settings.validate_every,
        num_sanity_val_steps=0,
        gradient_clip_val=settings.gradient_clip,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=20,
    )
    last = output / "checkpoints" / "last.ckpt"
    if last.is_file():
        console.print(f"going on from {last}")
    learner = Classification(recipe)
    try:
        trainer.fit(learner, Windows(store, selected, recipe), ckpt_path=last if last.is_file() else None)
    except SystemExit as ended:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from ended

    model = _export(learner, recipe)
    report = measure(TorchEngine(model), held_out_windows(store, selected, recipe))
    show(report, recipe.labels, console)
    return _describe(model, recipe, report, selected)


def _export(learner: Classification, recipe: Recipe) -> Model:
    model = Model(
        folder=Path(recipe.output) / "model",
        name=recipe.name,
        labels=tuple(recipe.labels),
        network=recipe.network,
        preparation=Preparation(**recipe.preparation),
        none_label=recipe.none_label,
        decision=recipe.decision,
    )
    model.save_description()
    state = {name: value.contiguous().cpu() for name, value in learner.network.state_dict().items()}
    save_file(state, model.weights)
    return load_model(model.folder)


def _describe(model: Model, recipe: Recipe, report: Report, selected: list[Selected]) -> Model:
    """The same model with its training and its measurement in model.json."""
    per_source = {
        name: {
            "terms": source.terms,
            "clips": sum(one.source == name and not one.held_out for one in selected),
            "held_out_clips": sum(one.source == name and one.held_out for one in selected),
            "held_out_subjects": list(source.held_out),
            **({"held_out_rule": f"every {source.held_out_every}th"} if source.held_out_every else {}),
        }
        for name, source in recipe.data.sources.items()
    }
    settings = recipe.training
    windows = settings.epochs * len(training_windows(open_store(recipe), selected, recipe, 0))
    training = {
        "command": f"python -m live_stf.train {recipe.name}",
        "epochs": settings.epochs,
        "windows": windows,
        "split": (
            f"by the protocol {recipe.data.protocol}"
            if recipe.data.protocol
            else "by subject: the held-out subjects of each source were never trained on"
        ),
        "data": per_source,
    }
    measured = {"machine": machine(), **report.as_dict()}
    described = dataclasses.replace(model, training=training, measured=measured)
    described.save_description()
    write_model_card(described)
    return described


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m live_stf.train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe: training.epochs=10")
    given = parser.parse_args(arguments)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # Lightning calls what torch has deprecated; nothing that a user could mend.
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated")
    console = Console()
    try:
        recipe = load_recipe(given.recipe, given.changes)
        model = train(recipe, console)
    except LiveStfError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    console.print(f"model: {model.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
