"""Trained models beside each other and beside the paper's ablations: `python -m live_stf.compare MODEL [MODEL ...]`.

The figures are those that the models were measured with after their trainings; nothing is computed again. Runs of one
network that differ in their seeds are one row, with mean and spread.
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from live_stf.errors import LiveStfError
from live_stf.evaluation.ablation import HEAD, compare_runs, table
from live_stf.model import load_model
from live_stf.model_card import markdown_table

CAPTION = (
    "Percent; ± is the sample standard deviation over the seeds, change is against the full network of the same stream "
    "and training. The paper's are of NTU RGB+D 60, X-Sub."
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m live_stf.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="+", help="folder of a trained model (OUTPUT/model of a training), or its name")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    given = parser.parse_args(arguments)
    try:
        rows = table(compare_runs([load_model(one) for one in given.model]))
    except LiveStfError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if given.markdown:
        print("\n".join(markdown_table(HEAD, rows)))
        return 0
    shown = Table(caption=CAPTION)
    for number, heading in enumerate(HEAD):
        shown.add_column(heading, no_wrap=number > 3)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
