"""Pictures as players show them: mirrored and turned as the file says, with square pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple, cast

import av
import numpy as np

SQUARE = Fraction(1)
EXTREME_SHAPE = 8
"""A pixel that is said to be this many times wider than high, or higher than wide, is damage: no camera has it."""


class Display(NamedTuple):
    """How the pictures of a video are to be shown: mirrored, then turned, then stretched.

    Attributes:
        mirrored: Whether left and right are exchanged first.
        turns: Quarter turns counter-clockwise after that, 0 to 3.
        pixel_shape: Width of a stored pixel over its height.
    """

    mirrored: bool
    turns: int
    pixel_shape: Fraction

    @property
    def rotation_degrees(self) -> int:
        """The turn in degrees, counter-clockwise: 0, 90, 180 or -90."""
        return (0, 90, 180, -90)[self.turns]

    def stretched(self, width: int, height: int) -> tuple[int, int]:
        """Width and height with square pixels, before any turn: one side grows, as in browsers, and none shrinks."""
        if self.pixel_shape >= 1:
            return round(width * self.pixel_shape), height
        return width, round(height / self.pixel_shape)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height as shown, of a picture that is stored with `width` and `height`."""
        width, height = self.stretched(width, height)
        return (height, width) if self.turns % 2 else (width, height)


def display_of(stream: av.VideoStream, frame: av.VideoFrame) -> Display:
    """How a picture is to be shown.

    Choice: of a turn that is no multiple of 90 degrees, the nearest. Of pixels whose shape changes on the way, the
    first shape, which is the one that Chromium shows all along.

    Args:
        stream: It says the shape of pixels.
        frame: Decoded from it; it says how to mirror and to turn.
    """
    shape = stream.sample_aspect_ratio or SQUARE
    if not Fraction(1, EXTREME_SHAPE) < shape < EXTREME_SHAPE:
        shape = SQUARE
    try:
        side_data = cast(Mapping[str, Any], frame.side_data)
        matrix = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), np.int32)
    except KeyError:
        return Display(False, 0, shape)
    except ValueError:  # PyAV knows not every kind of side data, and then lists none
        return Display(False, round(frame.rotation / 90) % 4, shape)
    # The matrix takes a stored place (x, y) to (a x + c y, b x + d y), with y downwards.
    a, b, _, c, d = (float(value) for value in matrix[:5])
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return Display(mirrored, round(-math.degrees(math.atan2(b, a)) / 90) % 4, shape)


def shown(frame: av.VideoFrame, display: Display) -> np.ndarray:
    """The picture as it is shown, (H, W, 3) uint8 RGB."""
    width, height = display.stretched(frame.width, frame.height)
    if (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width, height, "rgb24")
    picture = frame.to_ndarray(format="rgb24")
    if display.mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(np.rot90(picture, display.turns))


def fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture in the middle of one of another size, as large as it fits, with black edges where there is room left.

    Args:
        picture: (H, W, 3) uint8.
        size: Width and height.

    Returns:
        (height, width, 3) uint8; the picture itself where it has that size.
    """
    import cv2

    (height, width), (whole_width, whole_height) = picture.shape[:2], size
    if (width, height) == size:
        return picture
    scale = min(whole_width / width, whole_height / height)
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    whole = np.zeros((whole_height, whole_width, 3), np.uint8)
    top, left = (whole_height - height) // 2, (whole_width - width) // 2
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    whole[top : top + height, left : left + width] = small
    return whole
