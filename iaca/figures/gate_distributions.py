"""How the weights of gates are distributed over a corpus, for papers: a panel a weight, a line a group of clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from iaca.config import SYNTHETIC
from iaca.figures import palette
from iaca.figures.print_style import DOUBLE_COLUMN_IN, INK, FigureError, dashes, ink, new_figure, printed

TITLES = {
    "stage1_audio_cross": "Stage 1, audio: cross",
    "stage1_visual_cross": "Stage 1, visual: cross",
    "stage2_audio": "Stage 2: audio",
    "stage2_visual": "Stage 2: visual",
    "stage2_joint": "Stage 2: joint",
}
"""Weight -> what it is called, in the order of the panels."""

COLUMNS = ("weight", "group", "state", "mean", "low", "high", "subjects", "clips")
FIRST = "no episode"
"""The group that all kinds of episodes are read against stands on top."""

TALLEST = 0.8
"""Height of a distribution whose clips all lie in one bin, in lines; all others are lower by the same rule."""


def panels_of(table: pd.DataFrame) -> list[str]:
    """Weights that a table has, in the order of `TITLES`."""
    return [name for name in TITLES if (table["weight"] == name).any()]


def groups_of(table: pd.DataFrame) -> list[str]:
    """Groups from the bottom to the top, in alphabetical order from the top but for `FIRST`."""
    return sorted(table["group"].unique(), key=lambda one: (one != FIRST, one), reverse=True)


def ridge(row: Mapping[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The outline of a distribution: weights from 0 to 1, and heights in lines, closed at its ends.

    Heights are square roots of shares, or a gate that rests mostly in one place would hide where else it goes.
    """
    shares = np.array([value for name, value in row.items() if str(name).startswith("bin_")], float)
    edges = np.linspace(0, 1, len(shares) + 1)
    heights = TALLEST * np.sqrt(shares)
    return np.repeat(edges, 2), np.concatenate(([0.0], np.repeat(heights, 2), [0.0]))


@printed
def gate_figure(
    table: pd.DataFrame, title: str, still: Sequence[str] = (), *, synthetic: bool = False,
    width_in: float = DOUBLE_COLUMN_IN,
) -> Figure:  # fmt: skip
    """Distributions of weights over clips; below each, the mean over subjects with its 95 % interval.

    Args:
        table: Rows with the columns of `COLUMNS` and shares of clips bin_00, bin_01, ... of equal bins from 0 to 1;
            `state` is "unchanged" or "what if".
        title: Which model and target.
        still: Weights of gates that do not move, which is said above their panels.
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Raises:
        FigureError: There is no row, or a column is missing.
    """
    missing = [name for name in COLUMNS if name not in table]
    if missing or table.empty:
        raise FigureError(f"the figure of gates needs rows with columns {', '.join(COLUMNS)}; missing: "
                          f"{', '.join(missing) or 'rows'}")  # fmt: skip
    weights, groups = panels_of(table), groups_of(table)
    top, bottom, row_in, right, between = 0.5, 0.5, 0.27, 0.06, 0.1
    left = 0.1 + 0.045 * max(len(name) for name in groups)
    height_in = top + bottom + row_in * len(groups)
    figure = new_figure(width_in, height_in)
    heading = f"Gate weights, {title}" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(0.06 / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    panel_in = (width_in - left - right - between * (len(weights) - 1)) / len(weights)
    colours = {"audio": palette.AUDIO, "visual": palette.VISUAL, "joint": palette.JOINT}
    for number, name in enumerate(weights):
        x = (left + number * (panel_in + between)) / width_in
        axes = figure.add_axes((x, bottom / height_in, panel_in / width_in, row_in * len(groups) / height_in))
        colour = ink(next(found for word, found in colours.items() if word in name))
        for row in table[table["weight"] == name].to_dict("records"):
            place, changed = groups.index(row["group"]), row["state"] != "unchanged"
            xs, ys = ridge(row)
            if not changed:
                axes.fill_between(xs, place, place + ys, color=colour, alpha=0.3, lw=0)
            axes.plot(
                xs, place + ys, color=INK if changed else colour, lw=0.5, ls=dashes("2px,2px") if changed else "-"
            )
            y = place - (0.22 if changed else 0.09)
            if np.isfinite(row["low"]):
                axes.plot([row["low"], row["high"]], [y, y], color=INK if changed else colour, lw=0.8)
            axes.plot([row["mean"]], [y], ls="none", marker="o", ms=2.6, mew=0.6, color=INK if changed else colour,
                      mfc="white" if changed else colour)  # fmt: skip
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.set_ylim(-0.45, len(groups))
        axes.set_yticks(range(len(groups)), groups if number == 0 else [""] * len(groups))
        said = TITLES[name] + ("\ndoes not move" if name in still else "")
        axes.set_title(said, loc="left", size=6.5, weight=600, pad=2)
    handles = [Line2D([], [], color=INK, lw=0.8, marker="o", ms=2.6, label="mean over subjects, 95 % interval")]
    if (table["state"] != "unchanged").any():
        handles.append(Line2D([], [], color=INK, lw=0.5, ls=dashes("2px,2px"), marker="o", ms=2.6, mfc="white",
                              label="what if"))  # fmt: skip
    figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.04 / height_in), ncols=2)
    figure.text(0.5, 0.24 / height_in, "weight (height of a distribution: square root of the share of clips)", size=6,
                ha="center", va="bottom")  # fmt: skip
    return figure
