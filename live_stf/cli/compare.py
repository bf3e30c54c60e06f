"""Trained models beside each other and beside the paper's ablations: `live-stf compare MODEL [MODEL ...]`.

The figures are those that the models were measured with after their trainings; nothing is computed again. Runs of one
network that differ in their seeds are one row, with mean and spread.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from live_stf.cli.program import run_command
from live_stf.evaluation.ablation import HEAD, compare_runs, table
from live_stf.model import load_model
from live_stf.training.model_card import markdown_table

CAPTION = (
    "Percent; ± is the sample standard deviation over the seeds, change is against the full network of the same stream "
    "and training. The paper's are of NTU RGB+D 60, X-Sub."
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="live-stf compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="+", help="folder of a trained model (OUTPUT/model of a training), or its name")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return run_command(run, parser.parse_args(arguments))


def run(given: argparse.Namespace) -> None:
    """Print the table."""
    rows = table(compare_runs([load_model(one) for one in given.model]))
    if given.markdown:
        print("\n".join(markdown_table(HEAD, rows)))
        return
    shown = Table(caption=CAPTION)
    for number, heading in enumerate(HEAD):
        shown.add_column(heading, no_wrap=number > 3)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
