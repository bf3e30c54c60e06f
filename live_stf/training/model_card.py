"""The README of a model, written from its model.json so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from live_stf.model import Model
from live_stf.preparation import Preparation


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def model_card(model: Model) -> str:
    """Markdown: what the model is for, what it was trained on under which terms, what was measured and how."""
    shown = [label for label in model.labels if label != model.none_label]
    preparation, training, measured = model.preparation, model.training, model.measured
    lines = [
        f"# {model.name}",
        "",
        f"{model.network['architecture']} on {len(model.skeleton)} joints ({model.skeleton.name}), stream "
        f"{preparation.stream}: {_windows(preparation)}.",
        "",
        f"{len(shown)} classes: {', '.join(shown)}."
        + (f" Everything else is meant to be *{model.none_label}*." if model.none_label else ""),
        "",
        "## Training",
        "",
        *_training(training),
        "",
        "## Measured",
        "",
        *(_measured_on_protocol(model) if "protocol" in training else _measured_on_subjects(model)),
        f"top-1 {measured['top1']:.1%}, top-5 {measured['top5']:.1%}, macro-F1 {measured['macro_f1']:.3f}.",
        f"A class drawn blindly would be right in {1 / len(model.labels):.1%}.",
        "",
        *(_LIMITS if "protocol" not in training else ()),
        *markdown_table(
            ("source", "windows", "top-1"),
            ((name, str(row["windows"]), f"{row['top1']:.1%}") for name, row in measured["per_source"].items()),
        ),
        "",
        *_kinds(measured.get("per_kind", {})),
        *markdown_table(
            ("class", "windows", "right"),
            ((name, str(row["windows"]), f"{row['top1']:.1%}") for name, row in measured["per_class"].items()),
        ),
        "",
        *_live(model),
    ]
    return "\n".join(lines)


def _live(model: Model) -> list[str]:
    """What calibration/thresholds.py has written into the model."""
    live, error = model.measured.get("live"), model.measured.get("calibration_error")
    if live is None or error is None:
        return []
    onset = "-" if live["onset"] is None else f"{live['onset']:.1f} s (90 %: {live['onset_90']:.1f} s)"
    kept = "-" if live["recall_kept"] is None else f"{live['recall_kept']:.1%}"
    return [
        "## In simulated live streams",
        "",
        f"`python calibration/thresholds.py {model.name} {model.name}`: held-out people stand for 8 s, act and stand",
        f"again; {live['streams']} streams of the reporting half; calibration/README.md says how far the choice is "
        "independent of it.",
        "",
        *markdown_table(
            ("what", ""),
            (
                ("temperature", f"{model.temperature:.3f}"),
                ("expected calibration error without and with it", f"{error['before']:.3f}, {error['after']:.3f}"),
                ("threshold at which a label begins", f"{model.decision.enter:g}"),
                ("known actions that get their label", f"{live['found']:.1%}"),
                ("of those found without a threshold", kept),
                ("from the action's beginning to its label, median", onset),
                ("false labels a minute while somebody stands", f"{live['false_per_minute']:.2f}"),
                ("other actions that get a label", f"{live['false_of_others']:.1%}"),
            ),
        ),
        "",
    ]


def _kinds(kinds: Mapping[str, Any]) -> list[str]:
    if not kinds:
        return []
    rows = ((name, str(row["windows"]), f"{row['top1']:.1%}", f"{row['macro_f1']:.3f}") for name, row in kinds.items())
    return [*markdown_table(("how they were seen", "windows", "top-1", "macro-F1 of the classes there"), rows), ""]


_LIMITS = (
    "Three-dimensional motion is seen through random virtual cameras with simulated noise. That says little about",
    "a real camera and a pose estimator: no accuracy on labelled video of a webcam was measured. Where a class has",
    "few windows, its figure says little too.",
    "",
)


def _windows(preparation: Preparation) -> str:
    people = "one person" if preparation.bodies == 1 else f"{preparation.bodies} people"
    if preparation.stretches:
        return f"whole clips of any length as {preparation.frames} frames, {people} each"
    return f"windows of {preparation.span:g} s as {preparation.frames} frames, {people} each"


def _begun(training: Mapping[str, Any]) -> list[str]:
    """Of the weights that the training began with, of those that they began with, and so on."""
    own = {name: source["terms"] for name, source in training["data"].items()}
    before, items = training.get("start_from"), []
    while before:
        others = "; ".join(f"{name} ({terms})" for name, terms in before["data"].items() if own.get(name) != terms)
        learned = f", also from data whose terms bind as well: {others}" if others else ""
        weights = f"{before['model']} ({before['hash'][:8]})"
        items.append(f"- {weights}: `{before['command']}`, {before['windows']:,} windows{learned}")
        before = before.get("start_from")
    said = "It began with the weights of the first of these, and each of them with those of the next:"
    return [said, "", *items, ""] if items else []


def _training(training: Mapping[str, Any]) -> list[str]:
    split = f"by the protocol {training['protocol']}" if "protocol" in training else training["split"]
    terms = "Weights learned from these data sets; their terms bind who uses them:"
    lines = [f"`{training['command']}`: {training['windows']:,} windows. Split {split}.", ""]
    lines += [*_begun(training), terms, ""]
    if "protocol" in training:
        rows = (
            (name, str(source["clips"]), str(source["held_out_clips"]), source["terms"])
            for name, source in training["data"].items()
        )
        return [*lines, *markdown_table(("source", "clips", "test clips", "terms"), rows)]
    rows = (
        (
            name,
            str(source["clips"]),
            str(source["held_out_clips"]),
            ", ".join(source["held_out_subjects"]) or source.get("held_out_rule", ""),
            source["terms"],
        )
        for name, source in training["data"].items()
    )
    return [*lines, *markdown_table(("source", "clips", "held out", "held-out subjects", "terms"), rows)]


def _measured_on_protocol(model: Model) -> list[str]:
    return [
        f"The {model.measured['windows']} clips of the test side of {model.training['protocol']}, each seen once, on "
        f"{model.measured['machine']}",
        f"after one training (seed {model.training['seed']}, {model.training['epochs']} epochs, "
        f"{model.training['seconds'] / 60:.0f} minutes):",
    ]


def _measured_on_subjects(model: Model) -> list[str]:
    return [
        f"`live-stf evaluate {model.name} {model.name}`, {model.measured['windows']} windows of held-out subjects,",
        f"on {model.measured['machine']}:",
    ]


def write_model_card(model: Model) -> None:
    """Write README.md beside model.json."""
    (model.folder / "README.md").write_text(model_card(model), encoding="utf-8")
