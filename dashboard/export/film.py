"""A film of a view: the video, below it the rows, and a cursor that moves with the pictures.

Frame k of the film is frame k of the range, shown as long as in the recording. PyAV writes it: a library that
writes films at a constant rate would repeat or leave out frames of a recording whose rate is variable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import font_source_sans_pro
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageDraw, ImageFont

from dashboard.export.printed_rows import View, figure_of_view
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.media.video import iterate_frames
from iaca.data.media.writing import Sound, open_mp4
from iaca.errors import InputError
from iaca.figures.print_style import DOUBLE_COLUMN_IN, INK, print_style
from iaca.types import Progress, no_progress

WIDTH_PX = 1280
PICTURE_PX = 360
"""Height of the video in the film."""

PAD_PX = 16
CURSOR_PX = 2
CURSOR = (214, 0, 75)
"""The cursor's colour on the page, RGB."""

QUIET = "#5a5c66"


class FilmError(InputError):
    """A film that cannot be made: the message names what was given and what was expected."""


class Board(NamedTuple):
    """What all frames of a film share.

    Attributes:
        image: (H, W, 3) uint8: the rows, and room for the picture above them.
        cursor_px: (F,) left edge of the cursor in each frame.
        cursor_rows: First and last line of the cursor.
        left_px: Where the picture and the rows begin.
    """

    image: np.ndarray
    cursor_px: np.ndarray
    cursor_rows: tuple[int, int]
    left_px: int


def write_film(
    path: str | os.PathLike[str],
    view: View,
    video: str | os.PathLike[str] | None,
    frames: tuple[int, int],
    *,
    progress: Progress = no_progress,
) -> Path:
    """Write a range of a recording as H.264 and AAC in mp4.

    Args:
        path: The film; it appears whole or not at all.
        view: What is drawn below the video.
        video: The recording's file; None leaves out picture and sound.
        frames: First and last frame of the range.
        progress: Told how many frames are done, after each; where it raises, nothing is left of the attempt.

    Returns:
        The path.

    Raises:
        FilmError: The range lies outside the recording.
        MediaError: The recording cannot be read.
        OSError: The film cannot be written.
    """
    first, last = frames
    if not 0 <= first < last < len(view.pts_s):
        raise FilmError(
            f"frames {first} to {last} are not a range of {view.title}; expected two ascending numbers from 0 to "
            f"{len(view.pts_s) - 1}"
        )
    path = Path(path)
    try:
        _encode(path, view, None if video is None else Path(video), first, last, progress)
    except av.FFmpegError as error:
        raise OSError(f"{path} cannot be written: {error}") from error
    return path


def draw_board(view: View, first: int, last: int, *, with_picture: bool) -> Board:
    """Draw once what does not move.

    Args:
        view: What is drawn.
        first: First frame of the range.
        last: Last frame of the range.
        with_picture: Whether room is left for the video.

    Returns:
        The board; its sides are even, as encoders want them.
    """
    pts_s = view.pts_s[first : last + 1]
    with print_style():
        figure = figure_of_view(
            view, range_s=(float(pts_s[0]), float(pts_s[-1])), width_in=DOUBLE_COLUMN_IN, headed=False
        )
        figure.set_dpi(WIDTH_PX / DOUBLE_COLUMN_IN)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        rows = np.asarray(canvas.buffer_rgba())[:, :, :3]
        axes = figure.axes[-len(view.rows) :]
        x = axes[0].transData.transform(np.column_stack((pts_s, np.zeros(len(pts_s)))))[:, 0]
        boxes = [one.get_window_extent() for one in axes]
    top = PAD_PX + (PICTURE_PX if with_picture else 72)
    height = top + rows.shape[0]
    image = np.full((height + height % 2, WIDTH_PX, 3), 255, np.uint8)
    image[top : top + rows.shape[0], : rows.shape[1]] = rows[:, :WIDTH_PX]
    lines = (top + round(rows.shape[0] - boxes[0].y1), top + round(rows.shape[0] - boxes[-1].y0))
    return Board(image, np.rint(x - CURSOR_PX / 2).astype(int), lines, round(boxes[0].x0))


def _encode(
    target: Path,
    view: View,
    source: Path | None,
    first: int,
    last: int,
    progress: Progress,
) -> None:
    board = draw_board(view, first, last, with_picture=source is not None)
    pts_s = view.pts_s[first : last + 1]
    intervals_s = np.diff(pts_s)
    until_s = float(pts_s[-1] + np.median(intervals_s))
    track = None if source is None else read_audio(source)
    sound = None if track is None else track.samples[round(pts_s[0] * SAMPLE_RATE_HZ) : round(until_s * SAMPLE_RATE_HZ)]
    height, width = board.image.shape[:2]
    with open_mp4(
        target,
        width=width,
        height=height,
        rate=Fraction(max(1, round(1000 / float(np.median(intervals_s)))), 1000),
        # Without B-frames every player counts frames as they were written.
        options={"preset": "superfast", "crf": "19", "bf": "0"},
        sound=None if sound is None else Sound(sound, SAMPLE_RATE_HZ),
    ) as writer:
        for k, picture in enumerate(_pictures(source, first, last)):
            writer.add(_compose(board, view, first + k, k, picture), float(pts_s[k] - pts_s[0]))
            progress(k + 1, len(pts_s), "frames")


def _pictures(source: Path | None, first: int, last: int) -> Iterator[np.ndarray | None]:
    """A picture for every frame of the range: the one before where a frame has none of its own."""
    if source is None:
        yield from [None] * (last - first + 1)
        return
    held, due = None, first
    # Pictures before the range are decoded anyhow; the last of them stands in where the range begins with a gap.
    for k, picture in iterate_frames(source):
        if k > last:
            break
        for _ in range(due, k):
            yield held
        if k >= first:
            yield picture
            due = k + 1
        held = picture
    for _ in range(due, last + 1):
        yield held


def _compose(board: Board, view: View, frame: int, k: int, picture: np.ndarray | None) -> np.ndarray:
    image = board.image.copy()
    text_left = board.left_px
    if picture is not None:
        scale = min(PICTURE_PX / picture.shape[0], (WIDTH_PX / 2) / picture.shape[1])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        image[PAD_PX : PAD_PX + size[1], board.left_px : board.left_px + size[0]] = shown
        text_left += size[0] + 2 * PAD_PX
    _write(image, view, frame, text_left)
    x, (top, bottom) = board.cursor_px[k], board.cursor_rows
    image[top:bottom, max(0, x) : x + CURSOR_PX] = CURSOR
    return image


def _write(image: np.ndarray, view: View, frame: int, left: int) -> None:
    """Whose frame it is, its time and its number, beside the picture."""
    second = float(view.pts_s[frame])
    part = Image.new("RGB", (WIDTH_PX - left, 96), "white")
    pen = ImageDraw.Draw(part)
    pen.text((0, 0), view.heading, font=_font("SourceSansProSemibold", 26), fill=INK)
    minutes = int(second // 60)
    clock = f"{minutes:02d}:{second - 60 * minutes:06.3f}  ·  frame {frame} of {len(view.pts_s)}"
    pen.text((0, 36), clock, font=_font("SourceSansPro", 20), fill=QUIET)
    image[PAD_PX : PAD_PX + 72, left:WIDTH_PX] = np.asarray(part)[:72]


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_source_sans_pro.font_files_ttf[name], size)
