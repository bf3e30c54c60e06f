"""Report some labels only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from live_stf.types import Event, State


def filter_labels(events: Mapping[int, Event], labels: Collection[str] | None) -> dict[int, Event]:
    """Return the events by identity, with labels that are not among `labels` replaced by UNSURE; None keeps all labels.

    The decision itself does not change: a label that is not reported still rules out less likely ones.
    """
    if labels is None:
        return dict(events)
    return {
        identity: replace(event, state=State.UNSURE, label=None)
        if event.state is State.LABEL and event.label not in labels
        else event
        for identity, event in events.items()
    }
