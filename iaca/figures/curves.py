"""The curves of a recording, as an interactive figure and as a figure for papers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from iaca.config import AROUSAL, TARGETS, VALENCE
from iaca.figures import palette
from iaca.figures.palette import Colour, Style
from iaca.figures.print_style import (
    DOUBLE_COLUMN_IN,
    POINTS_PER_PX,
    FigureError,
    dashes,
    ink,
    new_figure,
    printed,
    save,
)
from iaca.types import Trace

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROW_PX = 130
ROW_IN = 0.85
TITLE_IN = 0.16
BOTTOM_IN = 0.34
LEFT_IN = 0.4

WEIGHTS = {
    "Stage-2 gate": (
        ("stage2_audio", "audio", palette.AUDIO, "solid"),
        ("stage2_visual", "visual", palette.VISUAL, "4px,2px"),
        ("stage2_joint", "joint", palette.JOINT, "dot"),
    ),
    "Stage-1 gate, cross-attended": (
        ("stage1_audio_cross", "audio", palette.AUDIO, "solid"),
        ("stage1_visual_cross", "visual", palette.VISUAL, "4px,2px"),
    ),
    "Attention score": (
        ("audio_contribution", "audio", palette.AUDIO, "solid"),
        ("visual_contribution", "visual", palette.VISUAL, "4px,2px"),
    ),
}
"""Row -> columns of a trace, without the target: name, modality, colour and dash."""


class Curve(NamedTuple):
    """One line of a row.

    Attributes:
        label: In the legend.
        values: (N,) one value a frame; NaN where there is none.
        colour: For light and dark pages.
        dash: In Plotly's notation.
    """

    label: str
    values: np.ndarray
    colour: Colour
    dash: str


class Panel(NamedTuple):
    """One row of curves.

    Attributes:
        title: What it shows, and of which model.
        limits: Lowest and highest value of its axis.
        curves: From back to front.
    """

    title: str
    limits: tuple[float, float]
    curves: tuple[Curve, ...]


def plot(*traces: Trace, gates_of: str = VALENCE) -> go.Figure:
    """Draw what models say of one recording: predictions against the annotation, gates and attention scores.

    Args:
        traces: One or more, of the same subject.
        gates_of: Whose gates and attention scores are drawn, valence or arousal.

    Returns:
        A Plotly figure with one row for each quantity, on one time axis in seconds.

    Raises:
        FigureError: There is no trace, the traces are of several subjects, or there is no such target.
    """
    from plotly.subplots import make_subplots

    panels = list(_panels(traces, gates_of))
    pts_s = traces[0].frames["pts_s"].to_numpy()
    figure = make_subplots(
        len(panels), 1, shared_xaxes=True, vertical_spacing=0.25 / len(panels), subplot_titles=[p.title for p in panels]
    )
    named: set[str] = set()
    for row, panel in enumerate(panels, 1):
        for curve in panel.curves:
            line = {"color": ink(curve.colour), "dash": curve.dash, "width": 1.6}
            shown = curve.label not in named
            named.add(curve.label)
            figure.add_scatter(
                x=pts_s, y=curve.values, name=curve.label, legendgroup=curve.label, showlegend=shown, mode="lines",
                line=line, hovertemplate="%{y:.3f}", row=row, col=1,
            )  # fmt: skip
        figure.update_yaxes(range=panel.limits, row=row, col=1)
    figure.update_xaxes(title_text="s", row=len(panels), col=1)
    figure.update_layout(
        title=traces[0].subject,
        height=110 + ROW_PX * len(panels),
        hovermode="x unified",
        template="plotly_white",
        margin={"l": 50, "r": 20, "t": 70, "b": 40},
        legend={"orientation": "h", "y": -0.06, "yanchor": "top"},
    )
    return figure


def save_figure(
    path: str | os.PathLike[str], *traces: Trace, gates_of: str = VALENCE, width_in: float = DOUBLE_COLUMN_IN
) -> Path:
    """Write the same rows as a figure for papers.

    Args:
        path: A file that ends in .svg, .pdf or .png.
        traces: One or more, of the same subject.
        gates_of: Whose gates and attention scores are drawn, valence or arousal.
        width_in: Width, inches.

    Returns:
        The file.

    Raises:
        FigureError: As for `plot`, or the ending is another one.
        OSError: The file cannot be written.
    """
    return save(print_curves(*traces, gates_of=gates_of, width_in=width_in), Path(path))


@printed
def print_curves(
    *traces: Trace,
    gates_of: str = VALENCE,
    width_in: float = DOUBLE_COLUMN_IN,
    range_s: tuple[float, float] | None = None,
    shaded_s: tuple[float, float] | None = None,
) -> Figure:
    """Draw the rows of `plot` with matplotlib.

    Args:
        traces: One or more, of the same subject.
        gates_of: Whose gates and attention scores are drawn, valence or arousal.
        width_in: Width, inches.
        range_s: First and last second; None: all.
        shaded_s: Where a span behind the curves begins and ends; None: there is none.

    Returns:
        The figure, as high as its rows need.

    Raises:
        FigureError: As for `plot`, or fewer than two frames lie in the range.
    """
    panels = list(_panels(traces, gates_of))
    pts_s = traces[0].frames["pts_s"].to_numpy()
    start_s, end_s = range_s or (float(pts_s[0]), float(pts_s[-1]))
    if np.count_nonzero((pts_s >= start_s) & (pts_s <= end_s)) < 2:
        raise FigureError(
            f"fewer than two frames of {traces[0].subject} lie between {start_s:g} and {end_s:g} s; expected a range "
            f"within {pts_s[0]:g} to {pts_s[-1]:g} s"
        )
    # With a neighbour on either side, so that curves reach the edges.
    seen = slice(max(0, int(np.searchsorted(pts_s, start_s)) - 1), int(np.searchsorted(pts_s, end_s, side="right")) + 1)
    height = (ROW_IN + TITLE_IN) * len(panels) + BOTTOM_IN + TITLE_IN
    figure = new_figure(width_in, height)
    top = height - TITLE_IN
    figure.text(LEFT_IN / width_in, (height - 0.03) / height, traces[0].subject, weight=600, size=7.5, va="top",
                parse_math=False)  # fmt: skip
    for panel in panels:
        top -= ROW_IN + TITLE_IN
        axes = figure.add_axes(
            (LEFT_IN / width_in, top / height, (width_in - LEFT_IN - 0.08) / width_in, ROW_IN / height)
        )
        for curve in panel.curves:
            axes.plot(
                pts_s[seen],
                curve.values[seen],
                color=ink(curve.colour),
                linestyle=dashes(curve.dash),
                linewidth=1.6 * POINTS_PER_PX,
                label=curve.label,
            )
        axes.set_ylim(*panel.limits)
        if shaded_s is not None:
            axes.axvspan(*shaded_s, color=ink(palette.NOTE), alpha=0.2, lw=0, zorder=0.5)
        axes.set_xlim(start_s, end_s)
        axes.tick_params(labelbottom=panel is panels[-1])
        axes.set_title(panel.title, loc="left", size=6.5, pad=2)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(panel.curves))
    axes.set_xlabel("s")
    return figure


def _panels(traces: Sequence[Trace], gates_of: str) -> Iterator[Panel]:
    if not traces:
        raise FigureError("there is no trace to draw; expected at least one")
    if gates_of not in TARGETS:
        raise FigureError(f"gates_of is {gates_of!r}; expected one of: {', '.join(TARGETS)}")
    subjects = list(dict.fromkeys(trace.subject for trace in traces))
    if len(subjects) > 1 or len({len(trace.frames) for trace in traces}) > 1:
        raise FigureError(f"the traces are of {' and '.join(subjects)}; expected traces of one recording")
    styles = _styles(traces)
    for target in (VALENCE, AROUSAL):
        truth = Curve("annotation", traces[0].frames[f"{target}_truth"].to_numpy(), *palette.TRUTH[:2])
        predicted = [
            Curve(trace.checkpoint, trace.frames[target].to_numpy(), *style[:2])
            for trace, style in zip(traces, styles, strict=True)
        ]
        curves = tuple(curve for curve in (truth, *predicted) if np.isfinite(curve.values).any())
        if curves:
            yield Panel(target.capitalize(), (-1.0, 1.0), curves)
    for trace in traces:
        influences = [
            Curve(name, trace.frames[column].to_numpy(), colour, dash)
            for name, colour, dash in (("audio", palette.AUDIO, "solid"), ("visual", palette.VISUAL, "4px,2px"))
            if (column := f"{gates_of}_{name}_influence") in trace.frames
        ]
        if any(np.isfinite(curve.values).any() for curve in influences):
            yield Panel(f"Influence on {gates_of} · {trace.checkpoint}", (-1.0, 1.0), tuple(influences))
    for title, columns in WEIGHTS.items():
        for trace in traces:
            curves = tuple(
                Curve(label, trace.frames[f"{gates_of}_{name}"].to_numpy(), colour, dash)
                for name, label, colour, dash in columns
            )
            if any(np.isfinite(curve.values).any() for curve in curves):
                yield Panel(f"{title} for {gates_of} · {trace.checkpoint}", (0.0, 1.0), curves)


def _styles(traces: Sequence[Trace]) -> list[Style]:
    """A model without gates in the page's first style, one with gates in its second, further ones in what is left."""
    base, gated, *others = palette.MODELS
    left = [base, gated, *others]
    styles = []
    for trace in traces:
        gates = [f"{target}_{gate}" for target in TARGETS for gate in ("stage1_audio_cross", "stage2_audio")]
        has_gates = bool(trace.frames[gates].notna().any(axis=None))
        wanted = gated if has_gates else base
        style = wanted if wanted in left else (left or palette.MODELS)[0]
        left = [one for one in left if one is not style]
        styles.append(style)
    return styles
