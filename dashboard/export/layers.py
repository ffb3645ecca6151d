"""How many shadings lie over each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dashboard.timeline.declared import Band

MOST = 2
"""Shadings that can be told apart where they lie over each other. What is missing is hatched and does not count."""


def shaded_spans(bands: Sequence[Band]) -> list[list[tuple[float, float]]]:
    """Spans in which each band is shaded behind a row: where more than `MOST` bands meet, the first ones are seen.

    Args:
        bands: Behind one row; the more important first.

    Returns:
        For each band its spans in seconds, in order; those of hatched bands as they are.
    """
    found: list[list[tuple[float, float]]] = [list(band.spans) if band.hatched else [] for band in bands]
    counted = [i for i, band in enumerate(bands) if not band.hatched]
    edges = sorted({edge for i in counted for span in bands[i].spans for edge in span})
    for start, end in itertools.pairwise(edges):
        here = [i for i in counted if any(a <= start and end <= b for a, b in bands[i].spans)]
        for i in here[:MOST]:
            if found[i] and found[i][-1][1] == start:
                found[i][-1] = (found[i][-1][0], end)
            else:
                found[i].append((start, end))
    return found
