"""Train a network by a recipe: `python -m live_stf.train RECIPE [key=value ...]`.

The loop, checkpoints, precision, processes and logs are Lightning's. A training that was interrupted, however, goes on
from its last checkpoint when the same command is given again, to the same weights. At the end the model folder that the
programs load lies in OUTPUT/model: weights, description with the measured accuracy, and a README.

Several processes, on one machine or several: `torchrun --nproc-per-node 2 -m live_stf.train RECIPE`. They share every
batch, batch norms included, and learn what one process would.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, Timer, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console
from rich.table import Table
from safetensors.torch import save

from live_stf.cli.program import INTERRUPTED, WRONG, print_error
from live_stf.data.store import Store
from live_stf.decision import DecisionSettings
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import DataError, LiveStfError
from live_stf.evaluation.report import Report, measure, show
from live_stf.model import Model, load_model
from live_stf.preparation import Preparation
from live_stf.runtime.devices import detect
from live_stf.runtime.machine import machine
from live_stf.training.interruption import Interruption
from live_stf.training.learner import Classification
from live_stf.training.loading import Windows
from live_stf.training.model_card import write_model_card
from live_stf.training.precision import choose_precision
from live_stf.training.processes import Processes
from live_stf.training.progress import Progress
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import held_out_windows, training_windows
from live_stf.training.selection import Selected, counts, open_store, prepare_missing_store, select, with_labels
from live_stf.training.speed import measure_speed
from live_stf.training.start import Start, weights_before
from live_stf.training.synchronized_norm import synchronize_norms


def train(recipe: Recipe, console: Console, command: str | None = None) -> Model | None:
    """Train, measure and write the folder OUTPUT/model; goes on from OUTPUT/checkpoints/last.ckpt if it is there.

    Where that is damaged, from the newest other checkpoint that is whole. command: what started it, for the model's
    description. Of several processes the first returns the model, the others None. DataError when there are only
    damaged checkpoints, or no data to train on.
    """
    settings, processes, progress = recipe.training, Processes.of_environment(), Progress(recipe.output)
    if processes.count > 1 and not Path(recipe.data.store).exists():
        raise DataError(f"{recipe.data.store} is not there: prepare the data in one process before several train on it")
    prepare_missing_store(recipe)
    store = open_store(recipe)
    recipe = with_labels(recipe, store)
    selected = select(store, recipe)
    windows = Windows(store, selected, recipe, processes)
    if processes.first:
        _show_counts(selected, recipe, console)
        progress.begin(recipe)

    torch.set_num_threads(settings.threads)
    lightning.seed_everything(settings.seed, verbose=False)
    learner = Classification(recipe)
    if processes.count > 1:
        synchronize_norms(learner.network)
    clock = Timer(verbose=False)
    interruption = Interruption()
    trainer = _trainer(recipe, processes, progress, [clock, interruption])
    last, problem = progress.last()
    start = None
    # A training that goes on has these weights behind it, unless they are to be mixed with its own at the end.
    if settings.start_from and (last is None or settings.start_share):
        before = load_model(settings.start_from)
        start, learner.begun = Start(before, recipe), weights_before(before)
        if last is None:
            new = start.give(learner.network)
            if processes.first:
                anew = f"; beginning anew: {', '.join(new)}" if new else ""
                console.print(f"starting from the weights of {before.folder}{anew}", soft_wrap=True)
    if last is not None and processes.first:
        console.print(f"going on from {last}" + (f": {problem}" if problem else ""), soft_wrap=True)
    try:
        with interruption:
            trainer.fit(learner, windows, ckpt_path=last, weights_only=True)
    except SystemExit as ended:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from ended
    if not processes.first:
        return None

    training = {
        "command": command or f"python -m live_stf.train {recipe.name}",
        "seed": settings.seed,
        "epochs": settings.epochs,
        "windows": _windows_seen(store, selected, recipe),
        "seconds": round(clock.time_elapsed("train")),
        "processes": processes.count,
        "precision": choose_precision(settings.precision),
        "machine": _machine(),
        **({"start_from": learner.begun} if learner.begun else {}),
        **_split(recipe, selected),
    }
    if start is not None:
        start.mix(learner.network, settings.start_share)
    model = _export(learner, recipe, progress.model, training)
    report = measure(TorchEngine(model), held_out_windows(store, selected, recipe))
    show(report, recipe.labels, console)
    return _describe(model, report)


def _show_counts(selected: Sequence[Selected], recipe: Recipe, console: Console) -> None:
    table = Table("class", "clips to train on", "held out")
    for label, training, held_out in counts(selected, recipe):
        table.add_row(label, str(training), str(held_out))
    console.print(table)


class _ProgressBar(TQDMProgressBar):
    """Without the number of the log, which says nothing about the training."""

    def get_metrics(self, trainer: lightning.Trainer, learner: lightning.LightningModule) -> dict:
        return {name: value for name, value in super().get_metrics(trainer, learner).items() if name != "v_num"}


def _trainer(
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
            # Without versions: last.ckpt is always the last, also where a damaged one is in its place.
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


def _machine() -> str:
    """This machine with its GPU: where there is one, Lightning trains on it, and the torch engine measures on it."""
    return machine(detect().gpu)


def _windows_seen(store: Store, selected: Sequence[Selected], recipe: Recipe) -> int:
    batch = recipe.training.batch
    return recipe.training.epochs * (len(training_windows(store, selected, recipe, 0)) // batch) * batch


def _export(learner: Classification, recipe: Recipe, folder: Path, training: dict) -> Model:
    """The model on disk. It can be used from now on, so it says what it was trained on before it is measured."""
    model = Model(
        folder=folder,
        name=recipe.name,
        labels=tuple(recipe.labels),
        network=recipe.network,
        preparation=Preparation(**recipe.preparation),
        decision=DecisionSettings.of(recipe.decision, recipe.none_label),
        training=training,
    )
    model.save_description()
    state = {name: value.contiguous().cpu() for name, value in learner.network.state_dict().items()}
    # Not save_file: it lets nobody but the owner read them, whatever the umask says.
    model.weights.write_bytes(save(state))
    return load_model(model.folder)


def _split(recipe: Recipe, selected: Sequence[Selected]) -> dict:
    """What was trained on and what was held out, by source, for model.json."""
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
    if recipe.data.protocol is not None:
        for row in per_source.values():
            del row["held_out_subjects"]
        return {"protocol": recipe.data.protocol, "data": per_source}
    return {"split": "by subject: the held-out subjects of each source were never trained on", "data": per_source}


def _describe(model: Model, report: Report) -> Model:
    """The same model with its measurement in model.json, and its README."""
    described = dataclasses.replace(model, measured={"machine": _machine(), **report.as_dict()})
    described.save_description()
    write_model_card(described)
    return described


def _quiet() -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # Lightning calls what torch has deprecated, and recommends workers where the recipe wants none.
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated")
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    # Going on from checkpoints is what the folder is for.
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")


# What says where things lie, not what is learned.
_PLACES = ("data.root=", "data.store=", "output=")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="live-stf train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe: training.epochs=10")
    parser.add_argument("--measure", action="store_true", help="measure how fast the network learns, beside ST-GCN")
    given = parser.parse_intermixed_args(arguments)
    _quiet()
    console, first = Console(), Processes.of_environment().first
    try:
        recipe = load_recipe(given.recipe, given.changes)
        if given.measure:
            measure_speed(recipe, console)
            return 0
        changes = [change for change in given.changes if not change.startswith(_PLACES)]
        model = train(recipe, console, shlex.join(["python", "-m", "live_stf.train", recipe.name, *changes]))
    except LiveStfError as problem:
        if first:
            print_error(problem)
        return WRONG
    except KeyboardInterrupt:
        if first:
            print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
    if model is not None:
        console.print(f"model: {model.folder}")
    return 0
