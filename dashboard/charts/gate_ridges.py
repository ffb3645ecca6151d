"""Weights of the gates over a corpus: a distribution for each group of clips, and its mean with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts.theme import TEXT, ink_axes
from iaca.figures import palette
from iaca.figures.gate_distributions import TITLES, groups_of, panels_of, ridge

ROW_PX = 46
CHANGED_DASH = "2px,2px"
UNCHANGED, CHANGED = "unchanged", "what if"


def ridges(table: pd.DataFrame, still: Sequence[str], *, dark: bool) -> go.Figure:
    """A panel for each weight, a line for each group.

    Args:
        table: Rows of one target with the columns of `iaca.study.overview_table.GATE_COLUMNS` and `state`, "unchanged"
            or "what if".
        still: Weights of gates that do not move.
        dark: For a dark page.
    """
    weights, groups = panels_of(table), groups_of(table)
    titles = [TITLES[name] + ("<br>does not move" if name in still else "") for name in weights]
    figure = make_subplots(1, len(weights), shared_yaxes=True, horizontal_spacing=0.018, subplot_titles=titles)
    colours = {"audio": palette.AUDIO, "visual": palette.VISUAL, "joint": palette.JOINT}
    for column, name in enumerate(weights, 1):
        colour = next(found for word, found in colours.items() if word in name)[dark]
        for state in (UNCHANGED, CHANGED):
            part = table[(table["weight"] == name) & (table["state"] == state)]
            for row in part.to_dict("records"):
                place = groups.index(row["group"])
                x, y = ridge(row)
                figure.add_scatter(
                    x=x, y=place + y, mode="lines", fill="toself" if state == UNCHANGED else None,
                    line={"color": colour if state == UNCHANGED else TEXT[dark], "width": 1,
                          "dash": "solid" if state == UNCHANGED else CHANGED_DASH},
                    fillcolor=_faint(colour), hoverinfo="skip", showlegend=False, row=1, col=column,
                )  # fmt: skip
            if part.empty:
                continue
            figure.add_scatter(
                x=part["mean"],
                y=[groups.index(one) - (0.08 if state == UNCHANGED else 0.22) for one in part["group"]],
                mode="markers",
                marker={"size": 7, "color": colour if state == UNCHANGED else TEXT[dark],
                        "symbol": "circle" if state == UNCHANGED else "circle-open"},
                error_x={"type": "data", "array": part["high"] - part["mean"],
                         "arrayminus": part["mean"] - part["low"], "thickness": 1.5, "width": 0},
                customdata=np.stack(
                    (part["group"], part["subjects"], part["clips"], list(map(_interval, part.to_dict("records")))),
                    axis=1,
                ),
                hovertemplate=f"%{{customdata[0]}}, {state}: mean %{{x:.2f}}%{{customdata[3]}}<br>"
                "%{customdata[1]} subjects, %{customdata[2]} clips<extra></extra>",
                showlegend=False, row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(range=(-0.02, 1.02), tickvals=[0, 0.5, 1], zeroline=False)
    figure.update_yaxes(tickvals=list(range(len(groups))), ticktext=groups, range=(-0.5, len(groups)), zeroline=False)
    figure.update_layout(
        height=90 + ROW_PX * len(groups), margin={"l": 8, "r": 8, "t": 46, "b": 24}, yaxis={"automargin": True}
    )
    figure.update_annotations(font={"size": 13, "color": TEXT[dark]})
    ink_axes(figure, dark=dark)
    return figure


def follow(table: pd.DataFrame, *, dark: bool) -> go.Figure:
    """Rank correlations between weights and influences, with intervals over subjects.

    Args:
        table: The columns of `iaca.study.overview_table.FOLLOW_COLUMNS`, and `state`.
        dark: For a dark page.
    """
    lines = [f"{one.target}, {one.modality}" for one in table.drop_duplicates(["target", "modality"]).itertuples()]
    figure = go.Figure()
    for state in (UNCHANGED, CHANGED):
        part = table[table["state"] == state]
        if part.empty:
            continue
        figure.add_scatter(
            x=part["correlation"],
            y=[lines.index(f"{one.target}, {one.modality}") + (0.0 if state == UNCHANGED else 0.25)
               for one in part.itertuples()],
            mode="markers",
            name=state,
            marker={"size": 9, "color": palette.MODELS[1].colour[dark] if state == UNCHANGED else TEXT[dark],
                    "symbol": "circle" if state == UNCHANGED else "circle-open"},
            error_x={"type": "data", "array": part["high"] - part["correlation"],
                     "arrayminus": part["correlation"] - part["low"], "thickness": 1.5, "width": 0},
            customdata=np.stack(
                (part["subjects"], [f"{one:.0%}" for one in part["positive"]],
                 list(map(_interval, part.to_dict("records")))), axis=1
            ),
            hovertemplate="%{x:+.2f}%{customdata[2]}, positive in %{customdata[1]} of %{customdata[0]} subjects"
            "<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line_width=1, line_dash="dot", line_color="#8a8c95")
    figure.update_xaxes(title="rank correlation of weight and size of influence", range=(-1, 1), zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(lines))), ticktext=lines, range=(len(lines) - 0.5, -0.5), zeroline=False
    )
    figure.update_layout(
        height=80 + 34 * len(lines), margin={"l": 8, "r": 8, "t": 8, "b": 36}, yaxis={"automargin": True},
        showlegend=bool((table["state"] == CHANGED).any()),
    )  # fmt: skip
    ink_axes(figure, dark=dark)
    return figure


def _interval(row: Mapping[Any, Any]) -> str:
    return f" [{row['low']:.2f}, {row['high']:.2f}]" if np.isfinite(row["low"]) else ""


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.3)"
