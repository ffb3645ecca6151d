"""Bands behind curves that are the mean of several seeds of one model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.timeline import meanings
from dashboard.timeline.declared import Column, Curve, How, Samples, Shown

SPREAD_FILL = 0.16
"""Opacity of a band."""


def spread_words(shown: Sequence[Shown]) -> str:
    """What is to be said of a band, after a space; "" where there is none."""
    return f" {meanings.SPREAD}" if any(one.spread is not None for one in shown) else ""


def spread_curves(
    columns: dict[Column, Samples],
    model: Shown,
    curve: Curve,
    of_trace: str,
    how: How,
    scale: tuple[float, float] = (0.0, 1.0),
) -> list[Curve]:
    """The band behind a curve that is the mean of several seeds: from the smallest to the largest; else nothing.

    Args:
        columns: Those of the band are added.
        model: Whose curve it is.
        curve: The mean.
        of_trace: Its column in a trace.
        how: As of the curve.
        scale: What is subtracted from values, and what they are divided by.
    """
    if model.spread is None:
        return []
    low, high = (
        curve._replace(
            name=f"{curve.name}: {word} seed", quantity=f"{curve.quantity}_{word}", width=0.6, opacity=0.5,
            dash="solid", legend=False,
        )
        for word in ("smallest", "largest")
    )  # fmt: skip
    for one, found in ((low, model.spread.low), (high, model.spread.high)):
        columns[one.column] = Samples(((found[of_trace] - scale[0]) / scale[1]).astype(np.float32), how)
    return [low, high._replace(fill=SPREAD_FILL, floor=low.quantity)]
