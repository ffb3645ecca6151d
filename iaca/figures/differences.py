"""What models change against their bases, as a figure for papers: differences in CCC with their intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iaca.config import SYNTHETIC, TARGETS
from iaca.figures import palette
from iaca.figures.print_style import DOUBLE_COLUMN_IN, GRID, INK, FigureError, dashes, ink, new_figure, printed

COLUMNS = ("line", "target", "value", "low", "high", "verdict")
MARKERS = {"helps": ">", "hurts": "<"}
"""Verdict -> marker, beside the place a second code; any other verdict is a circle."""

GREY = "#8a8c95"


@printed
def difference_figure(
    sections: Mapping[str, pd.DataFrame], *, synthetic: bool = False, width_in: float = DOUBLE_COLUMN_IN
) -> Figure:
    """Differences with their intervals: a panel per section and target, a line per model.

    Args:
        sections: Heading -> rows with the columns of `COLUMNS`: what the line is called, target, difference in CCC,
            low and high of its 95 % interval, and the verdict ("helps", "hurts" or anything else).
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Returns:
        The figure; all panels share the axis of differences.

    Raises:
        FigureError: There is no row, a column is missing, or nothing has a value.
    """
    sections = {heading: rows for heading, rows in sections.items() if len(rows)}
    if not sections:
        raise FigureError("the figure of differences needs at least one row, got none")
    for heading, rows in sections.items():
        missing = [name for name in COLUMNS if name not in rows.columns]
        if missing:
            raise FigureError(f"the figure of differences, {heading}: no column {missing[0]!r}; expected {COLUMNS}")
    ends = np.concatenate([rows[["value", "low", "high"]].to_numpy(float).ravel() for rows in sections.values()])
    if not np.isfinite(ends).any():
        raise FigureError("the figure of differences has no value; expected at least one that is a number")
    low, high = min(0.0, np.nanmin(ends)), max(0.0, np.nanmax(ends))
    margin = 0.04 * (high - low or 1.0)
    targets = [target for target in TARGETS if any((rows.target == target).any() for rows in sections.values())]
    lines = {heading: list(dict.fromkeys(rows.line)) for heading, rows in sections.items()}
    line_in, head_in, top, bottom, right, between = 0.15, 0.24, 0.2, 0.38, 0.08, 0.12
    left = 0.12 + 0.038 * max(len(line) for found in lines.values() for line in found)
    height_in = top + bottom + sum(head_in + line_in * len(found) for found in lines.values())
    figure = new_figure(width_in, height_in)
    heading = "Difference in CCC, with 95 % intervals" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(0.06 / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    panel_in = (width_in - left - right - between * (len(targets) - 1)) / len(targets)
    y = height_in - top
    for section, rows in sections.items():
        high_in = line_in * len(lines[section])
        y -= head_in + high_in
        for i, target in enumerate(targets):
            x = left + i * (panel_in + between)
            axes = figure.add_axes((x / width_in, y / height_in, panel_in / width_in, high_in / height_in))
            _draw(axes, rows[rows.target == target], lines[section])
            axes.set_xlim(low - margin, high + margin)
            is_last = section == list(sections)[-1]
            axes.tick_params(labelleft=i == 0, labelbottom=is_last)
            axes.set_title(f"{section} · {target}", loc="left", size=6.5, weight=600, pad=2)
            if is_last:
                axes.set_xlabel(f"difference in CCC of {target}")
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, lines: list[str]) -> None:
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(range(len(lines)), lines)
    axes.axvline(0, color=INK, lw=0.5, ls=dashes("dot"))
    axes.grid(axis="y", color=GRID)
    for row in rows.to_dict("records"):
        value, verdict = row["value"], row["verdict"]
        axes.errorbar(
            value, lines.index(row["line"]), xerr=[[value - row["low"]], [row["high"] - value]],
            fmt=MARKERS.get(verdict, "o"), ms=3.4, color=ink(palette.MODELS[1].colour) if verdict in MARKERS else GREY,
            ecolor=GREY, elinewidth=0.7, capsize=1.4, capthick=0.7,
        )  # fmt: skip
