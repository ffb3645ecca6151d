"""How long labels stay alike, and what that is worth to each model, as a figure for papers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from iaca.config import SYNTHETIC, TARGETS
from iaca.figures import palette
from iaca.figures.print_style import DOUBLE_COLUMN_IN, GRID, INK, FigureError, dashes, ink, new_figure, printed
from iaca.figures.roles import styles

CURVE_COLUMNS = ("memory_s", "model", "target", "ccc", "low", "high")
AUTOCORRELATION_COLUMNS = ("memory_s", "lag_s", "target", "value")
MARKERS = {"triangle": "^", "circle": "o", "square": "s", "diamond": "D"}
DODGE = 1.02
"""Factor between the places of two models on the axis of memory, so that their intervals can be told apart."""

LEVELS = (("solid", "o"), ("5px,3px", "s"), ("2px,2px", "^"), ("dashdot", "D"))
"""Dash and marker of each memory, from the shortest."""


@printed
def memory_figure(
    curve: pd.DataFrame,
    autocorrelation: pd.DataFrame | None = None,
    *,
    synthetic: bool = False,
    width_in: float = DOUBLE_COLUMN_IN,
) -> Figure:
    """CCC against the memory of the labels, and below it the autocorrelation of labels with that memory.

    Args:
        curve: Rows with the columns of `CURVE_COLUMNS`: memory in seconds (above 0), title of the model, target, CCC,
            low and high of its interval (NaN: none is drawn).
        autocorrelation: Rows with the columns of `AUTOCORRELATION_COLUMNS`: memory and lag in seconds, target, value
            in [-1, 1]; None or no rows: CCC alone.
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Returns:
        The figure: a column per target.

    Raises:
        FigureError: A column is missing, there is no row, or a memory is not above 0.
    """
    _check(curve, CURVE_COLUMNS)
    if autocorrelation is not None and len(autocorrelation):
        _check(autocorrelation, AUTOCORRELATION_COLUMNS)
    else:
        autocorrelation = None
    targets = [target for target in TARGETS if (curve["target"] == target).any()]
    left, right, top, bottom, row_in, gap = 0.4, 0.08, 0.34, 0.3, 1.35, 0.58
    head_in, between = 0.16, 0.42
    height_in = top + row_in + gap + (head_in + row_in + bottom if autocorrelation is not None else 0)
    figure = new_figure(width_in, height_in)
    heading = "CCC against the memory of the labels" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(left / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    wide = (width_in - left - right - between * (len(targets) - 1)) / len(targets)
    rows = [(_draw_ccc, curve)] + ([] if autocorrelation is None else [(_draw_autocorrelation, autocorrelation)])
    for i, target in enumerate(targets):
        for j, (draw, table) in enumerate(rows):
            x, y = left + i * (wide + between), height_in - top - row_in - j * (row_in + gap + head_in)
            axes = figure.add_axes((x / width_in, y / height_in, wide / width_in, row_in / height_in))
            draw(axes, table, target)
    handles, _ = figure.axes[0].get_legend_handles_labels()
    y = (height_in - top - row_in - gap + 0.06) / height_in
    figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, y), ncols=len(handles))
    return figure


def _check(table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing or table.empty:
        raise FigureError(
            f"the figure of label memory needs rows with columns {', '.join(columns)}; missing: "
            f"{', '.join(missing) or 'rows'}"
        )
    if not (table["memory_s"] > 0).all():
        raise FigureError(f"the figure of label memory: memory of {table['memory_s'].min():g} s; expected above 0")


def _draw_ccc(axes: Axes, table: pd.DataFrame, target: str) -> None:
    models = list(dict.fromkeys(table["model"]))
    drawn = styles(models)
    for k, model in enumerate(models):
        own = table[(table["model"] == model) & (table["target"] == target)].sort_values("memory_s")
        x = own["memory_s"].to_numpy(float) * DODGE ** (k - (len(models) - 1) / 2)
        colour, value = ink(drawn[model].colour), own["ccc"].to_numpy(float)
        axes.vlines(x, own["low"].to_numpy(float), own["high"].to_numpy(float), color=colour, lw=0.6, alpha=0.6)
        axes.plot(
            x, value, color=colour, ls=dashes(drawn[model].dash), lw=1.0, marker=MARKERS[drawn[model].shape], ms=2.8,
            label=model,
        )  # fmt: skip
    memories = sorted(set(table["memory_s"]))
    axes.set_xscale("log")
    axes.set_xlim(memories[0] / 1.15, memories[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(memories))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(color=GRID)
    axes.set_title(target, loc="left", size=6.5, weight=600, pad=2)
    axes.set_xlabel("memory of the labels (s)")
    axes.set_ylabel(f"CCC {target}")


def _draw_autocorrelation(axes: Axes, table: pd.DataFrame, target: str) -> None:
    memories = sorted(set(table["memory_s"]))
    shades = np.linspace(0, len(palette.SEQUENTIAL) - 4, max(2, len(memories))).round().astype(int)
    for k, memory_s in enumerate(memories):
        own = table[(table["memory_s"] == memory_s) & (table["target"] == target)].sort_values("lag_s")
        dash, marker = LEVELS[k % len(LEVELS)]
        axes.plot(
            own["lag_s"], own["value"], color=palette.SEQUENTIAL[shades[k]], ls=dashes(dash), lw=1.0, marker=marker,
            ms=2.8, label=f"memory {memory_s:g} s",
        )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.5, ls=dashes("dot"))
    axes.set_ylim(min(-0.2, float(table["value"].min()) - 0.05), 1)
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(table["lag_s"]))))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(color=GRID)
    axes.set_title(f"Labels of {target}", loc="left", size=6.5, weight=600, pad=2)
    axes.set_xlabel("lag (s)")
    axes.set_ylabel("autocorrelation")
    axes.legend(loc="upper right")
