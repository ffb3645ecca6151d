"""Tables and numbers as Markdown."""

from __future__ import annotations

import numpy as np
import pandas as pd


def markdown(frame: pd.DataFrame) -> str:
    """A table as Markdown."""
    rows = [[str(name) for name in frame.columns], ["---"] * frame.shape[1]]
    rows += [[str(value) for value in row] for row in frame.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_interval(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """A number with its interval, such as 0.431 [0.388, 0.472]; a dash where it is not defined."""
    if not np.isfinite(value):
        return "–"
    form = "+.3f" if sign else ".3f"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]" if np.isfinite(low) else f"{value:{form}}"


def counted(number: int, what: str) -> str:
    """A number of things in words, such as 1 seed or 5 seeds.

    Examples:
        >>> counted(1, "seed"), counted(1200, "seed")
        ('1 seed', '1,200 seeds')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
