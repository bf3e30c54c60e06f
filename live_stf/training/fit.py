"""A training from a recipe to a model folder. The loop, checkpoints, precision, processes and logs are Lightning's."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, Timer, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console
from rich.table import Table

from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.model import Model, load_model
from live_stf.training.interruption import Interruption
from live_stf.training.learner import Classification
from live_stf.training.loading import Windows
from live_stf.training.model_folder import export_model, training_description
from live_stf.training.precision import choose_precision
from live_stf.training.processes import Processes
from live_stf.training.progress import Checkpoint, Progress
from live_stf.training.recipe import Recipe
from live_stf.training.samples import HeldOut, held_out_windows
from live_stf.training.selection import Selected, counts, open_store, prepare_missing_store, select, with_labels
from live_stf.training.start import Start, start_description
from live_stf.training.synchronized_norm import synchronize_norms


@dataclass(frozen=True)
class Trained:
    """The model that a training wrote, not measured yet, and the held-out windows to measure it on."""

    model: Model
    held_out: HeldOut


def fit(recipe: Recipe, console: Console, command: str | None = None) -> Trained | None:
    """Train a network and write the folder OUTPUT/model.

    The training continues from the newest checkpoint in OUTPUT/checkpoints that is whole. command: the command that
    started it, for the model's description. If several processes train, the first returns the model, the others None.

    Raises DataError if all checkpoints are damaged or there is no data to train on, and KeyboardInterrupt on Ctrl-C.
    """
    _hide_warnings()
    processes, progress = Processes.of_environment(), Progress(recipe.output)
    if not processes.first:
        console = Console(quiet=True)
    store = _open_store(recipe, processes)
    recipe = with_labels(recipe, store)
    selected = select(store, recipe)
    windows = Windows(store, selected, recipe, processes)
    if processes.first:
        _show_counts(selected, recipe, console)
        progress.begin(recipe)
    learner = _build_learner(recipe, processes)
    checkpoint = progress.last()
    start = _start_from_model(learner, recipe, checkpoint, console)
    clock, interruption = Timer(verbose=False), Interruption()
    trainer = _build_trainer(recipe, processes, progress, [clock, interruption])
    if checkpoint is not None:
        console.print(f"continuing from {checkpoint}", soft_wrap=True)
    try:
        with interruption:
            trainer.fit(learner, windows, ckpt_path=checkpoint.path if checkpoint else None, weights_only=True)
    except SystemExit as problem:  # Lightning raises it on Ctrl-C
        raise KeyboardInterrupt from problem
    if not processes.first:
        return None
    if start is not None:
        start.mix(learner.network, recipe.training.start_share)
    description = training_description(
        recipe,
        store,
        selected,
        command=command or f"python -m live_stf.train {recipe.name}",
        seconds=round(clock.time_elapsed("train")),
        processes=processes.count,
        start_from=learner.started_from,
    )
    model = export_model(learner.network, recipe, progress.model, description)
    return Trained(model, held_out_windows(store, selected, recipe))


def _open_store(recipe: Recipe, processes: Processes) -> Store:
    if processes.count > 1 and not Path(recipe.data.store).exists():
        raise DataError(
            f"{recipe.data.store} does not exist: run `live-stf data prepare` before several processes train"
        )
    prepare_missing_store(recipe)
    return open_store(recipe)


def _show_counts(selected: Sequence[Selected], recipe: Recipe, console: Console) -> None:
    table = Table("class", "clips to train on", "held out")
    for label, training, held_out in counts(selected, recipe):
        table.add_row(label, str(training), str(held_out))
    console.print(table)


def _build_learner(recipe: Recipe, processes: Processes) -> Classification:
    torch.set_num_threads(recipe.training.threads)
    lightning.seed_everything(recipe.training.seed, verbose=False)
    learner = Classification(recipe)
    if processes.count > 1:
        synchronize_norms(learner.network)
    return learner


def _start_from_model(
    learner: Classification, recipe: Recipe, checkpoint: Checkpoint | None, console: Console
) -> Start | None:
    """Load the weights of training.start_from into the network of a new training. None if they are not needed.

    A training that continues has its weights in the checkpoint; it needs these only to mix them in at the end.
    """
    settings = recipe.training
    if not settings.start_from or (checkpoint is not None and not settings.start_share):
        return None
    before = load_model(settings.start_from)
    start, learner.started_from = Start(before, recipe), start_description(before)
    if checkpoint is None:
        new = start.load_into(learner.network)
        anew = f"; random weights for: {', '.join(new)}" if new else ""
        console.print(f"starting from the weights of {before.folder}{anew}", soft_wrap=True)
    return start


class _ProgressBar(TQDMProgressBar):
    """Without the number of the log, which says nothing about the training."""

    def get_metrics(self, trainer: lightning.Trainer, learner: lightning.LightningModule) -> dict:
        return {name: value for name, value in super().get_metrics(trainer, learner).items() if name != "v_num"}


def _build_trainer(
    recipe: Recipe, processes: Processes, progress: Progress, callbacks: Sequence[lightning.Callback]
) -> lightning.Trainer:
    settings = recipe.training
    return lightning.Trainer(
        max_epochs=settings.epochs,
        accelerator="auto",
        devices=processes.local,
        num_nodes=processes.machines,
        strategy=processes.strategy,
        precision=choose_precision(settings.precision),
        callbacks=[
            # Without versions: last.ckpt is always the last one, even if a damaged one is in its place.
            ModelCheckpoint(
                progress.checkpoints, save_last=True, save_on_train_epoch_end=True, enable_version_counter=False
            ),
            LearningRateMonitor("epoch"),
            _ProgressBar(refresh_rate=10),
            *callbacks,
        ],
        logger=[
            CSVLogger(progress.folder, name="log"),
            TensorBoardLogger(progress.folder, name="tensorboard", version=""),
        ],
        check_val_every_n_epoch=settings.validate_every,
        num_sanity_val_steps=0,
        gradient_clip_val=settings.gradient_clip,
        enable_model_summary=False,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=1,
    )


def _hide_warnings() -> None:
    """Hide Lightning's warnings about settings that are intended here."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # Lightning calls functions that torch has deprecated, and recommends workers to recipes that use none.
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated")
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    # Trainings continue from the checkpoints in this folder.
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
