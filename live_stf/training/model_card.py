"""The README of a model, written from its model.json so that the two cannot differ.

huggingface_hub's ModelCard was considered and not used. It adds a YAML header for the Hugging Face Hub to a text, and
fills a Jinja template with it; the tables below would still be code of ours. With Jinja it installs 17 packages
(huggingface_hub 2.4.0), a web client among them, into a project that contacts nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.training.percentage import percent

LICENCE = "LICENSE"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def write_model_card(model: Model) -> None:
    """Write README.md beside model.json."""
    (model.folder / "README.md").write_text(model_card(model), encoding="utf-8")


def model_card(model: Model) -> str:
    """Markdown: the classes of the model, its training data with their terms, and its measured accuracy."""
    shown = [label for label in model.labels if label != model.none_label]
    lines = [
        f"# {model.name}",
        "",
        f"{model.network['architecture']} on {len(model.skeleton)} joints ({model.skeleton.name}), stream "
        f"{model.preparation.stream}: {_windows(model.preparation)}.",
        "",
        f"{len(shown)} classes: {', '.join(shown)}."
        + (f" *{model.none_label}* stands for everything else." if model.none_label else ""),
        "",
        "## Training",
        "",
        *_training(model),
        "",
        "## Measured",
        "",
        *_measured(model),
        *_live(model),
    ]
    return "\n".join(lines)


def _windows(preparation: Preparation) -> str:
    people = "one person" if preparation.bodies == 1 else f"{preparation.bodies} people"
    if preparation.stretches:
        return f"whole clips of any length as {preparation.frames} frames, {people} each"
    return f"windows of {preparation.span:g} s as {preparation.frames} frames, {people} each"


def _training(model: Model) -> list[str]:
    training = model.training
    by_protocol = "protocol" in training
    split = f"by the protocol {training['protocol']}" if by_protocol else training["split"]
    head = ["source", "clips", "test clips" if by_protocol else "held out"]
    head += ["terms"] if by_protocol else ["held-out subjects", "terms"]
    rows = []
    for name, source in training["data"].items():
        subjects = [] if by_protocol else [", ".join(source["held_out_subjects"]) or source.get("held_out_rule", "")]
        rows.append([name, str(source["clips"]), str(source["held_out_clips"]), *subjects, source["terms"]])
    return [
        f"`{training['command']}`: {training['windows']:,} windows. Split {split}.",
        "",
        *_start(training),
        "The weights were learned from these data sets, whose terms apply to their use. The Apache licence of the",
        f"code does not cover them{_licence(model)}.",
        "",
        *markdown_table(head, rows),
    ]


def _licence(model: Model) -> str:
    return f"; see [{LICENCE}]({LICENCE})" if (model.folder / LICENCE).is_file() else ""


def _start(training: Mapping[str, Any]) -> list[str]:
    """The weights that the training started from, those that they were trained from, and so on."""
    own = {name: source["terms"] for name, source in training["data"].items()}
    before, items = training.get("start_from"), []
    while before:
        others = "; ".join(f"{name} ({terms})" for name, terms in before["data"].items() if own.get(name) != terms)
        learned = f", also from data sets whose terms apply as well: {others}" if others else ""
        weights = f"{before['model']} ({before['hash'][:8]})"
        items.append(f"- {weights}: `{before['command']}`, {before['windows']:,} windows{learned}")
        before = before.get("start_from")
    if not items:
        return []
    return ["The training started from the first of these weights, each of them from the next:", "", *items, ""]


def _measured(model: Model) -> list[str]:
    measured, by_protocol = model.measured, "protocol" in model.training
    return [
        *(_test_clips(model) if by_protocol else _held_out_subjects(model)),
        f"top-1 {percent(measured['top1'])}, top-5 {percent(measured['top5'])}, macro-F1 {measured['macro_f1']:.3f}.",
        f"Chance level is {percent(1 / len(model.labels))}.",
        "",
        *(() if by_protocol else _LIMITS),
        *_shares(("source", "windows", "top-1"), measured["per_source"]),
        "",
        *_kinds(measured.get("per_kind", {})),
        *_shares(("class", "windows", "right"), measured["per_class"]),
        "",
    ]


def _test_clips(model: Model) -> list[str]:
    training = model.training
    return [
        f"The {model.measured['windows']} clips of the test side of {training['protocol']}, each seen once, on "
        f"{model.measured['machine']}",
        f"after one training (seed {training['seed']}, {training['epochs']} epochs, "
        f"{training['seconds'] / 60:.0f} minutes):",
    ]


def _held_out_subjects(model: Model) -> list[str]:
    return [
        f"`live-stf evaluate {model.name} {model.name}`, {model.measured['windows']} windows of held-out subjects,",
        f"on {model.measured['machine']}:",
    ]


_LIMITS = (
    "Held-out subjects are from the same data sets, so they share rooms, cameras and sensors with the training. Motion",
    "in three dimensions is seen through random virtual cameras with simulated noise. How accurate the model is with a",
    "real camera and a pose estimator was not measured. The figure of a class with few windows is uncertain.",
    "",
)


def _shares(head: Sequence[str], table: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return markdown_table(head, ((name, str(row["windows"]), percent(row["top1"])) for name, row in table.items()))


def _kinds(kinds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not kinds:
        return []
    rows = ((name, str(row["windows"]), percent(row["top1"]), f"{row['macro_f1']:.3f}") for name, row in kinds.items())
    return [*markdown_table(("kind", "windows", "top-1", "macro-F1 of the classes that occur"), rows), ""]


def _live(model: Model) -> list[str]:
    """The figures that calibration/thresholds.py has written into the model."""
    live, error = model.measured.get("live"), model.measured.get("calibration_error")
    if live is None or error is None:
        return []
    onset = "-" if live["onset"] is None else f"{live['onset']:.1f} s (90 %: {live['onset_90']:.1f} s)"
    kept = "-" if live["recall_kept"] is None else percent(live["recall_kept"])
    return [
        "## In simulated live streams",
        "",
        f"`python calibration/thresholds.py {model.name} {model.name}`: held-out people stand for 8 s, act and stand",
        f"again; {live['streams']} streams of the reporting half. calibration/README.md says "
        "how independent the choice of the threshold is of them.",
        "",
        *markdown_table(
            ("measure", "value"),
            (
                ("temperature", f"{model.temperature:.3f}"),
                ("expected calibration error without and with it", f"{error['before']:.3f}, {error['after']:.3f}"),
                ("threshold at which a label begins", f"{model.decision.enter:g}"),
                ("known actions that get their label", percent(live["found"])),
                ("of those found without a threshold", kept),
                ("from the action's beginning to its label, median", onset),
                ("false labels a minute while somebody stands", f"{live['false_per_minute']:.2f}"),
                ("other actions that get a label", percent(live["false_of_others"])),
            ),
        ),
        "",
    ]
