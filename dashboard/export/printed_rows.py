"""The rows of the page on paper: one axis a row, bands behind them, lanes above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from dashboard.export.layers import shaded_spans
from dashboard.export.printed_sound import draw_sound
from dashboard.timeline.declared import Band, Columns, Curve, Point, Row
from iaca.config import SYNTHETIC
from iaca.data.media.sound_summary import SoundSummary
from iaca.figures.print_style import COLUMN_IN, POINTS_PER_PX, FigureError, dashes, ink, new_figure, printed

LEFT_IN = 0.36
RIGHT_IN = 0.06
BOTTOM_IN = 0.3
TITLE_IN = 0.13
"""Height of the line with a row's title, and of every line of its legend."""

LANE_IN = 0.1
GAP_IN = 0.06
IN_PER_PX = 0.006
"""Height of a row: px of the page to inches on paper."""

LEAST_IN = 0.18
"""Height below which nothing can be read off a row."""

ROOM_IN = 0.1
"""Width that each span of a band needs on average to be shaded behind rows."""

LANE_PARTS = {"whole": (0.0, 1.0), "upper": (0.54, 1.0), "lower": (0.0, 0.46)}
"""Part of a lane -> from and to which share of its height."""

CHARACTER_IN = 0.036
FEWEST_CHARACTERS = 3
CODE_IN = 0.07
"""Width that the letter of a span needs."""

DOTS = "....."
"""Hatch of what is dotted on the page."""

BINS = 1500
"""Most bins along the time axis; of each, smallest and largest value are kept."""


class View(NamedTuple):
    """What the page shows of a subject, as it is declared to the player.

    Attributes:
        title: Of the figure, such as the subject's name.
        rows: In order; each is drawn as high as it says.
        bands: Behind the rows.
        columns: Every column that the rows' curves show.
        pts_s: (N,) seconds, ascending.
        synthetic: Whether the title says that the corpus is synthetic.
        gates_of: The target whose attention and gates the rows show, where each has its own; or None.
        points: Of the valence-arousal plane, which films show.
        sound: Of the recording, for the rows that are drawn from it; None where there are no such rows.
        note: What has to be said of the curves, in a line of its own; or "".
    """

    title: str
    rows: Sequence[Row]
    bands: Sequence[Band]
    columns: Columns
    pts_s: np.ndarray
    synthetic: bool = False
    gates_of: str | None = None
    points: Sequence[Point] = ()
    sound: SoundSummary | None = None
    note: str = ""

    @property
    def heading(self) -> str:
        """The title, and what has to be said of the corpus and of the rows."""
        whose = f"gates and scores of {self.gates_of}" if self.gates_of else ""
        return " · ".join(filter(None, [self.title, SYNTHETIC if self.synthetic else "", whose]))


@printed
def figure_of_view(
    view: View,
    *,
    range_s: tuple[float, float] | None = None,
    width_in: float = COLUMN_IN,
    height_in: float | None = None,
    headed: bool = True,
) -> Figure:
    """What the page shows, as a figure: the same rows, curves, bands and colours.

    Args:
        view: What is shown.
        range_s: First and last second; None: all.
        width_in: Width, inches.
        height_in: Height, inches, which the rows share in the proportion of their own; None: as high as they need.
        headed: Whether the heading stands above.

    Returns:
        The figure; the axes of rows come last and in order.

    Raises:
        FigureError: There is nothing to draw, the range holds no frame, or the rows are too many for the height.
    """
    rows, bands, pts_s = view.rows, view.bands, view.pts_s
    if not rows or not len(pts_s):
        raise FigureError("a figure of the view needs at least one row and one frame")
    start, end = range_s or (float(pts_s[0]), float(pts_s[-1]))
    if not ((pts_s >= start) & (pts_s <= end)).any():
        raise FigureError(
            f"no frame lies between {start:g} and {end:g} s; expected a range within {pts_s[0]:g} to {pts_s[-1]:g} s"
        )
    heading, note = (view.heading, view.note) if headed else ("", "")
    inner_in = width_in - LEFT_IN - RIGHT_IN
    lanes = list(dict.fromkeys(band.lane for band in bands if band.lane and _inside(band, start, end)))
    crowded = crowded_kinds(bands, start, end, inner_in)
    shaded = [band for band in bands if band.kind not in crowded]
    legends = [_legend_lines(row, inner_in) for row in rows]
    beside = [_fits_beside_title(row, lines, inner_in) for row, lines in zip(rows, legends, strict=True)]
    heights = [row.height * IN_PER_PX for row in rows]
    above = [TITLE_IN * (1 + len(lines) - one) for lines, one in zip(legends, beside, strict=True)]
    around = (
        sum(above)
        + GAP_IN * (len(rows) + 1)
        + LANE_IN * len(lanes)
        + BOTTOM_IN
        + TITLE_IN * (bool(heading) + bool(note))
    )
    if height_in is not None:
        heights = [height * (height_in - around) / sum(heights) for height in heights]
        if min(heights) < LEAST_IN:
            raise FigureError(
                f"{len(rows)} rows do not fit into {height_in:.2f} in; expected rows of at least {LEAST_IN:g} in"
            )
    total = around + sum(heights)
    figure = new_figure(width_in, total)
    top = total - GAP_IN

    def place(height: float) -> Axes:
        return figure.add_axes((LEFT_IN / width_in, (top - height) / total, inner_in / width_in, height / total))

    if heading:
        figure.text(LEFT_IN / width_in, (top - TITLE_IN * 0.2) / total, heading, weight=600, size=7.5, va="top",
                    parse_math=False)  # fmt: skip
        top -= TITLE_IN
    if note:
        figure.text(LEFT_IN / width_in, (top - TITLE_IN * 0.1) / total, note, size=6.5, va="top")
        top -= TITLE_IN
    for lane in lanes:
        _draw_lane(place(LANE_IN * 0.8), lane, [band for band in bands if band.lane == lane], (start, end), inner_in)
        top -= LANE_IN
    for row, lines, on_title, height, head in zip(rows, legends, beside, heights, above, strict=True):
        top -= GAP_IN + head
        axes = place(height)
        last = row is rows[-1]
        if row.kind != "curves" and view.sound is not None:
            draw_sound(axes, row, view.sound, (start, end))
        _draw_row(axes, row, view.columns, pts_s, (start, end), inner_in)
        behind = [band for band in shaded if band.rows is None or row.key in band.rows]
        _draw_bands(axes, behind)
        axes.set_xlim(start, end)
        axes.tick_params(labelbottom=last, bottom=last)
        at = axes.get_position()
        figure.text(at.x0, at.y1 + (head - TITLE_IN * 0.25) / total, row.title, weight=600, size=6.5, va="top")
        for i, line in enumerate(lines):
            y = 1 + (head - TITLE_IN * ((0 if on_title else 1) + i + 0.02)) / height
            samples, names = [_sample(curve) for curve in line], [curve.name for curve in line]
            # Not `axes.legend`: an axis has one legend of its own, and the next line would take its place.
            legend = Legend(
                axes,
                samples,
                names,
                ncols=len(line),
                loc="lower right" if on_title else "upper left",
                bbox_to_anchor=(1, 1 + 0.025 / height) if on_title else (0, y),
            )
            axes.add_artist(legend)
        top -= height
    figure.axes[-1].set_xlabel("time (s)")
    return figure


def crowded_kinds(bands: Sequence[Band], start: float, end: float, width_in: float) -> set[str]:
    """Kinds of bands of which one has spans so close that they would hide the curves: those are seen in their lanes.

    What is missing is always shown, and so is never crowded.

    Args:
        bands: All of them.
        start: First second in view.
        end: Last second in view.
        width_in: Of the time axis, inches.
    """
    most = max(1.0, width_in / ROOM_IN)
    return {
        band.kind for band in bands if not band.hatched and sum(a < end and b > start for a, b in band.spans) > most
    }


def _inside(band: Band, start: float, end: float) -> bool:
    return any(a < end and b > start for a, b in band.spans)


def _legend_lines(row: Row, width_in: float) -> list[list[Curve]]:
    """Entries of a row's legend, as many to a line as fit."""
    lines: list[list[Curve]] = []
    used = 0.0
    for curve in row.curves:
        if not curve.legend:
            continue
        needed = _entry_in(curve)
        if not lines or used + needed > width_in:
            lines.append([])
            used = 0.0
        lines[-1].append(curve)
        used += needed
    return lines


def _entry_in(curve: Curve) -> float:
    return 0.3 + 0.037 * len(curve.name)


def _fits_beside_title(row: Row, lines: Sequence[Sequence[Curve]], width_in: float) -> bool:
    return len(lines) == 1 and 0.044 * len(row.title) + sum(map(_entry_in, lines[0])) < width_in


def _sample(curve: Curve) -> Line2D | Patch:
    colour = ink(curve.colour)
    if curve.stack:
        patch = Patch(facecolor=colour, alpha=min(1.0, curve.fill + 0.1), label=curve.name)
        if curve.dotted:
            patch.set(hatch=DOTS, edgecolor=colour, lw=0)
        return patch
    width = curve.width * POINTS_PER_PX
    return Line2D([], [], color=colour, alpha=curve.opacity, lw=width, ls=dashes(curve.dash), label=curve.name)


def _corners(values: np.ndarray) -> np.ndarray:
    """(N,) bool: points without those inside a flat stretch; gates and scores are held between clips."""
    same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    return ~(np.concatenate(([False], same)) & np.concatenate((same, [False])))


def _thin(values: np.ndarray) -> np.ndarray:
    """Indices of the points that a line at this width shows: smallest and largest of every bin, gaps and the ends."""
    if len(values) <= 2 * BINS:
        return np.flatnonzero(_corners(values))
    keep = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), BINS):
        chosen = values[part]
        if np.isnan(chosen).any():
            keep.add(int(part[np.argmax(np.isnan(chosen))]))
        if np.isfinite(chosen).any():
            keep |= {int(part[np.nanargmin(chosen)]), int(part[np.nanargmax(chosen)])}
    return np.array(sorted(keep))


def _draw_row(
    axes: Axes, row: Row, columns: Columns, pts_s: np.ndarray, range_s: tuple[float, float], width_in: float
) -> None:
    first = max(0, int(np.searchsorted(pts_s, range_s[0])) - 1)
    last = min(len(pts_s), int(np.searchsorted(pts_s, range_s[1], side="right")) + 1)
    times = pts_s[first:last]
    below = np.zeros(len(times))
    for curve in row.curves:
        values = curve.values(columns)[first:last]
        colour = ink(curve.colour)
        if curve.stack:
            below = below if curve.stack == "next" else np.zeros(len(times))
            upper = below + values
            kept = _corners(below) | _corners(upper)
            line, floor = upper, below[kept]
            below = upper
        else:
            lower = np.zeros(len(times)) if curve.below is None else columns[curve.below].values[first:last]
            kept = _thin(values) if curve.below is None else np.union1d(_thin(values), _thin(lower))
            line, floor = values, lower[kept]
        if curve.fill:
            axes.fill_between(times[kept], floor, line[kept], color=colour, alpha=curve.fill, lw=0)
            if curve.dotted:
                axes.fill_between(times[kept], floor, line[kept], facecolor="none", edgecolor=colour, hatch=DOTS, lw=0)
        width = curve.width * POINTS_PER_PX
        axes.plot(times[kept], line[kept], color=colour, ls=dashes(curve.dash), lw=width, alpha=curve.opacity)
    axes.set_ylim(row.range)
    axes.set_yticks(row.ticks)
    axes.set_ylabel(row.unit)
    axes.yaxis.set_label_coords(-LEFT_IN * 0.72 / width_in, 0.5)


def _draw_bands(axes: Axes, bands: Sequence[Band]) -> None:
    for band, spans in zip(bands, shaded_spans(bands), strict=True):
        if not band.opacity:  # a hatch would be drawn all the same
            continue
        for a, b in spans:
            colour = ink(band.colour)
            if band.hatched:
                axes.axvspan(a, b, fill=False, hatch="/////", ec=colour, alpha=band.opacity, lw=0, zorder=0.5)
            else:
                axes.axvspan(a, b, color=colour, alpha=band.opacity, lw=0, zorder=0.5)


def _write_note(axes: Axes, from_s: float, band: Band, room_in: float) -> None:
    """As much of a note as fits, behind a line where it begins; its signs are no mathematics."""
    axes.axvline(from_s, color=ink(band.colour), lw=1)
    most = int((room_in - 0.03) / CHARACTER_IN)
    if most >= FEWEST_CHARACTERS:
        text = band.label if len(band.label) <= most else f"{band.label[: most - 1]}…"
        axes.text(from_s, 0.42, f" {text}", size=5, va="center", clip_on=True, parse_math=False)


def _draw_lane(axes: Axes, lane: str, bands: Sequence[Band], range_s: tuple[float, float], width_in: float) -> None:
    start, end = range_s
    axes.set_xlim(start, end)
    axes.set_ylim(0, 1)
    axes.set_facecolor("#f4f4f6")
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    for band in bands:
        colour = ink(band.colour)
        low, high = LANE_PARTS[band.part]
        for a, b in band.spans:
            if b <= start or a >= end:
                continue
            style = {"fill": False, "hatch": "/////", "ec": colour} if band.hatched else {"color": colour}
            axes.axvspan(a, b, low, high, alpha=band.opacity if band.code else 0.3, lw=0, **style)
            from_s, to_s = max(a, start), min(b, end)
            room_in = (to_s - from_s) / (end - start) * width_in
            if band.code and room_in > CODE_IN:
                axes.text((from_s + to_s) / 2, 0.42, band.code, size=5, weight=600, ha="center", va="center",
                          clip_on=True, path_effects=[withStroke(linewidth=1, foreground="white")])  # fmt: skip
            if band.kind == "note":  # a bookmark has the room until the next note
                until = min((s for other in bands for s, _ in other.spans if s > a), default=end)
                _write_note(axes, from_s, band, (max(until, to_s) - from_s) / (end - start) * width_in)
            if band.kind == "episode" and room_in > CHARACTER_IN * len(band.label) + 0.03:
                axes.text(from_s, 0.42, f" {band.label}", size=5, va="center", clip_on=True)
    # With a rim and not in a box, which would hide the spans at the end.
    axes.text(1, 0.42, f"{lane} ", transform=axes.transAxes, ha="right", va="center", size=5, color="#3c3e46",
              path_effects=[withStroke(linewidth=1, foreground="white")])  # fmt: skip
