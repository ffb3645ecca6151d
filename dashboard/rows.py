"""What the player can draw: rows with curves, bands behind them, points in the plane. The player knows no more."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.palette import Colour


class Curve(NamedTuple):
    """One named curve of a row.

    Attributes:
        name: Its name on the page.
        column: Column of the player's frames.
        colour: Its colour.
        dash: Line style, in Plotly's notation.
        width: Line width, px.
        opacity: Of the line, 0 to 1.
        stack: "" for a line; "first" or "next" for a weight that is stacked on those before it.
        fill: Opacity below a stacked weight.
        legend: Whether it is listed beside the row.
    """

    name: str
    column: str
    colour: Colour
    dash: str = "solid"
    width: float = 1.6
    opacity: float = 1.0
    stack: str = ""
    fill: float = 0.0
    legend: bool = True


class Row(NamedTuple):
    """One row of the figure.

    Attributes:
        key: Short name.
        title: Its title.
        unit: Title of its y axis.
        help: One sentence that says what is shown.
        range: Of its y axis.
        ticks: On its y axis.
        height: px.
        traces: Its curves.
    """

    key: str
    title: str
    unit: str
    help: str
    range: tuple[float, float]
    ticks: tuple[float, ...]
    height: int
    traces: tuple[Curve, ...]


class Band(NamedTuple):
    """Spans of time that are shaded behind rows.

    Attributes:
        kind: episode, dropped or mask.
        label: What is the case there.
        spans: (start, end) in seconds.
        colour: Its colour.
        opacity: Of the shading; 0 shades nothing.
        hatched: Hatched instead of shaded.
        rows: Keys of the rows behind which it lies; None for all.
        lane: Lane above the rows that names it, or None.
    """

    kind: str
    label: str
    spans: list[tuple[float, float]]
    colour: Colour
    opacity: float
    hatched: bool = False
    rows: tuple[str, ...] | None = None
    lane: str | None = None


class Point(NamedTuple):
    """A point of the valence-arousal plane and a line of the table of values."""

    name: str
    valence: str
    arousal: str
    colour: Colour
    shape: str
