"""Segments as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from live_stf.clips.labelling import LabelledClip


def segment_table(clips: Sequence[LabelledClip]) -> Table:
    """Return a table of all segments, sorted by clip and start."""
    table = Table()
    table.add_column("clip", overflow="fold")
    table.add_column("person", justify="right", overflow="fold")
    table.add_column("label", overflow="fold")
    for heading in ("start", "end", "score"):
        table.add_column(heading, justify="right", no_wrap=True)
    for clip in clips:
        for s in sorted(clip.segments, key=lambda segment: (segment.start, segment.person)):
            table.add_row(clip.name, str(s.person), s.label, f"{s.start:.2f} s", f"{s.end:.2f} s", f"{s.score:.2f}")
    return table
