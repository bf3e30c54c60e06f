"""The command `live-stf`, which runs every program of the project by its name."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass

import live_stf
from live_stf.cli.program import WRONG, print_error


@dataclass(frozen=True)
class Command:
    """A command: a module of live_stf.cli with `main(arguments) -> exit status`, and a line for the contents."""

    module: str
    summary: str


# In the order of the table of contents. A module is imported only when its command is called.
COMMANDS = {
    "Recognise": {
        "webcam": Command("webcam", "recognise live, from a camera, a video file or a network stream"),
        "label": Command("label", "label what people do in video files, as JSON lines and annotated video"),
        "fetch": Command("fetch", "download the pose model and the sample clip"),
    },
    "Learn": {
        "data": Command("data", "read the data sets of a recipe into one array store"),
        "train": Command("train", "train a network from a recipe"),
    },
    "Measure": {
        "evaluate": Command("evaluate", "measure models on the held-out side of a recipe"),
        "compare": Command("compare", "compare trained models with each other and with the paper's ablations"),
        "figures": Command("figures", "draw the paper's figures 4 to 7 for your own models"),
        "attention": Command("attention_report", "measure how well a network's attention explains its decisions"),
        "truth": Command("truth", "compare a live run with the actions that really happened"),
    },
    "Compile": {
        "convert": Command("convert", "convert a model's weights into the file that runs without torch"),
        "engine": Command("engine", "build, list, check and time engines of the recogniser"),
        "pose-engine": Command("pose_engine", "build TensorRT engines of the pose networks"),
    },
}

# Optional libraries by their import names, and the extra of the package that installs each.
EXTRAS = {
    "PyQt5": "window",
    "pyqtgraph": "window",
    "flatbuffers": "mediapipe",
    "mediapipe": "mediapipe",
    "filelock": "train",
    "lightning": "train",
    "matplotlib": "train",
    "omegaconf": "train",
    "orjson": "train",
    "rdata": "train",
    "safetensors": "train",
    "scipy": "train",
    "simdjson": "train",
    "torch": "train",
    "torchmetrics": "train",
    "yaml": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "nncf": "quantize",
}


def contents() -> str:
    """The table of contents that `live-stf --help` prints."""
    lines = ["usage: live-stf COMMAND ...", "", "Live skeleton action recognition with STF-Net.", ""]
    for heading, commands in COMMANDS.items():
        lines.append(f"{heading}:")
        lines += [f"  {name:<12} {command.summary}" for name, command in commands.items()]
        lines.append("")
    lines.append("live-stf COMMAND --help explains a command; live-stf --version prints the version.")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name; returns its exit status, 2 if there is no such command."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        print(contents())
        return 0 if given else 2
    if given[0] == "--version":
        print(f"live-stf {live_stf.__version__}")
        return 0
    commands = {name: command for group in COMMANDS.values() for name, command in group.items()}
    if given[0] not in commands:
        print_error(f"unknown command {given[0]!r}; the commands are {', '.join(commands)}; see live-stf --help")
        return WRONG
    try:
        return importlib.import_module(f"live_stf.cli.{commands[given[0]].module}").main(given[1:])
    except ModuleNotFoundError as problem:
        missing = (problem.name or "").partition(".")[0]
        if missing not in EXTRAS:
            raise
        print_error(f"{given[0]} needs {missing}, which is not installed: pip install 'live-stf[{EXTRAS[missing]}]'")
        return WRONG
