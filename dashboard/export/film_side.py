"""What stands beside the rows of a film: the heading and the time, the valence-arousal plane, values and scores."""

from __future__ import annotations

from typing import NamedTuple

import font_source_sans_pro
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dashboard.export.printed_rows import View
from dashboard.timeline.declared import Column, Point
from iaca.config import TARGETS
from iaca.figures.palette import SHAPES
from iaca.figures.print_style import INK, ink

WIDTH_PX, HEIGHT_PX = 560, 640
PAD_PX = 24
QUIET, LINE = "#5a5c66", "#d8d9de"

PLANE_LEFT, PLANE_TOP, PLANE_PX = 150, 120, 280
POINT_PX = 7
TABLE_TOP, LINE_PX = 456, 32
COLUMNS_PX = (300, 376, 452, 532)
"""Right edges of the values and the scores."""

NAME_CHARACTERS = 22


class Side(NamedTuple):
    """What is the same in all frames.

    Attributes:
        image: WIDTH_PX x HEIGHT_PX, RGB.
        view: What is shown.
    """

    image: Image.Image
    view: View


def draw_side(view: View) -> Side:
    """Draw once what does not move: heading, axes, names and scores."""
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    pen = ImageDraw.Draw(image)
    title, _, rest = view.heading.partition(" · ")
    pen.text((PAD_PX, 0), _cut(title, 36), font=_font("SourceSansProSemibold", 28), fill=INK)
    pen.text((PAD_PX, 40), rest, font=_font("SourceSansPro", 19), fill=QUIET)
    pen.text((PAD_PX, 95), view.note, font=_font("SourceSansPro", 16), fill=QUIET)
    _draw_axes(pen)
    small = _font("SourceSansPro", 17)
    if view.points:
        pen.text((COLUMNS_PX[1], TABLE_TOP), "at the cursor", font=small, fill=QUIET, anchor="rs")
        pen.text((COLUMNS_PX[3], TABLE_TOP), "CCC", font=small, fill=QUIET, anchor="rs")
        for right, name in zip(COLUMNS_PX, (*TARGETS, *TARGETS), strict=True):
            pen.text((right, TABLE_TOP + 24), name, font=small, fill=QUIET, anchor="rs")
    for k, point in enumerate(view.points):
        y = _line_y(k)
        _mark(pen, point, PAD_PX + POINT_PX, y - 6)
        pen.text(
            (PAD_PX + 26, y), _cut(point.name, NAME_CHARACTERS), font=_font("SourceSansPro", 19), fill=INK, anchor="ls"
        )
        for right, score in zip(COLUMNS_PX[2:], [now for now, _ in point.ccc], strict=False):
            pen.text((right, y), _number(score), font=_font("SourceSansProSemibold", 19), fill=INK, anchor="rs")
    return Side(image, view)


def side_at(side: Side, frame: int) -> np.ndarray:
    """The picture of a frame: its time and number, and where everyone stands.

    Args:
        side: What does not move.
        frame: From 0.

    Returns:
        (HEIGHT_PX, WIDTH_PX, 3) uint8.
    """
    view = side.view
    image = side.image.copy()
    pen = ImageDraw.Draw(image)
    minutes, second = divmod(float(view.pts_s[frame]), 60)
    clock = f"{int(minutes):02d}:{second:06.3f}  ·  frame {frame} of {len(view.pts_s)}"
    pen.text((PAD_PX, 70), clock, font=_font("SourceSansPro", 20), fill=QUIET)
    for k, point in enumerate(view.points):
        values = [_value(view, target, point, frame) for target in TARGETS]
        for right, value in zip(COLUMNS_PX, values, strict=False):
            pen.text((right, _line_y(k)), _number(value), font=_font("SourceSansPro", 19), fill=INK, anchor="rs")
        if np.isfinite(values).all():
            x, y = (float(np.clip(value, -1, 1)) for value in values)
            _mark(pen, point, PLANE_LEFT + (x + 1) / 2 * PLANE_PX, PLANE_TOP + (1 - y) / 2 * PLANE_PX)
    return np.asarray(image)


def _draw_axes(pen: ImageDraw.ImageDraw) -> None:
    small = _font("SourceSansPro", 17)
    right, bottom = PLANE_LEFT + PLANE_PX, PLANE_TOP + PLANE_PX
    for share in (0.25, 0.5, 0.75):
        at = round(share * PLANE_PX)
        pen.line((PLANE_LEFT + at, PLANE_TOP, PLANE_LEFT + at, bottom), fill=LINE)
        pen.line((PLANE_LEFT, PLANE_TOP + at, right, PLANE_TOP + at), fill=LINE)
    pen.rectangle((PLANE_LEFT, PLANE_TOP, right, bottom), outline=QUIET)
    for text, x, anchor in (("−1", PLANE_LEFT, "lt"), ("valence", (PLANE_LEFT + right) / 2, "mt"), ("1", right, "rt")):
        pen.text((x, bottom + 6), text, font=small, fill=QUIET, anchor=anchor)
    for text, y in (("1", PLANE_TOP + 8), ("arousal", (PLANE_TOP + bottom) / 2), ("−1", bottom - 8)):
        pen.text((PLANE_LEFT - 8, y), text, font=small, fill=QUIET, anchor="rm")


def _mark(pen: ImageDraw.ImageDraw, point: Point, x: float, y: float) -> None:
    colour, corners = ink(point.colour), SHAPES[point.shape]
    if corners:
        pen.polygon([(x + POINT_PX * dx, y + POINT_PX * dy) for dx, dy in corners], fill=colour)
    else:
        pen.ellipse((x - POINT_PX, y - POINT_PX, x + POINT_PX, y + POINT_PX), fill=colour)


def _value(view: View, target: str, point: Point, frame: int) -> float:
    samples = view.columns.get(Column(target, point.model))
    return float("nan") if samples is None else float(samples.values[frame])


def _line_y(k: int) -> int:
    return TABLE_TOP + 24 + (k + 1) * LINE_PX


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_source_sans_pro.font_files_ttf[name], size)
