"""What a face looks like, and whether another one at its place is of somebody else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SAME, SAME_AFTER_DISSOLVE = (0.25, 0.4), (0.6, 0.7)
"""Two faces at one place are of different people where they have less than the first of their tints in common, as
never by a turn of the head alone, and correlate by less than the second, as never by another light alone. Where the
whole picture has become another one meanwhile, less of a difference will do."""

MIDDLE, MEAN_GREY = 0.6, 110
"""Share of the side of a face's square that shows nothing but the face, and the mean level to which it is lit."""

DARK = 24
"""Mean grey level below which a face is mostly noise."""

PATTERN_SIDE = 12
"""Pixels of the small grey copy of a face that is compared."""

EVEN = 24.0
"""A face whose copy deviates from its mean by less than this in all, two grey levels a pixel, has no pattern."""


class Appearance(NamedTuple):
    """What a face looks like.

    Attributes:
        colours: Of the face, (C,); they sum to 1.
        tints: Of its middle, (C,): colours in whatever light; they sum to 1.
        patterns: Of light and dark in all of it and in its middle, (2, P), with mean 0 and length 1; zeros where it is
            even.
        light: Mean grey level, 0 to 255.
    """

    colours: np.ndarray
    tints: np.ndarray
    patterns: np.ndarray
    light: float


def appearance(picture: np.ndarray, x: float, y: float, size: float) -> Appearance:
    """What a face looks like.

    Args:
        picture: (H, W, 3) uint8 RGB.
        x: Centre of the face, pixels from the left.
        y: Likewise from the top.
        size: Side of its square, pixels.
    """
    import cv2

    whole, middle = _square(picture, x, y, size), _square(picture, x, y, MIDDLE * size)
    greys = [cv2.cvtColor(part, cv2.COLOR_RGB2GRAY) for part in (whole, middle)]
    light = float(greys[1].mean())
    tints = _shares(np.minimum(middle * (MEAN_GREY / max(1.0, light)), 255))
    return Appearance(_shares(whole), tints, np.stack([_pattern(grey) for grey in greys]), light)


def _square(picture: np.ndarray, x: float, y: float, side: float) -> np.ndarray:
    """A square of a picture, as far as it lies within; at least a pixel."""
    half = side / 2
    height, width = picture.shape[:2]
    top, left = min(max(0, round(y - half)), height - 1), min(max(0, round(x - half)), width - 1)
    return picture[top : max(top + 1, round(y + half)), left : max(left + 1, round(x + half))]


def _pattern(grey: np.ndarray) -> np.ndarray:
    import cv2

    small = cv2.resize(grey, (PATTERN_SIDE,) * 2, interpolation=cv2.INTER_AREA).ravel()
    pattern = small - small.mean()
    return pattern / max(EVEN, float(np.linalg.norm(pattern)))


def _shares(picture: np.ndarray) -> np.ndarray:
    """Shares of colours, (512,): eight steps of red, green and blue each."""
    steps = picture.reshape(-1, 3).astype(np.int64) >> 5
    counts = np.bincount(steps @ np.array([64, 8, 1]), minlength=512).astype(np.float64)
    return counts / counts.sum()


def are_different(before: Appearance, now: Appearance, same: tuple[float, float]) -> bool:
    """Whether two faces at one place within a shot are of different people.

    Neither their colours nor their tints agree, and neither of their patterns; in the dark, nobody can tell.
    """
    if min(before.light, now.light) < DARK:
        return False
    shared = max(np.minimum(a, b).sum() for a, b in ((before.colours, now.colours), (before.tints, now.tints)))
    return bool(shared < same[0] and (before.patterns * now.patterns).sum(axis=1).max() < same[1])
