"""CCC against the share of missing clips: as a chart, as a table and in a few words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.theme import TEXT, ink_axes
from iaca.figures.palette import Colour, Style

SYMBOLS = {"triangle": "triangle-up", "circle": "circle", "square": "square", "diamond": "diamond"}
HEIGHT_PX = 320
BAND_OPACITY = 0.14
LAST_SHARE = 0.8
"""The axis of shares ends here, also while the curves still grow."""

UNDEFINED = "undefined"


def limits(table: pd.DataFrame) -> tuple[float, float]:
    """The axis of CCC that all panels of a target share."""
    values = table[["ccc", "low", "high"]].to_numpy(float)
    low, high = (pd.Series(values.ravel()).min(), pd.Series(values.ravel()).max())
    if pd.isna(low):
        return 0.0, 1.0
    margin = 0.05 * max(high - low, 0.1)
    return float(low - margin), float(high + margin)


def chart(
    table: pd.DataFrame,
    drawn: Mapping[str, Style],
    domain: tuple[float, float],
    x_title: str,
    y_title: str,
    *,
    dark: bool,
) -> go.Figure:
    """Lines with points, and bands where there are intervals.

    Args:
        table: Rows of one panel and target: model, share, ccc, low, high.
        drawn: Model -> how it is drawn.
        domain: Limits of the axis of CCC.
        x_title: Of the axis of shares.
        y_title: Of the axis of CCC.
        dark: For a dark page.
    """
    figure = go.Figure()
    titles = [title for title in drawn if (table["model"] == title).any()]
    parts = [(title, table[table["model"] == title].sort_values("share")) for title in titles]
    # First, so that they lie below all lines.
    figure.add_traces([_band(title, part, _shade(drawn[title].colour, dark)) for title, part in parts])
    for title, part in parts:
        style, colour = drawn[title], _shade(drawn[title].colour, dark)
        figure.add_scatter(
            x=part["share"],
            y=part["ccc"],
            name=title,
            legendgroup=title,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": style.dash},
            marker={"symbol": SYMBOLS[style.shape], "size": 9, "color": colour, "opacity": 1},
            cliponaxis=False,
            customdata=_cells(part),
            hovertemplate="<b>%{fullData.name}</b><br>%{x:.0%} missing: CCC %{customdata}<extra></extra>",
        )
    shares = sorted(table["share"].unique())
    figure.update_xaxes(
        title=x_title, range=(0, max(LAST_SHARE, *shares)), tickvals=shares, tickformat=".0%", showgrid=True,
        zeroline=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(title=y_title, range=domain, tickformat=".2f", zeroline=False, fixedrange=True)
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top", "title": None},
        showlegend=True,
        hovermode="closest",
        dragmode=False,
    )
    ink_axes(figure, dark=dark)
    return figure


def _band(title: str, part: pd.DataFrame, colour: str) -> go.Scatter:
    """The intervals of one model, as an area that comes and goes with its line; empty where there are none."""
    part = part.dropna(subset=["low", "high"])
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=np.concatenate((part["share"], part["share"][::-1])),
        y=np.concatenate((part["high"], part["low"][::-1])),
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},{BAND_OPACITY})",
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        legendgroup=title,
        showlegend=False,
    )


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """One row per model and target, one column per share: CCC and its interval, or that it is undefined."""
    rows = []
    for (target, model), part in table.groupby(["target", "model"], sort=False):
        shares = [f"{share:.0%}" for share in part["share"]]
        rows.append({"target": target, "model": model} | dict(zip(shares, _cells(part), strict=True)))
    return pd.DataFrame(rows)


def gist(table: pd.DataFrame, target: str) -> str:
    """How far the curves of a target fall, in a few words; "" until they have two points."""
    parts = []
    last = 0.0
    for model, part in table[table["target"] == target].groupby("model", sort=False):
        part = part.dropna(subset=["ccc"]).sort_values("share")
        if len(part) > 1:
            last = max(last, float(part["share"].iloc[-1]))
            parts.append(f"{model} {_number(part['ccc'].iloc[0])} → {_number(part['ccc'].iloc[-1])}")
    return f"with {last:.0%} missing, {', '.join(parts)}" if parts else ""


def _cells(part: pd.DataFrame) -> list[str]:
    """CCC and its interval, in words, of every row."""
    return [_cell(*numbers) for numbers in part[["ccc", "low", "high"]].to_numpy(float)]


def _cell(ccc: float, low: float, high: float) -> str:
    if pd.isna(ccc):
        return UNDEFINED
    return _number(ccc) + ("" if pd.isna(low) else f" [{_number(low)}, {_number(high)}]")


def _number(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _shade(colour: Colour, dark: bool) -> str:
    return (TEXT if isinstance(colour, str) else colour)[dark]
