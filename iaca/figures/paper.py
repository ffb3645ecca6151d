"""Figures 1 and 3 of the paper, from our numbers.

Source: Praveen & Alam, arXiv:2405.12853, Figs 1 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from iaca.config import AUDIO, MODALITIES, SYNTHETIC, TARGETS, VISUAL
from iaca.figures import palette
from iaca.figures.print_style import (
    COLUMN_IN,
    DOUBLE_COLUMN_IN,
    GRID,
    INK,
    FigureError,
    dashes,
    ink,
    new_figure,
    printed,
)
from iaca.figures.roles import panels, role_of, styles

MODALITY_STYLES = {AUDIO: (palette.AUDIO, "solid"), VISUAL: (palette.VISUAL, "4px,2px")}
"""Colour and, as a second code, line style."""

MARKERS = {"triangle": "^", "circle": "o", "square": "s", "diamond": "D"}
FIGURE_3_COLUMNS = ("model", "pattern", "share", "target", "ccc", "low", "high")


class Person(NamedTuple):
    """One subject of Fig 1.

    Attributes:
        title: What to call it, such as "strong-01 (strong)".
        pts_s: (N,) seconds, ascending.
        scores: Model -> modality -> (N,) attention scores, raw; NaN where there is none.
        pictures: (second, (H, W, 3) uint8 RGB) of frames of its video, in order.
    """

    title: str
    pts_s: np.ndarray
    scores: Mapping[str, Mapping[str, np.ndarray]]
    pictures: Sequence[tuple[float, np.ndarray]] = ()


@printed
def figure_1(people: Sequence[Person], *, synthetic: bool = False, width_in: float = DOUBLE_COLUMN_IN) -> Figure:
    """Attention scores of both modalities, normalised to [0, 1], with frames of the video above.

    Source: Fig 1. Choice: the paper does not say how it normalises; here min-max per modality, with limits pooled over
    the models of a subject, so that models can be compared within a column.

    Args:
        people: Subjects, one a column, all with the same models; in the paper a strong and a weak one.
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Returns:
        The figure: a row per model.

    Raises:
        FigureError: There is no subject, they have different models, or a curve does not fit its times.
    """
    if not people:
        raise FigureError("Fig 1 needs at least one subject, got none")
    models = list(people[0].scores)
    for person in people:
        _check_person(person, models)
    top, strip, row, gap, bottom = 0.36, 0.62, 0.72, 0.2, 0.52
    height_in = top + strip + (row + gap) * len(models) + bottom
    figure = new_figure(width_in, height_in)
    left_in, between_in, right_in = 0.36, 0.26, 0.06
    column_in = (width_in - left_in - right_in - between_in * (len(people) - 1)) / len(people)
    heading = "Attention scores, normalised" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(left_in / width_in, 1 - 0.06 / height_in, heading, weight=600, size=7.5, va="top")
    for i, person in enumerate(people):
        x = (left_in + i * (column_in + between_in)) / width_in
        wide = column_in / width_in
        figure.text(x, 1 - 0.21 / height_in, person.title, size=7, va="top")
        _draw_strip(figure, person, x, 1 - (top + strip) / height_in, wide, strip / height_in)
        for j, model in enumerate(models):
            y = height_in - top - strip - (row + gap) * (j + 1)
            axes = figure.add_axes((x, y / height_in, wide, row / height_in))
            _draw_scores(axes, person, model, models)
            axes.set_title(model, loc="left", size=6.5, weight=600, pad=2)
            axes.tick_params(labelleft=i == 0, labelbottom=j == len(models) - 1)
            if i == 0:
                axes.set_ylabel("score")
    for axes in figure.axes[-1:]:
        handles, _ = axes.get_legend_handles_labels()
    figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.04 / height_in), ncols=len(handles))
    figure.text(0.5, 0.2 / height_in, "time (s)", size=6, ha="center", va="bottom")
    return figure


def _check_person(person: Person, models: Sequence[str]) -> None:
    if not models or list(person.scores) != list(models):
        raise FigureError(f"Fig 1: {person.title} has models {list(person.scores)}; expected {list(models)}")
    for model, scores in person.scores.items():
        for modality in MODALITIES:
            if modality not in scores or len(scores[modality]) != len(person.pts_s):
                found = len(scores[modality]) if modality in scores else "no"
                raise FigureError(
                    f"Fig 1: {person.title}, {model} has {found} {modality} scores; expected {len(person.pts_s)}"
                )


def _draw_strip(figure: Figure, person: Person, x: float, y: float, width: float, height: float) -> None:
    """Pictures side by side over the time axis, each with its second, and a line down to it."""
    span_s = max(float(person.pts_s[-1] - person.pts_s[0]), 1e-9)
    picture_wide = min(
        width / max(1, len(person.pictures)) * 0.96, height * figure.get_figheight() / figure.get_figwidth()
    )
    for second, picture in person.pictures:
        share = (second - float(person.pts_s[0])) / span_s
        place = x + min(max(share * width - picture_wide / 2, 0.0), width - picture_wide)
        axes = figure.add_axes((place, y + height * 0.2, picture_wide, height * 0.8))
        axes.imshow(picture, interpolation="lanczos", aspect="equal")
        axes.set_axis_off()
        axes.set_anchor("S")
        figure.text(place + picture_wide / 2, y + height * 0.14, f"{second:g} s", size=5.5, ha="center", va="top")


def _draw_scores(axes: Axes, person: Person, model: str, models: Sequence[str]) -> None:
    for modality in MODALITIES:
        pooled = np.concatenate([np.asarray(person.scores[one][modality], float) for one in models])
        finite = pooled[np.isfinite(pooled)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
        colour, dash = MODALITY_STYLES[modality]
        values = (np.asarray(person.scores[model][modality], float) - low) / ((high - low) or 1.0)
        axes.plot(person.pts_s, values, color=ink(colour), ls=dashes(dash), lw=0.9, label=modality)
    for second, _ in person.pictures:
        axes.axvline(second, color=INK, lw=0.4, ls=dashes("dot"), alpha=0.6)
    axes.set_xlim(person.pts_s[0], person.pts_s[-1])
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.5, 1])


@printed
def figure_3(table: pd.DataFrame, *, synthetic: bool = False, width_in: float = DOUBLE_COLUMN_IN) -> Figure:
    """CCC against the share of missing clips, with intervals.

    Source: Fig 3. One column of panels per fusion, one row per target and pattern; in each, the base, IACA on it and
    what else there is of that fusion. A model without attention (Concat) stands in every panel, or nobody can tell what
    attention is worth.

    Args:
        table: One row per model, pattern, share and target: model ("CA", "CA+IACA", "Concat"...), pattern, share in
            [0, 1], target, ccc, and low and high of its interval (NaN: none is drawn).
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Returns:
        The figure.

    Raises:
        FigureError: A column is missing, there is no row, or a share lies outside [0, 1].
    """
    missing = [name for name in FIGURE_3_COLUMNS if name not in table.columns]
    if missing or table.empty:
        raise FigureError(f"Fig 3 needs rows with columns {', '.join(FIGURE_3_COLUMNS)}; missing: {missing or 'rows'}")
    if not table["share"].between(0, 1).all():
        raise FigureError(f"Fig 3: share {table['share'].max():g} of missing clips; expected values in [0, 1]")
    by_panel, drawn = panels(table["model"]), styles(table["model"])
    lines = [
        (target, pattern)
        for target in sorted(table["target"].unique(), key=TARGETS.index)
        for pattern in dict.fromkeys(table["pattern"])
    ]
    left, right, top, bottom, between = 0.38, 0.06, 0.3, 0.5, 0.2
    height_in = top + bottom + len(lines) * 1.05 + between * (len(lines) - 1)
    figure = new_figure(width_in if len(by_panel) > 1 else min(width_in, COLUMN_IN), height_in)
    width_in = figure.get_figwidth()
    grid = figure.add_gridspec(
        len(lines), len(by_panel), left=left / width_in, right=1 - right / width_in, top=1 - top / height_in,
        bottom=bottom / height_in, hspace=between / 1.05, wspace=0.1,
    )  # fmt: skip
    heading = "CCC with missing clips" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(left / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    handles: dict[str, Artist] = {}
    for row, (target, pattern) in enumerate(lines):
        chosen = table[(table["target"] == target) & (table["pattern"] == pattern)]
        limits = chosen[["ccc", "low", "high"]].to_numpy(float)
        for column, (fusion, members) in enumerate(by_panel.items()):
            axes = figure.add_subplot(grid[row, column])
            for name in members:
                own, role = chosen[chosen["model"] == name], role_of(name)
                if len(own):
                    handles.setdefault(role, _draw_model(axes, own, drawn[name], role))
            if np.isfinite(limits).any():
                low, high = np.nanmin(limits), np.nanmax(limits)
                axes.set_ylim(low - 0.05 * (high - low + 0.01), high + 0.05 * (high - low + 0.01))
            axes.set_title(f"{fusion} · {pattern}", loc="left", size=6.5, weight=600, pad=2)
            axes.xaxis.set_major_formatter(PercentFormatter(1))
            axes.tick_params(labelleft=column == 0, labelbottom=row == len(lines) - 1)
            if column == 0:
                axes.set_ylabel(f"CCC {target}")
    figure.legend(
        handles=list(handles.values()), loc="lower center", bbox_to_anchor=(0.5, 0.04 / height_in), ncols=len(handles)
    )
    figure.text(0.5, 0.2 / height_in, "share of missing clips", size=6, ha="center", va="bottom")
    return figure


def _draw_model(axes: Axes, rows: pd.DataFrame, style: palette.Style, label: str) -> Artist:
    rows = rows.sort_values("share")
    share, colour = rows["share"].to_numpy(float), ink(style.colour)
    axes.fill_between(share, rows["low"].astype(float), rows["high"].astype(float), color=colour, alpha=0.14, lw=0)
    (line,) = axes.plot(
        share, rows["ccc"].astype(float), color=colour, ls=dashes(style.dash), lw=1.0, marker=MARKERS[style.shape],
        ms=2.6, label=label,
    )  # fmt: skip
    axes.grid(color=GRID)
    return line
