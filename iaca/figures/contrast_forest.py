"""The primary contrasts of a study with their intervals, validation and test in one line, as a figure for papers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from iaca.config import SYNTHETIC, TARGETS
from iaca.figures import palette
from iaca.figures.print_style import DOUBLE_COLUMN_IN, GRID, INK, FigureError, dashes, ink, new_figure, printed

COLUMNS = ("model_title", "against_title", "frames", "target", "draw", "value", "low", "high", "verdict")
MARKERS = {"helps": ">", "hurts": "<", "equivalent": "s", "nothing to gain here": "D"}
"""Verdict -> marker, a second code beside the place; any other verdict is a circle."""

EQUIVALENCE_MARGIN = 0.02
"""Half the width of the band in which differences make no difference in practice, unless the caller has another."""

DRAWS = ("validation", "test")
GREY = "#8a8c95"
DECIDED = ("helps", "hurts")
APART = 0.19
"""Of the two draws of a line, in lines."""


@printed
def contrast_figure(
    contrasts: pd.DataFrame,
    *,
    margin: float = EQUIVALENCE_MARGIN,
    synthetic: bool = False,
    width_in: float = DOUBLE_COLUMN_IN,
) -> Figure:
    """Contrasts with their intervals: a panel per group of frames and target, a line per pair of models.

    Each line has the validation draw (filled) above the test draw (hollow). The shape of a mark is the verdict; the
    shaded band is where a difference makes none in practice.

    Args:
        contrasts: Rows with the columns of `COLUMNS`: titles of both models, group of frames, target, draw of subjects
            (validation or test), difference in CCC, low and high of its 95 % interval (NaN: none is drawn), verdict.
        margin: Half the width of the band of equivalence, CCC.
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width, inches.

    Returns:
        The figure; all panels share the axis of differences.

    Raises:
        FigureError: There is no row, a column is missing, a draw is not known, or nothing has a value.
    """
    missing = [name for name in COLUMNS if name not in contrasts.columns]
    if missing or contrasts.empty:
        raise FigureError(f"the figure of contrasts needs rows with columns {', '.join(COLUMNS)}; missing: "
                          f"{', '.join(missing) or 'rows'}")  # fmt: skip
    unknown = sorted(set(contrasts["draw"]) - set(DRAWS))
    if unknown:
        raise FigureError(f"the figure of contrasts has the draw {unknown[0]!r}; expected one of {', '.join(DRAWS)}")
    ends = contrasts[["value", "low", "high"]].to_numpy(float)
    if not np.isfinite(ends).any():
        raise FigureError("the figure of contrasts has no value; expected at least one that is a number")
    contrasts = contrasts.assign(line=contrasts["model_title"] + " − " + contrasts["against_title"])
    targets = [target for target in TARGETS if (contrasts["target"] == target).any()]
    draws = [draw for draw in DRAWS if (contrasts["draw"] == draw).any()]
    lines = {str(frames): list(dict.fromkeys(part["line"])) for frames, part in contrasts.groupby("frames", sort=False)}
    low, high = min(-margin, np.nanmin(ends)), max(margin, np.nanmax(ends))
    spare = 0.04 * (high - low)
    line_in, head_in, top, bottom, right, between = 0.2, 0.24, 0.2, 0.56, 0.08, 0.12
    left = 0.12 + 0.038 * max(len(line) for found in lines.values() for line in found)
    height_in = top + bottom + sum(head_in + line_in * len(found) for found in lines.values())
    figure = new_figure(width_in, height_in)
    heading = "Primary contrasts: difference in CCC, with 95 % intervals" + (f" · {SYNTHETIC}" if synthetic else "")
    figure.text(0.06 / width_in, 1 - 0.05 / height_in, heading, weight=600, size=7.5, va="top")
    panel_in = (width_in - left - right - between * (len(targets) - 1)) / len(targets)
    y = height_in - top
    for frames, found in lines.items():
        high_in = line_in * len(found)
        y -= head_in + high_in
        is_last = frames == list(lines)[-1]
        for i, target in enumerate(targets):
            x = left + i * (panel_in + between)
            axes = figure.add_axes((x / width_in, y / height_in, panel_in / width_in, high_in / height_in))
            _draw(axes, contrasts[(contrasts["frames"] == frames) & (contrasts["target"] == target)], found, margin)
            axes.set_xlim(low - spare, high + spare)
            axes.tick_params(labelleft=i == 0, labelbottom=is_last)
            axes.set_title(f"{_about(frames)} · {target}", loc="left", size=6.5, weight=600, pad=2)
            if is_last:
                axes.set_xlabel(f"difference in CCC of {target}")
    figure.legend(
        handles=_legend(contrasts, draws, margin), loc="lower center", bbox_to_anchor=(0.5, 0.06 / height_in), ncols=8,
        handlelength=1.2,
    )  # fmt: skip
    return figure


def _about(frames: str) -> str:
    return "all frames" if frames == "all" else frames


def _draw(axes: Axes, rows: pd.DataFrame, lines: list[str], margin: float) -> None:
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(range(len(lines)), lines)
    axes.axvspan(-margin, margin, color=GRID, alpha=0.6, lw=0)
    axes.axvline(0, color=INK, lw=0.5, ls=dashes("dot"))
    axes.grid(axis="y", color=GRID)
    for row in rows.to_dict("records"):
        value, colour = row["value"], _colour(row["verdict"])
        place = lines.index(row["line"]) + (-APART if row["draw"] == DRAWS[0] else APART)
        if np.isfinite([row["low"], row["high"]]).all():
            axes.plot([row["low"], row["high"]], [place, place], color=GREY, lw=0.7, solid_capstyle="butt", zorder=2)
        axes.plot(
            [value], [place], ls="none", marker=MARKERS.get(row["verdict"], "o"), ms=3.2, color=colour, mew=0.7,
            mfc=colour if row["draw"] == DRAWS[0] else "white", zorder=3,
        )  # fmt: skip


def _colour(verdict: str) -> str:
    return ink(palette.MODELS[1].colour) if verdict in DECIDED else GREY


def _legend(contrasts: pd.DataFrame, draws: list[str], margin: float) -> list[Line2D | Patch]:
    """Marks of the draws and of the verdicts that there are, and the band."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], ls="none", marker="o", ms=3.2, color=GREY, mew=0.7, mfc=GREY if draw == DRAWS[0] else "white",
               label=draw)
        for draw in draws
    ]  # fmt: skip
    for verdict in dict.fromkeys([*MARKERS, *contrasts["verdict"]]):
        if (contrasts["verdict"] == verdict).any():
            label = str(verdict).partition(" (")[0]
            mark = MARKERS.get(verdict, "o")
            handles.append(Line2D([], [], ls="none", marker=mark, ms=3.2, color=_colour(verdict), label=label))
    return [*handles, Patch(color=GRID, alpha=0.6, lw=0, label=f"within ±{margin:g}")]
