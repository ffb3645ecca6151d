"""CCC of two models over a corpus: a dot for each subject, above the diagonal where the second one is better."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.theme import ink_axes
from iaca.figures import palette

HEIGHT_PX = 430
GREY = "#8a8c95"
BETTER, WORSE, UNCLEAR = "gain, interval above 0", "loss, interval below 0", "interval includes 0, or no interval"
DIMMED = 0.18
Box = tuple[float, float, float, float]
"""Left, right, bottom and top, CCC."""


def limits(table: pd.DataFrame) -> tuple[float, float]:
    """The range that both axes share, so that the diagonal is one."""
    values = table[["ccc_base", "ccc_gated"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    margin = 0.06 * max(np.ptp(values), 0.1)
    return float(values.min() - margin), float(values.max() + margin)


def verdicts(table: pd.DataFrame) -> pd.Series:
    """What each subject's interval says."""
    return pd.Series(
        np.select([table["gain_low"] > 0, table["gain_high"] < 0], [BETTER, WORSE], UNCLEAR), table.index, dtype=object
    )


def scatter(
    table: pd.DataFrame, titles: tuple[str, str], target: str, shown: Collection[str], box: Box | None, *, dark: bool
) -> go.Figure:
    """The dots.

    Args:
        table: Rows with subject, condition, ccc_base, ccc_gated, gain, gain_low, gain_high; of one target.
        titles: Of the first and the second model.
        target: valence or arousal.
        shown: Subjects that the table beside it lists; all others are faint.
        box: What is brushed, or None.
        dark: For a dark page.
    """
    low, high = limits(table)
    table = table[table["ccc_base"].notna() & table["ccc_gated"].notna()]
    figure = go.Figure()
    figure.add_shape(
        type="line", x0=low, y0=low, x1=high, y1=high, line={"width": 1, "dash": "dot", "color": GREY}, layer="below"
    )
    if box is not None:
        figure.add_shape(
            type="rect", x0=box[0], x1=box[1], y0=box[2], y1=box[3], line={"width": 1, "dash": "dash", "color": GREY}
        )
    said = verdicts(table)
    looks = {
        UNCLEAR: (GREY, "circle-open"),
        BETTER: (palette.MODELS[1].colour[dark], "triangle-up"),
        WORSE: (palette.MODELS[0].colour[dark], "triangle-down"),
    }
    for verdict, (colour, symbol) in looks.items():
        part = table[said == verdict]
        if part.empty:
            continue
        custom = part[["subject", "condition", "gain", "gain_low", "gain_high"]].copy()
        custom["condition"] = custom["condition"].str.replace("_", " ")
        ends = zip(part["gain_low"].to_numpy(float), part["gain_high"].to_numpy(float), strict=True)
        custom["interval"] = [f" [{low:+.2f}, {high:+.2f}]" if np.isfinite(low) else "" for low, high in ends]
        figure.add_scatter(
            x=part["ccc_base"],
            y=part["ccc_gated"],
            mode="markers",
            name=f"{verdict} ({len(part)})",
            marker={"color": colour, "symbol": symbol, "size": 10, "line": {"width": 1.5, "color": colour},
                    "opacity": [1.0 if one in shown else DIMMED for one in part["subject"]]},
            customdata=custom,
            hovertemplate="<b>%{customdata[0]}</b> %{customdata[1]}<br>"
            f"{titles[0]} %{{x:.2f}}, {titles[1]} %{{y:.2f}}<br>gain %{{customdata[2]:+.2f}}%{{customdata[5]}}"
            "<extra></extra>",
        )  # fmt: skip
    # Both axes have one scale and the same ticks, or distances from the diagonal mislead.
    same = {"range": (low, high), "dtick": _tick(high - low), "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(title=f"CCC of {target}, {titles[0]}", **same)
    figure.update_yaxes(title=f"CCC of {target}, {titles[1]}", scaleanchor="x", **same)
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode="select",
        hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        showlegend=True,
        uirevision="corpus",
    )
    ink_axes(figure, dark=dark)
    return figure


def _tick(span: float) -> float:
    """The smallest round step of which the axis shows at most seven."""
    return next((step for step in (0.02, 0.05, 0.1, 0.2) if span / step <= 7), 0.5)
