"""Differences in CCC between models and their bases, with intervals, as a chart."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.theme import ink_axes
from iaca.config import TARGETS
from iaca.figures import palette

ROW_PX = 26
VERDICT_SHAPES = {"helps": "triangle-right", "hurts": "triangle-left"}
HOVER = "%{y}: %{x:+.3f} [%{customdata[0]:+.3f}, %{customdata[1]:+.3f}]: %{customdata[2]}<extra></extra>"


def forest(part: pd.DataFrame, *, dark: bool) -> go.Figure:
    """Differences with their intervals: a panel for each target, a line for each model.

    The verdict shows in shape and place, not in colour alone.
    """
    part = part.iloc[::-1]
    colour, grey = palette.MODELS[1].colour[dark], "#8a8c95"
    figure = make_subplots(1, len(TARGETS), shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.03)
    for column, target in enumerate(TARGETS, 1):
        own = part[part.target == target]
        decided = own.verdict.isin(VERDICT_SHAPES)
        marks = go.Scatter(
            x=own.value,
            y=own.line,
            mode="markers",
            marker={
                "symbol": [VERDICT_SHAPES.get(verdict, "circle") for verdict in own.verdict],
                "size": 10,
                "color": [colour if is_decided else grey for is_decided in decided],
            },
            error_x={
                "type": "data",
                "array": own.high - own.value,
                "arrayminus": own.value - own.low,
                "color": grey,
                "thickness": 1.2,
                "width": 3,
            },
            customdata=own[["low", "high", "verdict"]],
            hovertemplate=HOVER,
        )
        figure.add_trace(marks, 1, column)
        figure.update_xaxes(
            title=f"difference in CCC of {target}", zeroline=False, matches="x", tickformat=".2f", row=1, col=column
        )
    figure.add_vline(x=0, line_width=1, line_dash="dot", line_color=grey)
    figure.update_layout(
        height=60 + ROW_PX * part.line.nunique(),
        margin={"l": 8, "r": 8, "t": 4, "b": 36},
        yaxis={"automargin": True},
        showlegend=False,
    )
    ink_axes(figure, dark=dark)
    return figure
