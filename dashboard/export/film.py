"""A film of a view: the video, plane and values on the left, the rows on the right, and a cursor that moves.

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
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dashboard.export import film_side
from dashboard.export.film_side import PAD_PX, Side, draw_side, side_at
from dashboard.export.printed_rows import View, figure_of_view
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.media.video import iterate_frames
from iaca.data.media.writing import Sound, open_mp4
from iaca.errors import InputError
from iaca.figures.print_style import FigureError, print_style
from iaca.types import Progress, no_progress

WIDTH_PX, HEIGHT_PX = 1920, 1080
PICTURE_PX = (film_side.WIDTH_PX - 2 * PAD_PX, HEIGHT_PX - film_side.HEIGHT_PX - 2 * PAD_PX)
"""Greatest width and height of the video in the film."""

DPI = (180, 150, 125, 100)
"""Of the rows: the first at which all of them fit."""

CURSOR_PX = 3
CURSOR = (214, 0, 75)
"""The cursor's colour on the page, RGB."""


class FilmError(InputError):
    """A film that cannot be made: the message names what was given and what was expected."""


class Board(NamedTuple):
    """What all frames of a film share.

    Attributes:
        image: (HEIGHT_PX, WIDTH_PX, 3) uint8: the rows, and room for all else on their left.
        cursor_px: (F,) left edge of the cursor in each frame.
        cursor_rows: First and last line of the cursor.
        side: What stands below the picture.
    """

    image: np.ndarray
    cursor_px: np.ndarray
    cursor_rows: tuple[int, int]
    side: Side


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
        view: What is drawn beside the video.
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


def draw_board(view: View, first: int, last: int) -> Board:
    """Draw once what does not move.

    Args:
        view: What is drawn.
        first: First frame of the range.
        last: Last frame of the range.

    Raises:
        FigureError: There are more rows than a film has room for.
    """
    pts_s = view.pts_s[first : last + 1]
    with print_style():
        figure, dpi = _rows_that_fit(view, (float(pts_s[0]), float(pts_s[-1])))
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        rows = np.asarray(canvas.buffer_rgba())[:, :, :3]
        axes = figure.axes[-len(view.rows) :]
        x = axes[0].transData.transform(np.column_stack((pts_s, np.zeros(len(pts_s)))))[:, 0]
        boxes = [one.get_window_extent() for one in axes]
    left = film_side.WIDTH_PX
    rows = rows[:HEIGHT_PX, : WIDTH_PX - left]
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 255, np.uint8)
    image[: rows.shape[0], left : left + rows.shape[1]] = rows
    lines = (round(canvas.get_width_height()[1] - boxes[0].y1), round(canvas.get_width_height()[1] - boxes[-1].y0))
    return Board(image, left + np.rint(x - CURSOR_PX / 2).astype(int), lines, draw_side(view))


def _rows_that_fit(view: View, range_s: tuple[float, float]) -> tuple[Figure, int]:
    """The rows in the room that a film has for them, and their pixels per inch."""

    def drawn(dpi: int) -> Figure:
        width_in, height_in = (WIDTH_PX - film_side.WIDTH_PX) / dpi, HEIGHT_PX / dpi
        return figure_of_view(view, range_s=range_s, width_in=width_in, height_in=height_in, headed=False)

    for dpi in DPI[:-1]:
        try:
            return drawn(dpi), dpi
        except FigureError:
            continue
    return drawn(DPI[-1]), DPI[-1]


def _encode(
    target: Path,
    view: View,
    source: Path | None,
    first: int,
    last: int,
    progress: Progress,
) -> None:
    board = draw_board(view, first, last)
    pts_s = view.pts_s[first : last + 1]
    intervals_s = np.diff(pts_s)
    until_s = float(pts_s[-1] + np.median(intervals_s))
    track = None if source is None else read_audio(source)
    sound = None if track is None else track.samples[round(pts_s[0] * SAMPLE_RATE_HZ) : round(until_s * SAMPLE_RATE_HZ)]
    with open_mp4(
        target,
        width=WIDTH_PX,
        height=HEIGHT_PX,
        rate=Fraction(max(1, round(1000 / float(np.median(intervals_s)))), 1000),
        # Without B-frames every player counts frames as they were written.
        options={"preset": "superfast", "crf": "19", "bf": "0"},
        sound=None if sound is None else Sound(sound, SAMPLE_RATE_HZ),
    ) as writer:
        for k, picture in enumerate(_pictures(source, first, last)):
            writer.add(_compose(board, first + k, k, picture), float(pts_s[k] - pts_s[0]))
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


def _compose(board: Board, frame: int, k: int, picture: np.ndarray | None) -> np.ndarray:
    image = board.image.copy()
    if picture is not None:
        scale = min(PICTURE_PX[0] / picture.shape[1], PICTURE_PX[1] / picture.shape[0])
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        image[PAD_PX : PAD_PX + size[1], PAD_PX : PAD_PX + size[0]] = shown
    image[-film_side.HEIGHT_PX :, : film_side.WIDTH_PX] = side_at(board.side, frame)
    x, (top, bottom) = board.cursor_px[k], board.cursor_rows
    image[top:bottom, max(0, x) : x + CURSOR_PX] = CURSOR
    return image
