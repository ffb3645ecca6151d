"""A film as an animated GIF: for slides and web pages that play no video. moviepy writes it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from iaca.data.media.video import iterate_frames, probe
from iaca.errors import InputError
from iaca.files import written_beside
from iaca.types import Progress, no_progress

RATE_HZ = 10
"""Pictures a second: GIF counts in hundredths of a second, so most rates of videos cannot be kept."""

WIDTH_PX = 800
LONGEST_S = 30.0
"""Every picture of a GIF is whole: a minute of rows would weigh more than a talk can carry."""


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
        clip = VideoClip(_Reader(film, info.pts_s).at, duration=info.duration_s)
        clip.resized(width=WIDTH_PX).write_gif(str(temporary), fps=RATE_HZ, logger=Logger())
    return path
