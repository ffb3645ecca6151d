"""Curves of models smoothed for the eye alone: no score, no exported value and no band is made of them."""

from __future__ import annotations

import numpy as np

from dashboard.timeline.declared import Column, Columns, Curve, Figure, Samples
from iaca.config import TARGETS

SPAN_S = 0.5
"""Length of the moving mean, seconds."""

SMOOTHED = "_smoothed"
"""Ending of the quantity of a smoothed column; the column as it was keeps its name."""

SUFFIX = " (smoothed)"
NOTE = "curves smoothed over half a second, for display only"


def smoothed(figure: Figure) -> Figure:
    """The figure with the curves of its models smoothed, and labelled so; the annotation stays as it is.

    Points of the plane, values at the cursor and scores of a range go on to use the columns of predictions as they
    were.

    Args:
        figure: As `rows.compare_figure` returns it.

    Returns:
        Another figure, with a note; the same one where it has no curve of a model.
    """
    columns: dict[Column, Samples] = {
        column: samples
        for column, samples in figure.columns.items()
        if column.model is None or column.quantity in TARGETS
    }
    rows = []
    for row in figure.rows:
        curves = tuple(_smoothed(curve, figure.columns, figure.pts_s, columns) for curve in row.curves)
        if curves != row.curves:
            row = row._replace(title=row.title + SUFFIX, help=f"{row.help} Here, {NOTE}.", curves=curves)
        rows.append(row)
    if tuple(rows) == figure.rows:
        return figure
    return figure._replace(rows=tuple(rows), columns=columns, note=NOTE)


def moving_mean(values: np.ndarray, pts_s: np.ndarray, span_s: float = SPAN_S) -> np.ndarray:
    """The mean over all frames within half a span of each.

    Args:
        values: (N,) one per frame; NaN where there is none, which stays NaN and does not spread.
        pts_s: (N,) seconds, ascending.
        span_s: Length of the window, seconds, above 0.

    Returns:
        (N,) float64.
    """
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, values, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    # Half a microsecond of room: a frame at the end of the window must not come and go with rounding.
    first = np.searchsorted(pts_s, pts_s - span_s / 2 - 5e-7, side="left")
    last = np.searchsorted(pts_s, pts_s + span_s / 2 + 5e-7, side="right")
    mean = (sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1)
    return np.where(known, mean, np.nan)


def _smoothed(curve: Curve, columns: Columns, pts_s: np.ndarray, found: dict[Column, Samples]) -> Curve:
    """The curve with smoothed columns, which are added to those found; the annotation's as it is."""
    if curve.model is None:
        return curve
    renamed = curve._replace(quantity=curve.quantity + SMOOTHED, floor=curve.floor + SMOOTHED if curve.floor else "")
    for now, before in (
        (renamed.column, curve.column), (renamed.subtracted, curve.subtracted), (renamed.below, curve.below),
    ):  # fmt: skip
        if now is not None and before is not None and now not in found:
            mean = moving_mean(columns[before].values, pts_s)
            found[now] = Samples(mean.astype(np.float32), "frames")
    return renamed
