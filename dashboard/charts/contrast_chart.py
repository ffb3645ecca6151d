"""The primary contrasts of a study as a chart: interval, verdict and band of equivalence, both draws in one line."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.theme import TEXT, ink_axes
from iaca.config import TARGETS
from iaca.figures import palette

ROW_PX = 34
APART = 0.19
"""Of the two draws of a line, in lines."""

DRAWS = ("validation", "test")
SHAPES = {
    "helps": "triangle-right",
    "hurts": "triangle-left",
    "equivalent": "square",
    "nothing to gain here": "diamond",
}
"""Verdict -> shape of its mark; any other verdict is a circle. The test draw's are hollow."""

MARGIN = 0.02
GREY = "#8a8c95"
HOVER = (
    "%{customdata[0]}, %{customdata[1]}<br>%{x:+.3f} [%{customdata[2]:+.3f}, %{customdata[3]:+.3f}]: "
    "<b>%{customdata[4]}</b><br>Holm p %{customdata[5]:.3f}, smallest detectable %{customdata[6]:.3f}<extra></extra>"
)


def contrast_chart(contrasts: pd.DataFrame, *, dark: bool, margin: float = MARGIN) -> go.Figure:
    """Contrasts on one group of frames: a panel per target, a line per pair of models.

    Args:
        contrasts: Rows of the study's primary contrasts.
        dark: For a dark page.
        margin: Half the width of the band of equivalence, CCC.
    """
    contrasts = contrasts.assign(line=contrasts["model_title"] + " − " + contrasts["against_title"])
    lines = list(dict.fromkeys(contrasts["line"]))
    colour = palette.MODELS[1].colour[dark]
    figure = make_subplots(1, len(TARGETS), shared_yaxes=True, horizontal_spacing=0.03)
    for column, target in enumerate(TARGETS, 1):
        for draw in DRAWS:
            own = contrasts[(contrasts["target"] == target) & (contrasts["draw"] == draw)]
            if own.empty:
                continue
            offset = -APART if draw == DRAWS[0] else APART
            hollow = "" if draw == DRAWS[0] else "-open"
            marks = go.Scatter(
                x=own["value"],
                y=[lines.index(line) + offset for line in own["line"]],
                name=draw,
                showlegend=False,
                mode="markers",
                marker={
                    "symbol": [SHAPES.get(verdict, "circle") + hollow for verdict in own["verdict"]],
                    "size": 9,
                    "color": [colour if verdict in ("helps", "hurts") else GREY for verdict in own["verdict"]],
                },
                error_x={
                    "type": "data",
                    "array": own["high"] - own["value"],
                    "arrayminus": own["value"] - own["low"],
                    "color": GREY,
                    "thickness": 1.2,
                    "width": 3,
                },
                customdata=own[["line", "draw", "low", "high", "verdict", "p_holm", "smallest_detectable"]],
                hovertemplate=HOVER,
            )
            figure.add_trace(marks, 1, column)
        figure.update_xaxes(
            title=f"difference in CCC of {target}", zeroline=False, matches="x", tickformat=".2f", row=1, col=column
        )
    for draw, shape in zip(DRAWS, ("circle", "circle-open"), strict=True):
        if (contrasts["draw"] == draw).any():
            # A mark of its own: the shapes of the others are verdicts.
            figure.add_scatter(
                x=[None], y=[None], name=draw, mode="markers", marker={"symbol": shape, "size": 9, "color": GREY}
            )
    figure.add_vrect(x0=-margin, x1=margin, fillcolor=GREY, opacity=0.16, line_width=0, layer="below")
    figure.add_vline(x=0, line_width=1, line_dash="dot", line_color=TEXT[dark])
    figure.update_yaxes(
        tickvals=list(range(len(lines))),
        ticktext=lines,
        range=(len(lines) - 0.5, -0.5),
        zeroline=False,
        automargin=True,
    )
    figure.update_layout(
        height=90 + ROW_PX * len(lines),
        margin={"l": 8, "r": 8, "t": 4, "b": 36},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None, "itemclick": False},
        showlegend=True,
        hovermode="closest",
        dragmode=False,
    )
    ink_axes(figure, dark=dark)
    return figure
