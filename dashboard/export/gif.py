"""A film as an animated GIF: for slides and web pages that play no video. moviepy writes it."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from iaca.data.media.video import iterate_frames, probe
from iaca.errors import InputError
from iaca.files import written_beside
from iaca.types import Progress, no_progress

RATE_HZ = 10
"""Pictures a second: GIF counts in hundredths of a second, so most rates of videos cannot be kept."""

WIDTH_PX = 800
LONGEST_S = 30.0
"""A minute of rows would weigh more than a talk can carry."""

COLOURS = 128
"""Of all pictures together: with one palette and without dithering, what does not move weighs next to nothing."""

CELL_BITS = 5
"""Bits of each channel that tell colours apart."""

SAMPLED = 20
"""Pictures from which the palette is made."""


class AnimationError(InputError):
    """A GIF that cannot be made: the message names what is missing or too long, and what was expected."""


class _Reader:
    """The picture at a time, for times that ascend."""

    def __init__(self, film: Path, pts_s: np.ndarray) -> None:
        self._pts_s = pts_s
        self._frames = iterate_frames(film)
        self._shown = next(self._frames)

    def at(self, second: float) -> np.ndarray:
        due = int(np.searchsorted(self._pts_s, second + 1e-6, side="right")) - 1
        while self._shown[0] < due:
            following = next(self._frames, None)
            if following is None:
                break
            self._shown = following
        return self._shown[1]


def _palette(film: Path, pictures: int) -> np.ndarray:
    """(32768, 3) uint8: for each cell of colours, blue fastest, the nearest of `COLOURS` that the film has most."""
    counts, sums = np.zeros(1 << 3 * CELL_BITS), np.zeros((1 << 3 * CELL_BITS, 3))
    every = max(1, pictures // SAMPLED)
    for k, picture in enumerate(iterate_frames(film)):
        if k % every:
            continue
        pixels = cv2.resize(picture[1], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).reshape(-1, 3)
        cells = _cells(pixels)
        counts += np.bincount(cells, minlength=len(counts))
        for channel in range(3):
            sums[:, channel] += np.bincount(cells, pixels[:, channel], minlength=len(counts))
    seen = np.flatnonzero(counts)
    means = (sums[seen] / counts[seen, None]).astype(np.float32)
    # By the root of their number, so that lines and small marks are not lost in the white around them.
    weighted = np.repeat(means, np.ceil(np.sqrt(counts[seen]) / 4).astype(int), axis=0)
    cv2.setRNGSeed(0)
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    count = min(COLOURS, len(weighted))
    _, _, centres = cv2.kmeans(weighted, count, None, ends, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    steps = (np.arange(1 << CELL_BITS, dtype=np.float32) + 0.5) * (256 >> CELL_BITS)
    middles = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = (centres**2).sum(axis=1) - 2 * middles @ centres.T
    return np.rint(centres[distance.argmin(axis=1)]).astype(np.uint8)


def _cells(pixels: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 -> (...): which cell of colours each pixel lies in."""
    red, green, blue = np.moveaxis(pixels.astype(np.int32) >> 8 - CELL_BITS, -1, 0)
    return (red << 2 * CELL_BITS) | (green << CELL_BITS) | blue


def write_gif(
    path: str | os.PathLike[str],
    film: str | os.PathLike[str],
    *,
    progress: Progress = no_progress,
) -> Path:
    """Write a film as an animated GIF that begins again at its end: 10 pictures a second, 800 px wide, without sound.

    Picture j is the one that the film shows at 0.1 j seconds: PyAV decodes it, since moviepy reads a film at its mean
    rate.

    Args:
        path: The GIF; it appears whole or not at all.
        film: A video of at most 30 s.
        progress: Told how many pictures are done; where it raises, nothing is left of the attempt.

    Returns:
        The path.

    Raises:
        AnimationError: The film is longer, or the extra `gif` is not installed.
        MediaError: The film cannot be read.
        OSError: The GIF cannot be written.
    """
    try:
        from moviepy import VideoClip
        from proglog import ProgressBarLogger
    except ModuleNotFoundError as error:
        raise AnimationError(f"{error.name} is not installed; a GIF needs it: pip install 'iaca[gif]'") from error

    class Logger(ProgressBarLogger):
        """Hands moviepy's progress on."""

        def bars_callback(self, bar: str, attr: str, value: int, old_value: int | None = None) -> None:
            if attr == "index" and value > 0:
                progress(value, self.bars[bar]["total"], "pictures")

    path, film = Path(path), Path(film)
    info = probe(film)
    if info.duration_s > LONGEST_S:
        raise AnimationError(f"{film} lasts {info.duration_s:.1f} s; expected at most {LONGEST_S:g} s for a GIF")
    with written_beside(path) as temporary:
        reader, palette = _Reader(film, info.pts_s), _palette(film, len(info.pts_s))

        def picture_at(second: float) -> np.ndarray:
            picture = reader.at(second)
            size = (WIDTH_PX, round(picture.shape[0] * WIDTH_PX / picture.shape[1]))
            smaller = size[0] < picture.shape[1]
            return palette[
                _cells(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
            ]

        clip = VideoClip(picture_at, duration=info.duration_s)
        clip.write_gif(str(temporary), fps=RATE_HZ, logger=Logger())
    return path
