"""Whether faces are missed because they are tilted: detectors look again, at pictures that are turned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iaca.data.faces.detectors import FaceDetector, smaller

ANGLES = (90, -90, 180, 30, -30, 45, -45, 60, -60)
"""Degrees clockwise by which pictures are turned, the likelier first."""

NEAR = {90: (60,), 60: (90, 45), 45: (60, 30), 30: (45,), -30: (-45,), -45: (-30, -60), -60: (-45, -90), -90: (-60,)}
"""Turns by which a face is usually found too."""

EQUAL = 0.05
"""Scores that differ by less are the same."""

MOST_PICTURES = 6
"""Pictures that are turned: spread evenly over those in which nothing was found, at least half of that many."""

SHARE = 0.5
"""Share of searched pictures without a face, and of turned ones with one, from which the turn is the likely reason."""

FILTERS = {90: "transpose=clock", -90: "transpose=cclock", 180: "hflip,vflip"}
"""How ffmpeg turns pictures by such an angle."""


class Turn(NamedTuple):
    """By how much pictures are to be turned so that a face is found.

    Attributes:
        degrees: Clockwise; below 0 counter-clockwise.
        found: In how many of the turned pictures.
        tried: How many were turned.
    """

    degrees: int
    found: int
    tried: int

    @property
    def sentence(self) -> str:
        """What it means, and what to do."""
        way = "" if self.degrees == 180 else " clockwise" if self.degrees > 0 else " counter-clockwise"
        by = FILTERS.get(self.degrees, f"rotate={self.degrees}*PI/180")
        return (
            f"in {self.found} of {self.tried} frames without a face one is found when the picture is turned by "
            f"{abs(self.degrees)} degrees{way}: the head is tilted, or the picture lies wrongly; turn the video first, "
            f"as with ffmpeg -i VIDEO -vf {by} TURNED"
        )


class Missed:
    """Small copies of pictures in which nothing was found, spread evenly over them however many there are."""

    def __init__(self) -> None:
        self._pictures: list[np.ndarray] = []
        self._every = 1
        self._missed = self._searched = 0

    def add(self, picture: np.ndarray, has_face: bool) -> None:
        """Count a searched picture, (H, W, 3) uint8 RGB, and keep it where it has no face and its turn has come."""
        self._searched += 1
        if has_face:
            return
        if self._missed % self._every == 0:
            if len(self._pictures) == MOST_PICTURES:
                self._pictures = self._pictures[::2]
                self._every *= 2
            self._pictures.append(smaller(picture)[0])
        self._missed += 1

    def turn(self, detector: FaceDetector) -> Turn | None:
        """The turn by which a face is found in the most of them; None where too few are missed, or no turn helps."""
        if not self._missed or self._missed < SHARE * self._searched:
            return None
        return best_turn(self._pictures, detector)


def best_turn(pictures: Sequence[np.ndarray], detector: FaceDetector) -> Turn | None:
    """The turn by which a face is found in the most of some pictures.

    Args:
        pictures: (H, W, 3) uint8 RGB each, in which the detector finds nothing as they are.
        detector: What finds faces.

    Returns:
        The turn, of several the one with the most certain faces, or which a turn of nearly as much bears out; None
        where none finds a face in half of them.
    """
    if not pictures:
        return None
    scores = {
        degrees: np.array(
            [max((one.score for one in detector.detect(turned(p, degrees))), default=0.0) for p in pictures]
        )
        for degrees in ANGLES
    }
    means = {degrees: float(values.mean()) for degrees, values in scores.items()}

    def certainty(degrees: int) -> tuple[int, float]:
        near = [means[other] for other in NEAR.get(degrees, (degrees,))]
        return round(means[degrees] / EQUAL), float(np.mean(near))

    best = max(ANGLES, key=certainty)
    found = int((scores[best] > 0).sum())
    return Turn(best, found, len(pictures)) if found >= SHARE * len(pictures) else None


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    """The whole picture turned clockwise, in a larger one, whose corners repeat its edges; (H, W, 3) uint8."""
    import cv2

    height, width = picture.shape[:2]
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1), np.float64)
    cos, sin = np.abs(matrix[0, :2])
    size = (round(width * cos + height * sin), round(width * sin + height * cos))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
