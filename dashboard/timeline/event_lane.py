"""Events that were searched for, on the timeline: a lane, and ticks below the scrub bar."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.timeline.declared import Band, Mark
from iaca.figures import palette

LANE = "search"

Spans = Sequence[tuple[float, float]]
"""Start and end of each event, seconds."""


def event_bands(spans: Spans, said: str) -> list[Band]:
    """One band with all events, in a lane of its own and behind no row; none where nothing is found.

    Args:
        spans: In order of time.
        said: What was searched for.
    """
    if not spans:
        return []
    return [Band("event", "hit", list(spans), palette.EVENT, 0.5, rows=(), lane=LANE, help=said)]


def event_marks(spans: Spans, said: str) -> list[Mark]:
    """One tick for each event, where it begins."""
    return [Mark(start_s, "hit", f"Hit: {said}, until {end_s:.2f} s", palette.EVENT) for start_s, end_s in spans]
