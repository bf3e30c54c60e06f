"""Build compiled engines, and list, check, bench or profile existing ones."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from live_stf.cli.program import WRONG, print_error, run_command
from live_stf.engine.build import BACKENDS, DEFAULT_PRECISION, build, check, describe_agreement
from live_stf.engine.fingerprint import mismatch
from live_stf.engine.references import References
from live_stf.engine.tensorrt_engine import PEOPLE
from live_stf.errors import EngineError, LiveStfError, ModelError
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import Hardware, detect_hardware
from live_stf.runtime.record import EngineRecord, damage, engines_folder, find_records

MODEL = "everyday"
PRECISIONS = ("fp32", "fp16", "bf16", "int8")


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; returns the exit status: 0, 2 if something is wrong, 130 after Ctrl-C."""
    options = parse(arguments)
    return run_command(options.command, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; invalid arguments end the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], what: str, model: str | None
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(command=run)
        default = "all models that have engines" if model is None else model
        added.add_argument("--model", default=model, help=f"name in models/, or a model's folder (default: {default})")
        if name != "profile":
            added.add_argument("--output", type=Path, help=f"folder of the engines (default: {engines_folder()})")
        return added

    building = command("build", run_build, "build an engine, compare it with torch, measure it", MODEL)
    building.add_argument("--backend", required=True, choices=tuple(BACKENDS), help="library that runs the engine")
    standards = ", ".join(f"{name} {precision}" for name, precision in DEFAULT_PRECISION.items())
    building.add_argument("--precision", choices=PRECISIONS, help=f"default: {standards}")
    building.add_argument("--people", type=numbers, default=PEOPLE, help="batch sizes (default: 1,2,4,8)")
    building.add_argument("--target", help="GPU to build for, for example sm_86 (default: the one here)")
    building.add_argument(
        "--calibration", type=Path, metavar="FILE", help="for int8: .npy file of windows that give its ranges"
    )
    command("list", run_list, "list built engines, and whether this machine can use them", None)
    command("check", run_check, "check the files of built engines, and compare the engines with torch", None)
    bench = command("bench", run_bench, "measure the speed of every engine on this machine, and of ST-GCN", MODEL)
    bench.add_argument("--runs", type=int, default=50, help="number of runs; their median is reported (default: 50)")
    profiling = command("profile", run_profile, "show how OpenVINO spends the time for a window", MODEL)
    profiling.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="default: fp32")
    profiling.add_argument(
        "--runs", type=int, default=50, help="number of runs; their median is reported (default: 50)"
    )
    options = parser.parse_args(arguments)
    if getattr(options, "runs", 1) < 1:
        parser.error(f"--runs is {options.runs}; it must be 1 or more")
    if "output" in options:
        options.output = options.output or engines_folder()
    return options


def numbers(text: str) -> tuple[int, ...]:
    """ "1,2,4" -> (1, 2, 4), sorted, each once."""
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers; give one like 1,2,4,8") from None
    if found[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r} has a number below 1; give 1 or more")
    return tuple(found)


def run_build(options: argparse.Namespace) -> int:
    model = load_model(options.model)
    hardware = detect_hardware()
    with progress_line(f"{model.name} for {options.backend}") as progress:
        record = build(
            model,
            options.backend,
            hardware,
            options.output,
            options.precision,
            options.people,
            options.target,
            progress,
            calibration=None if options.calibration is None else load_windows(options.calibration),
        )
    print(f"{record.file}: {', '.join(describe_record(record))}")
    print(f"machine: {hardware}")
    if record.agreement is None:
        print("not compared with torch: nothing installed here can run it")
    else:
        found = record.agreement
        compared = f"compared with torch on {found.windows} windows of the sample clip"
        print(f"{compared}: {describe_agreement(found)} (by {found.by})")
    if record.latency:
        print("median ms by people in one batch: " + ", ".join(f"{n}: {ms:.2f}" for n, ms in record.latency.items()))
    else:
        print(f"speed: not measured, {mismatch(record, model, hardware) or 'nothing installed here can run it'}")
    print(f"written to {options.output}")
    return 0


def load_windows(path: Path) -> np.ndarray:
    """Load the array in a .npy file. Raises EngineError if the file holds anything else."""
    try:
        windows = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as problem:
        raise EngineError(f"{path} is not a .npy file of numbers: {problem}") from problem
    if not isinstance(windows, np.ndarray):
        raise EngineError(f"{path} has several arrays; it must be a .npy file of one")
    return windows


def run_list(options: argparse.Namespace) -> int:
    records = _find_records(options)
    hardware = detect_hardware()
    if not records:
        print(f"no engines in {options.output}")
    for record in records:
        print(f"{record.file}: {', '.join(describe_record(record))}")
        measured = [] if record.agreement is None else [describe_agreement(record.agreement)]
        if 1 in record.latency:
            measured.append(f"{record.latency[1]:.2f} ms for one person")
        print(f"  built {record.built}; {'; '.join(measured) or 'nothing measured'}")
        print(f"  usable here: {fits(record, options, hardware)}")
    return 0


def fits(record: EngineRecord, options: argparse.Namespace, hardware: Hardware) -> str:
    """ "yes", or "no" and the reason."""
    try:
        model = _model_of(record, options)
    except LiveStfError as error:
        return f"not known, {error}"
    reason = mismatch(record, model, hardware) or damage(record, options.output)
    return f"no, {reason}" if reason else "yes"


def run_check(options: argparse.Namespace) -> int:
    records = _find_records(options)
    if not records:
        print(f"no engines in {options.output}")
    hardware = detect_hardware()
    references: dict[Path, References] = {}
    status = 0
    for record in records:
        try:
            model = _model_of(record, options)
        except LiveStfError as error:
            print_error(f"{record.file}: {error}")
            status = WRONG
            continue
        with progress_line(f"checking {record.file}"):
            lines, sound = check(
                record, model, hardware, options.output, references.setdefault(model.folder, References(model))
            )
        print(f"{record.file}: {', '.join(describe_record(record))}")
        for line in lines:
            print(f"  {line}")
        status = status if sound else WRONG
    return status


def run_bench(options: argparse.Namespace) -> int:
    from live_stf.engine.bench import bench

    with progress_line("measuring") as progress:
        report = bench(load_model(options.model), detect_hardware(), options.output, options.runs, progress)
    report.show(Console())
    return 0


def run_profile(options: argparse.Namespace) -> int:
    from live_stf.engine.profile import profile

    model = load_model(options.model)
    with progress_line("measuring"):
        found = profile(model, options.precision, References(model).x, options.runs)
    found.show(Console())
    return 0


def _find_records(options: argparse.Namespace) -> list[EngineRecord]:
    records = find_records(options.output, print_error)
    if options.model is None:
        return records
    name = load_model(options.model).name
    return [record for record in records if record.model == name]


def _model_of(record: EngineRecord, options: argparse.Namespace) -> Model:
    try:
        return load_model(options.model or record.model)
    except ModelError:
        raise ModelError(f"its model {record.model!r} is not in models/: give its folder with --model") from None


def describe_record(record: EngineRecord) -> list[str]:
    """Backend, precision, target and batch sizes of an engine, for the user."""
    target = f"{record.device or 'any GPU'} of {record.capability}" if record.capability else record.device
    people = f"batches of {', '.join(map(str, record.people))}" if record.people else "any batch"
    return [f"{record.backend} {record.version}", record.precision, target, people]


@contextmanager
def progress_line(what: str) -> Iterator[Callable[[str], None]]:
    """A line on the terminal with the present step and the elapsed time. Yields a function that changes the step."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda line: progress.update(task, description=f"{what}: {line}")
