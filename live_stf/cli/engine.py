"""Build compiled engines, and look after those that are there: build, list, check, bench, profile."""

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
    """Run one of the commands; returns the exit status: 0, 2 where something is wrong, 130 after Ctrl-C."""
    options = parse(arguments)
    return run_command(options.command, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Command line to options; a wrong one ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf engine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], what: str, model: str | None
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(command=run)
        default = "all that there are engines of" if model is None else model
        added.add_argument("--model", default=model, help=f"name in models/, or a model's folder (default: {default})")
        if name != "profile":
            added.add_argument("--output", type=Path, help=f"folder of the engines (default: {engines_folder()})")
        return added

    building = command("build", run_build, "build an engine, compare it with torch, measure it", MODEL)
    building.add_argument("--backend", required=True, choices=tuple(BACKENDS), help="what will run it")
    standards = ", ".join(f"{name} {precision}" for name, precision in DEFAULT_PRECISION.items())
    building.add_argument("--precision", choices=PRECISIONS, help=f"default: {standards}")
    building.add_argument("--people", type=numbers, default=PEOPLE, help="batch sizes (default: 1,2,4,8)")
    building.add_argument("--target", help="GPU to build for, for example sm_86 (default: the one here)")
    building.add_argument(
        "--calibration", type=Path, metavar="FILE", help="for int8: .npy of windows to measure its ranges on"
    )
    command("list", run_list, "list the engines that are there, and whether they fit this machine", None)
    command("check", run_check, "check files, fit and error of the engines that are there", None)
    bench = command("bench", run_bench, "measure every engine that runs here, beside ST-GCN", MODEL)
    bench.add_argument("--runs", type=int, default=50, help="runs that the median is taken of (default: 50)")
    profiling = command("profile", run_profile, "show where the time of a window goes inside OpenVINO", MODEL)
    profiling.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="default: fp32")
    profiling.add_argument("--runs", type=int, default=50, help="runs that the median is taken of (default: 50)")
    options = parser.parse_args(arguments)
    if getattr(options, "runs", 1) < 1:
        parser.error(f"--runs is {options.runs}, it has to be 1 or more")
    if "output" in options:
        options.output = options.output or engines_folder()
    return options


def numbers(text: str) -> tuple[int, ...]:
    """ "1,2,4" -> (1, 2, 4), sorted, each once."""
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between, like 1,2,4,8") from None
    if found[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r} has a number below 1")
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
            calibration=None if options.calibration is None else windows_of(options.calibration),
        )
    print(f"{record.file}: {', '.join(words(record))}")
    print(f"machine: {hardware}")
    if record.agreement is None:
        print("compared with torch: no, nothing installed here can run it")
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


def windows_of(path: Path) -> np.ndarray:
    """The array in a .npy file."""
    try:
        windows = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as problem:
        raise EngineError(f"{path} is not a .npy file of numbers: {problem}") from problem
    if not isinstance(windows, np.ndarray):
        raise EngineError(f"{path} has several arrays, it has to be a .npy file of one")
    return windows


def run_list(options: argparse.Namespace) -> int:
    records = records_of(options)
    hardware = detect_hardware()
    if not records:
        print(f"no engines in {options.output}")
    for record in records:
        print(f"{record.file}: {', '.join(words(record))}")
        measured = [] if record.agreement is None else [describe_agreement(record.agreement)]
        if 1 in record.latency:
            measured.append(f"{record.latency[1]:.2f} ms for one person")
        print(f"  built {record.built}; {'; '.join(measured) or 'nothing measured'}")
        print(f"  usable here: {fits(record, options, hardware)}")
    return 0


def fits(record: EngineRecord, options: argparse.Namespace, hardware: Hardware) -> str:
    """ "yes", or why not."""
    try:
        model = model_of(record, options)
    except LiveStfError as error:
        return f"not known, {error}"
    reason = mismatch(record, model, hardware) or damage(record, options.output)
    return f"no, {reason}" if reason else "yes"


def run_check(options: argparse.Namespace) -> int:
    records = records_of(options)
    if not records:
        print(f"no engines in {options.output}")
    hardware = detect_hardware()
    references: dict[Path, References] = {}
    status = 0
    for record in records:
        try:
            model = model_of(record, options)
        except LiveStfError as error:
            print_error(f"{record.file}: {error}")
            status = WRONG
            continue
        with progress_line(f"checking {record.file}"):
            lines, sound = check(
                record, model, hardware, options.output, references.setdefault(model.folder, References(model))
            )
        print(f"{record.file}: {', '.join(words(record))}")
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


def records_of(options: argparse.Namespace) -> list[EngineRecord]:
    records = find_records(options.output, print_error)
    if options.model is None:
        return records
    name = load_model(options.model).name
    return [record for record in records if record.model == name]


def model_of(record: EngineRecord, options: argparse.Namespace) -> Model:
    try:
        return load_model(options.model or record.model)
    except ModelError:
        raise ModelError(f"its model {record.model!r} is not in models/: say where it is with --model") from None


def words(record: EngineRecord) -> list[str]:
    """What an engine is, for people."""
    target = f"{record.device or 'any GPU'} of {record.capability}" if record.capability else record.device
    people = f"batches of {', '.join(map(str, record.people))}" if record.people else "any batch"
    return [f"{record.backend} {record.version}", record.precision, target, people]


@contextmanager
def progress_line(what: str) -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says what is being done and for how long; gives a function that changes it."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda line: progress.update(task, description=f"{what}: {line}")
