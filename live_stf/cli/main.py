"""The command `live-stf`: every program of the project by its name."""

from __future__ import annotations

import importlib
import sys

import live_stf

# Name -> (module of live_stf.cli, what it does), in the order of the table of contents. A new command is a module with
# `main(arguments) -> exit status` and a line here; it is imported only when it is called.
COMMANDS = {
    "Recognise": {
        "webcam": ("webcam", "live, in a window, from a camera, a video file or a network stream"),
        "label": ("label", "what people do in video files, as JSON lines and annotated video"),
        "fetch": ("fetch", "download the pose model and the sample clip"),
    },
    "Learn": {
        "data": ("data", "read the data sets of a recipe into one array store"),
        "train": ("train", "train a network by a recipe"),
    },
    "Measure": {
        "evaluate": ("evaluate", "models on the held-out side of a recipe"),
        "compare": ("compare", "trained models beside each other and the paper's ablations"),
        "figures": ("figures", "the paper's figures 4 to 7 of your own models"),
        "attention": ("attention_report", "what a network's attention is worth"),
        "truth": ("truth", "a live run against what was really done"),
    },
    "Compile": {
        "engine": ("engine", "build, list, check and time engines of the recogniser"),
        "pose-engine": ("pose_engine", "build TensorRT engines of the pose networks"),
    },
}


def contents() -> str:
    """The table of contents that `live-stf --help` prints."""
    lines = ["usage: live-stf COMMAND ...", "", "Live skeleton action recognition with STF-Net.", ""]
    for heading, commands in COMMANDS.items():
        lines.append(f"{heading}:")
        lines += [f"  {name:<12} {text}" for name, (_, text) in commands.items()]
        lines.append("")
    lines.append("live-stf COMMAND --help explains a command; live-stf --version prints the version.")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name; returns its exit status, 2 where there is no such command."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        print(contents())
        return 0 if given else 2
    if given[0] == "--version":
        print(f"live-stf {live_stf.__version__}")
        return 0
    modules = {name: module for commands in COMMANDS.values() for name, (module, _) in commands.items()}
    if given[0] not in modules:
        print(f"error: no command {given[0]!r}, there are {', '.join(modules)}; see live-stf --help", file=sys.stderr)
        return 2
    return importlib.import_module(f"live_stf.cli.{modules[given[0]]}").main(given[1:])
