"""CCC against the share of missing clips, as a chart of the page and in words."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from iaca.figures import palette
from iaca.figures.palette import Colour, Style

CONCAT = "CONCAT"
CONTROL = Style(palette.TEXT, "1px,3px", "diamond")
"""A model without attention: the same in every panel."""

SHAPES = {"triangle": "triangle-up", "circle": "circle", "square": "square", "diamond": "diamond"}
TEXT = {"light": "#31333f", "dark": "#fafafa"}
HEIGHT_PX = 300
MISSING = "not defined"


def fusion_of(title: str) -> str:
    """The fusion that a model belongs to: CA for "CA+IACA (other.safetensors)"."""
    return title.split(" ")[0].split("+")[0].upper()


def panels(titles: Sequence[str]) -> dict[str, list[str]]:
    """Fusion -> models of its panel; a model without attention stands in every panel, or nobody can tell what that is
    worth."""
    fusions = [name for name in dict.fromkeys(map(fusion_of, titles)) if name != CONCAT] or [CONCAT]
    return {name: [title for title in titles if fusion_of(title) in (name, CONCAT)] for name in fusions}


def styles(titles: Sequence[str]) -> dict[str, Style]:
    """Models of a panel -> how they are drawn: the base and IACA as on Compare; a further one takes what is left."""
    chosen: dict[str, Style] = {}
    for title in titles:
        first = CONTROL if fusion_of(title) == CONCAT else palette.MODELS["+IACA" in title]
        left = [style for style in (first, *reversed(palette.MODELS), CONTROL) if style not in chosen.values()]
        chosen[title] = left[0] if left else first
    return chosen


def limits(table: pd.DataFrame) -> tuple[float, float]:
    """The axis of CCC that all panels of a target share."""
    values = table[["ccc", "low", "high"]].to_numpy(float)
    low, high = (pd.Series(values.ravel()).min(), pd.Series(values.ravel()).max())
    if pd.isna(low):
        return 0.0, 1.0
    margin = 0.05 * max(high - low, 0.1)
    return float(low - margin), float(high + margin)


def chart(table: pd.DataFrame, domain: tuple[float, float], x_title: str, y_title: str, theme: str) -> alt.LayerChart:
    """Lines with points, and bands where there are intervals.

    Args:
        table: Rows of one panel and target: model, share, ccc, low, high.
        domain: Limits of the axis of CCC.
        x_title: Of the axis of shares.
        y_title: Of the axis of CCC.
        theme: light or dark.
    """
    titles = list(dict.fromkeys(table["model"]))
    drawn = styles(titles)
    colours = [_shade(drawn[title].colour, theme) for title in titles]
    legend = alt.Legend(title=None, orient="bottom", symbolOpacity=1, symbolStrokeWidth=0, labelLimit=400)
    colour = alt.Color("model:N", scale=alt.Scale(domain=titles, range=colours), legend=legend)
    dashes = alt.StrokeDash(
        "model:N", scale=alt.Scale(domain=titles, range=[_dash(drawn[title].dash) for title in titles]), legend=legend
    )
    shape = alt.Shape(
        "model:N", scale=alt.Scale(domain=titles, range=[SHAPES[drawn[title].shape] for title in titles]), legend=legend
    )
    x = alt.X("share:Q", title=x_title, scale=alt.Scale(domain=[0, 0.8]),
              axis=alt.Axis(format=".0%", values=sorted(table["share"].unique())))  # fmt: skip
    scale = alt.Scale(domain=list(domain), nice=False, zero=False)
    hover = [alt.Tooltip("model:N"), alt.Tooltip("share:Q", title="missing", format=".0%")]
    hover += [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("ccc", "low", "high")]
    base = alt.Chart(table)
    band = base.mark_area(opacity=0.14).encode(
        x=x, y=alt.Y("low:Q", title=y_title, scale=scale), y2="high:Q", color=colour
    )
    line = base.mark_line(strokeWidth=2).encode(
        x=x, y=alt.Y("ccc:Q", title=y_title, scale=scale), color=colour, strokeDash=dashes
    )
    points = base.mark_point(size=46, filled=True, opacity=1).encode(
        x=x, y=alt.Y("ccc:Q", scale=scale), color=colour, shape=shape, tooltip=hover
    )
    ink = TEXT[theme]
    layers = alt.layer(band, line, points).properties(height=HEIGHT_PX)
    return layers.configure_axis(labelColor=ink, titleColor=ink).configure_legend(labelColor=ink)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """One row a model and target, one column a share: CCC and its interval; a value that is not defined is said."""
    rows = []
    for (target, model), part in table.groupby(["target", "model"], sort=False):
        cells = {f"{one.share:.0%}": _cell(one.ccc, one.low, one.high) for one in part.itertuples()}
        rows.append({"target": target, "model": model} | cells)
    return pd.DataFrame(rows)


def gist(table: pd.DataFrame, target: str) -> str:
    """What the curves of a target come down to, in a few words; "" before two shares are there."""
    parts = []
    last = 0.0
    for model, part in table[table["target"] == target].groupby("model", sort=False):
        part = part.dropna(subset=["ccc"]).sort_values("share")
        if len(part) > 1:
            last = max(last, float(part["share"].iloc[-1]))
            parts.append(f"{model} {_number(part['ccc'].iloc[0])} → {_number(part['ccc'].iloc[-1])}")
    return f"with {last:.0%} missing, {', '.join(parts)}" if parts else ""


def _cell(ccc: float, low: float, high: float) -> str:
    if pd.isna(ccc):
        return MISSING
    return _number(ccc) + ("" if pd.isna(low) else f" [{_number(low)}, {_number(high)}]")


def _number(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _shade(colour: Colour, theme: str) -> str:
    return TEXT[theme] if colour == palette.TEXT else colour[theme == "dark"]


def _dash(text: str) -> list[int]:
    return [1, 0] if text == "solid" else [int(part.removesuffix("px")) for part in text.split(",")]
