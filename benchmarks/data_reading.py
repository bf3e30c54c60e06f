"""Measures reading and loading: `python -m benchmarks.data_reading [--clips N] [--frames N] [--workers N]`.

The data set is a temporary folder with the layout of Kinetics-skeleton. It holds a few different clips under many names
(hard links), so that 240,000 files fit on any disk. Files come from the page cache: the figures do not include the
speed of a disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from rich.console import Console
from rich.progress import track

from live_stf.cli.program import run_command
from live_stf.data.clip import Clip
from live_stf.data.reader import open_reader
from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.runtime.machine import cores, describe_machine

DIFFERENT = 64  # clips with different content
BODIES = 2
DAMAGED = 100  # one of this many files is empty
READ = 200  # files that are read for the comparison of readers
BATCH, FRAMES = 16, 150
ROUNDS = 7
CLASSES = 400

_T = TypeVar("_T")

_RECIPE = """
name: bench
preparation: {{frames: 150, span: 5.0, coordinates: kinetics}}
augmentation: [random choose, random move]
data:
  root: {root}
  store: {store}
  protocol: subset
  sources:
    kinetics: {{reader: kinetics, options: {{sets: [train]}}, folder: "", terms: made by the benchmark}}
"""


def make_folder(root: Path, clips: int, frames: int) -> list[Path]:
    """Write `clips` files in the published layout below `root`; returns the paths of the different ones."""
    rng = np.random.default_rng(0)
    folder = root / "kinetics_train"
    folder.mkdir(parents=True)
    labels = {}
    templates = []
    for number in range(min(clips, DIFFERENT)):
        data = [
            {
                "frame_index": frame + 1,
                "skeleton": [_made_body(rng) for _ in range(BODIES)],
            }
            for frame in range(frames)
        ]
        template = folder / f"clip{number:06d}.json"
        template.write_bytes(orjson.dumps({"data": data, "label": "made", "label_index": number % CLASSES}))
        templates.append(template)
    empty = root / "empty.json"
    empty.touch()
    for number in track(range(clips), "making files", console=Console(stderr=True), transient=True):
        name = f"clip{number:06d}"
        index = number % CLASSES
        labels[name] = {"has_skeleton": True, "label": f"action {index:03d}", "label_index": index}
        if number >= len(templates):
            os.link(empty if number % DAMAGED == 0 else templates[number % DIFFERENT], folder / f"{name}.json")
    (root / "kinetics_train_label.json").write_bytes(orjson.dumps(labels))
    return templates


def _made_body(rng: np.random.Generator) -> dict[str, list[float]]:
    """One body as the files hold it; a tenth of its joints is absent."""
    score = rng.random(18).round(3) * (rng.random(18) > 0.1)
    return {"pose": (rng.random((18, 2)).round(3) * (score > 0)[:, None]).ravel().tolist(), "score": score.tolist()}


def read_in_loops(path: Path) -> np.ndarray:
    """An array (3, 300, 18, 2) as the usual reader fills it: body by body, two bodies of each frame."""
    with path.open(encoding="utf-8") as file:
        content = json.load(file)
    data = np.zeros((3, 300, 18, BODIES))
    for frame in content["data"]:
        index = frame["frame_index"] - 1
        for number, body in enumerate(frame["skeleton"]):
            if number >= BODIES:
                break
            data[0, index, :, number] = body["pose"][0::2]
            data[1, index, :, number] = body["pose"][1::2]
            data[2, index, :, number] = body["score"]
    return data


def compare_readers(templates: list[Path]) -> tuple[float, float]:
    """Median seconds per file of the usual reader and of ours, which take turns. Raises DataError if they differ."""
    reader = open_reader("kinetics")
    items = {item.path: item for item in reader.items(templates[0].parent.parent, sets=["train"])}
    usual, ours = [], []
    for round_ in range(max(1, READ // len(templates))):
        for path in templates:
            begin = time.perf_counter()
            data = read_in_loops(path)
            middle = time.perf_counter()
            (clip,) = reader.read_item(items[str(path)], sets=["train"])
            end = time.perf_counter()
            usual.append(middle - begin)
            ours.append(end - middle)
            if round_ == 0:
                if not isinstance(clip, Clip):
                    raise DataError(f"{path}: {clip.reason}")
                read = np.concatenate([clip.coordinates[..., :2], clip.scores[..., None]], axis=-1)
                if not np.array_equal(read.transpose(3, 1, 2, 0), data[:, : clip.frames].astype(np.float32)):
                    raise DataError(f"{path}: the two readers do not read the same")
    return float(np.median(usual)), float(np.median(ours))


def time_preparation(root: Path, workers: int) -> tuple[float, float]:
    """Seconds that `live-stf data prepare` takes, and the largest resident size of its processes in bytes."""
    recipe = root / "bench.yaml"
    recipe.write_text(_RECIPE.format(root=root, store=root / "store"))
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "live_stf", "data", "prepare", str(recipe), "--workers", str(workers)]
    )
    _, status, usage = os.wait4(process.pid, 0)  # maxrss is that of the largest among the process and its workers
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise DataError(f"prepare ended with exit status {process.returncode}")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024.0


def compare_loading(root: Path) -> tuple[float, float]:
    """Median seconds for loading a batch of training windows in one process, and for a training step on all cores."""
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader

    from live_stf.network import build_network
    from live_stf.training.recipe import load_recipe
    from live_stf.training.samples import training_windows
    from live_stf.training.selection import open_store, select, with_labels

    torch.set_num_threads(cores())
    recipe = load_recipe(str(root / "bench.yaml"))
    store = open_store(recipe)
    recipe = with_labels(recipe, store)
    network = build_network({"architecture": "stf-net", "skeleton": "openpose18"}, CLASSES).train()
    optimizer = torch.optim.AdamW(network.parameters())
    loader = iter(DataLoader(training_windows(store, select(store, recipe), recipe, 0), BATCH, drop_last=True))

    def step(batch: list[torch.Tensor]) -> None:
        x, target = batch
        optimizer.zero_grad()
        F.cross_entropy(network(x), target).backward()
        optimizer.step()

    loading, stepping = [], []
    for _ in range(ROUNDS + 1):
        seconds, batch = _timed(lambda: next(loader))
        assert tuple(batch[0].shape) == (BATCH, 3, FRAMES, 18, 1)
        loading.append(seconds)
        stepping.append(_timed(partial(step, batch))[0])
    return float(np.median(loading[1:])), float(np.median(stepping[1:]))


def _timed(run: Callable[[], _T]) -> tuple[float, _T]:
    begin = time.perf_counter()
    result = run()
    return time.perf_counter() - begin, result


def bench(clips: int, frames: int, workers: int | None) -> Iterator[str]:
    """Measure; yields one line of the report after the other. workers: processes that read (None: one per core)."""
    workers = workers or cores()
    yield describe_machine()
    with tempfile.TemporaryDirectory(prefix="live-stf-bench-") as place:
        root = Path(place)
        templates = make_folder(root, clips, frames)
        size = templates[0].stat().st_size
        yield f"{clips} files of {frames} frames, {BODIES} bodies, {size / 1e3:.0f} kB; one of {DAMAGED} is empty"
        seconds, held = time_preparation(root, workers)
        yield (
            f"prepare, {workers} processes: {seconds:.1f} s, {clips / seconds:.0f} files/s; no process held more than "
            f"{held / 1e6:.0f} MB, all {workers + 1} of them at most {(workers + 1) * held / 1e6:.0f} MB"
        )
        yield f"the store: {len(Store(root / 'store'))} clips"
        usual, ours = compare_readers(templates)
        yield (
            f"reading a file, one core: usual reader {1e3 * usual:.2f} ms, ours {1e3 * ours:.2f} ms: "
            f"{usual / ours:.1f} times as fast"
        )
        loading, stepping = compare_loading(root)
        yield (
            f"{BATCH} windows of 3x{FRAMES}x18: loaded in one process in {1e3 * loading:.1f} ms, a training step of "
            f"STF-Net on {cores()} cores {1e3 * stepping:.0f} ms: {stepping / loading:.1f} times as long"
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.data_reading",
        description="Measure how fast a data set is read and training windows are loaded.",
    )
    parser.add_argument("--clips", type=int, default=2000, metavar="N", help="files of the data set (default: 2000)")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help="frames of a file (default: 300)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that read (default: number of cores)")
    given = parser.parse_args(arguments)
    if min(given.clips, given.frames, 1 if given.workers is None else given.workers) < 1:
        parser.error("--clips, --frames and --workers have to be at least 1")
    return run_command(run, given)


def run(given: argparse.Namespace) -> None:
    """Measure and print."""
    for line in bench(given.clips, given.frames, given.workers):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
