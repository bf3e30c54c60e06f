"""The README of a model, written from its model.json so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Iterable

from live_stf.model import Model


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def model_card(model: Model) -> str:
    """Markdown: what the model is for, what it was trained on under which terms, what was measured and how."""
    shown = [label for label in model.labels if label != model.none_label]
    preparation, training, measured = model.preparation, model.training, model.measured
    lines = [
        f"# {model.name}",
        "",
        f"{model.network['architecture']} on {len(model.skeleton)} joints ({model.skeleton.name}), stream "
        f"{preparation.stream}: windows of {preparation.span:g} s as {preparation.frames} frames, one person each.",
        "",
        f"{len(shown)} classes: {', '.join(shown)}."
        + (f" Everything else is meant to be *{model.none_label}*." if model.none_label else ""),
        "",
        "## Training",
        "",
        f"`{training['command']}`: {training['windows']:,} windows. Split {training['split']}.",
        "",
        "Weights learned from these data sets; their terms bind who uses them:",
        "",
        *_table(
            ("source", "clips", "held out", "held-out subjects", "terms"),
            (
                (
                    name,
                    str(source["clips"]),
                    str(source["held_out_clips"]),
                    ", ".join(source["held_out_subjects"]) or source.get("held_out_rule", ""),
                    source["terms"],
                )
                for name, source in training["data"].items()
            ),
        ),
        "",
        "## Measured",
        "",
        f"`python -m live_stf.evaluate {model.name} {model.name}`, {measured['windows']} windows of held-out subjects,",
        f"on {measured['machine']}:",
        f"top-1 {measured['top1']:.1%}, top-5 {measured['top5']:.1%}, macro-F1 {measured['macro_f1']:.3f}.",
        f"A class drawn blindly would be right in {1 / len(model.labels):.1%}.",
        "",
        "Three-dimensional motion is seen through random virtual cameras with simulated noise. That says little about",
        "a real camera and a pose estimator: no accuracy on labelled video of a webcam was measured. Where a class has",
        "few windows, its figure says little too.",
        "",
        *_table(
            ("source", "windows", "top-1"),
            (
                (name, str(row["windows"]), f"{row['top1']:.1%}")
                for name, row in measured["per_source"].items()
            ),
        ),
        "",
        *_table(
            ("class", "windows", "right"),
            ((name, str(row["windows"]), f"{row['top1']:.1%}") for name, row in measured["per_class"].items()),
        ),
        "",
    ]
    return "\n".join(lines)


def write_model_card(model: Model) -> None:
    """Write README.md beside model.json."""
    (model.folder / "README.md").write_text(model_card(model), encoding="utf-8")
