"""Attention maps side by side, as a figure for papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from iaca.figures import palette
from iaca.figures.print_style import COLUMN_IN, FigureError, new_figure, printed

DIVERGING = LinearSegmentedColormap.from_list("iaca", palette.DIVERGING)
"""For values of both signs, as the page draws them."""

SEQUENTIAL = "cividis"
"""For values of one sign; the page has samples of it."""

TICKS = 4
"""Labels along an axis, about."""


class AttentionMap(NamedTuple):
    """One map.

    Attributes:
        title: Whose.
        values: (R, C).
        row_title: What the rows are.
        column_title: What the columns are.
        row_labels: A name for each row, or none at all.
        column_labels: Likewise for columns.
        divide: Columns before a line between two kinds of them, or None.
        here: Column of the clip at the cursor, which is framed, or None.
    """

    title: str
    values: np.ndarray
    row_title: str
    column_title: str
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    divide: int | None = None
    here: int | None = None


@printed
def map_figure(
    maps: Sequence[AttentionMap],
    limits: tuple[float, float],
    *,
    heading: str = "",
    diverging: bool = False,
    width_in: float = COLUMN_IN,
) -> Figure:
    """Maps in one row, with one scale of colours.

    Args:
        maps: At least one.
        limits: Values at the ends of the colours.
        heading: What the figure is about; "" for none.
        diverging: Two colours that meet in the middle of the limits, for values of both signs.
        width_in: Width, inches.

    Returns:
        The figure; its panels come first and in order, then the bar of colours.

    Raises:
        FigureError: There is no map, a map is empty, or labels are not as many as rows or columns.
    """
    if not maps:
        raise FigureError("a figure of attention maps needs at least one, got none")
    for one in maps:
        if one.values.ndim != 2 or not one.values.size:
            raise FigureError(f"the map of {one.title} is {one.values.shape}; expected rows and columns")
        for axis, (labels, count) in {
            "row": (one.row_labels, one.values.shape[0]), "column": (one.column_labels, one.values.shape[1])
        }.items():  # fmt: skip
            if len(labels) not in (0, count):
                raise FigureError(f"the map of {one.title} has {len(labels)} {axis} labels; expected {count}")
    left, between, bar, right, top, bottom = 0.34, 0.42, 0.07, 0.36, 0.36 if heading else 0.2, 0.34
    side = (width_in - left - between * (len(maps) - 1) - 0.08 - bar - right) / len(maps)
    height_in = top + side + bottom
    figure = new_figure(width_in, height_in)
    if heading:
        figure.text(0.04 / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    for i, one in enumerate(maps):
        x = left + i * (side + between)
        axes = figure.add_axes((x / width_in, bottom / height_in, side / width_in, side / height_in))
        image = axes.imshow(
            one.values, cmap=DIVERGING if diverging else SEQUENTIAL, vmin=limits[0], vmax=limits[1], aspect="auto",
            interpolation="nearest", rasterized=True,
        )  # fmt: skip
        _label(axes, one)
    x = left + len(maps) * side + (len(maps) - 1) * between + 0.08
    scale = figure.add_axes((x / width_in, bottom / height_in, bar / width_in, side / height_in))
    figure.colorbar(image, cax=scale).outline.set_linewidth(0.4)
    scale.tick_params(length=1.5, width=0.4)
    scale.grid(False)
    return figure


def _label(axes: Axes, one: AttentionMap) -> None:
    axes.grid(False)
    axes.set_title(one.title, loc="left", size=6.5, weight=600, pad=2)
    axes.set_ylabel(one.row_title)
    axes.set_xlabel(one.column_title)
    for labels, set_ticks in ((one.row_labels, axes.set_yticks), (one.column_labels, axes.set_xticks)):
        places: list[int] = (
            np.unique(np.linspace(0, len(labels) - 1, TICKS).round().astype(int)).tolist() if labels else []
        )
        set_ticks(places, [labels[k] for k in places])
    if one.divide is not None:
        axes.axvline(one.divide - 0.5, color="black", lw=0.5)
    if one.here is not None:
        rows = one.values.shape[0]
        for colour, width in (("black", 1.4), ("white", 0.6)):
            axes.plot(
                np.array([-0.5, 0.5, 0.5, -0.5, -0.5]) + one.here, np.array([0, 0, rows, rows, 0]) - 0.5,
                color=colour, lw=width, clip_on=False,
            )  # fmt: skip
