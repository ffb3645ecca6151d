"""CCC against the memory of the labels, as a chart."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.missing_curves import SYMBOLS
from dashboard.charts.theme import TEXT, ink_axes
from iaca.config import TARGETS
from iaca.figures.roles import styles

HEIGHT_PX = 340
DODGE = 1.015
"""Factor between the places of two models on the axis of memory, so that their intervals can be told apart."""

HOVER = (
    "<b>%{fullData.name}</b><br>memory %{customdata[0]:g} s: CCC %{y:.3f} "
    "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]<extra></extra>"
)


def memory_chart(curve: pd.DataFrame, *, dark: bool) -> go.Figure:
    """A panel per target, a line per model, with intervals.

    Args:
        curve: Rows of memory_s, model, target, ccc, low and high.
        dark: For a dark page.
    """
    models = list(dict.fromkeys(curve["model"]))
    drawn = styles(models)
    memories = sorted(set(curve["memory_s"]))
    figure = make_subplots(1, len(TARGETS), horizontal_spacing=0.08)
    for column, target in enumerate(TARGETS, 1):
        for k, model in enumerate(models):
            own = curve[(curve["model"] == model) & (curve["target"] == target)].sort_values("memory_s")
            style = drawn[model]
            colour = (TEXT if isinstance(style.colour, str) else style.colour)[dark]
            line = go.Scatter(
                x=own["memory_s"] * DODGE ** (k - (len(models) - 1) / 2),
                y=own["ccc"],
                name=model,
                legendgroup=model,
                showlegend=column == 1,
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": style.dash},
                marker={"symbol": SYMBOLS[style.shape], "size": 8, "color": colour},
                error_y={
                    "type": "data",
                    "array": own["high"] - own["ccc"],
                    "arrayminus": own["ccc"] - own["low"],
                    "color": colour,
                    "thickness": 1,
                    "width": 2,
                },
                customdata=own[["memory_s", "low", "high"]],
                hovertemplate=HOVER,
            )
            figure.add_trace(line, 1, column)
        figure.update_yaxes(title=f"CCC {target}", tickformat=".2f", zeroline=False, row=1, col=column)
    figure.update_xaxes(
        title="memory of the labels (s)", type="log", tickvals=memories, ticktext=[f"{one:g}" for one in memories],
        showgrid=True, zeroline=False,
    )  # fmt: skip
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 4, "b": 36},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        showlegend=True,
        hovermode="closest",
        dragmode=False,
    )
    ink_axes(figure, dark=dark)
    return figure
