"""Compare trained models with each other and with the paper's ablations: `live-stf compare MODEL [MODEL ...]`.

The figures were measured after the trainings and are read from the models; nothing is computed again. Runs of one
network with different seeds are one row, with mean and standard deviation.
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
    "and training. The paper's figures are for NTU RGB+D 60, X-Sub."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="+", help="folder of a trained model (OUTPUT/model of a training), or its name")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return run_command(run, parser.parse_args(arguments))


def run(given: argparse.Namespace) -> None:
    """Print the table."""
    rows = table(compare_runs([load_model(name) for name in given.model]))
    if given.markdown:
        print("\n".join(markdown_table(HEAD, rows)))
        return
    shown = Table(caption=CAPTION)
    for number, heading in enumerate(HEAD):
        shown.add_column(heading, no_wrap=number > 3)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
