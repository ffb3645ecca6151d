"""Shapes in three dimensions that a drawn head is made of, for all frames of a recording at once.

Head units: the centre of the head is 0, half its height is 1; x to the right of the picture, y downwards, z towards
the viewer. Points are (N, P, 3), or (1, P, 3) where they never move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from iaca.demo.identity import Colour, Identity

SIDES = (-1, 1)
TURN = 2 * np.pi


class Ink(Enum):
    """How a shape is drawn."""

    FILL = "fill"
    HULL = "hull"
    LINE = "line"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One thing to draw; shapes are drawn in order.

    Attributes:
        points: (N or 1, P, 3) in head units.
        colour: Of the ink.
        ink: A filled outline, a filled convex hull, or a line.
        thickness: Of a line, in head units.
        closed: Whether a line ends where it began.
        surface: Whether the points lie on the head: they stop at its edge, and are not seen from behind.
        turns: Whether the points turn with the head; clothes and neck do not.
        shown: (N,) bool, frames in which it is drawn; None for all.
    """

    points: np.ndarray
    colour: Colour
    ink: Ink = Ink.FILL
    thickness: float = 0.02
    closed: bool = False
    surface: bool = True
    turns: bool = True
    shown: np.ndarray | None = None


class Head:
    """Surface of one person's head: puts features drawn in x and y onto it."""

    def __init__(self, person: Identity) -> None:
        self.half_width, self.half_height, self.half_depth = person.head

    def at(self, x: np.ndarray, y: np.ndarray, lift: np.ndarray | float = 0.0) -> np.ndarray:
        """Points of the front of the head.

        Args:
            x: (N or 1, P) or (P,).
            y: Likewise.
            lift: Height above the surface.

        Returns:
            (N or 1, P, 3).
        """
        x, y = np.atleast_2d(x), np.atleast_2d(y)
        inside = 1 - 0.92 * ((x / self.half_width) ** 2 + (y / self.half_height) ** 2)
        depth = self.half_depth * np.sqrt(np.clip(inside, 0.03, 1)) * (1 - 0.25 * np.clip(y - 0.1, 0, 1) ** 1.5)
        return np.stack(np.broadcast_arrays(x, y, depth + lift), axis=-1)


def between(
    first_x: np.ndarray, first_y: np.ndarray | float, second_x: np.ndarray, second_y: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Outline that runs along a first curve and back along a second: x and y, (N or 1, P) each."""

    def joined(first: np.ndarray | float, second: np.ndarray | float) -> np.ndarray:
        there, back = np.broadcast_arrays(np.atleast_2d(first), np.atleast_2d(second))
        return np.concatenate([there, back[:, ::-1]], axis=1)

    x = joined(first_x, second_x)
    y = joined(first_y, second_y)
    return x, y


def skull(person: Identity) -> np.ndarray:
    """(P, 3) points whose convex hull is the head, narrowing towards the chin."""
    around = np.linspace(0, TURN, 24, endpoint=False)
    upwards = np.linspace(-np.pi / 2, np.pi / 2, 11)
    angle, rise = (grid.ravel() for grid in np.meshgrid(around, upwards))
    points = np.stack([np.cos(rise) * np.cos(angle), np.sin(rise), np.cos(rise) * np.sin(angle)], axis=-1)
    points = points * np.array(person.head)
    low = np.clip(points[:, 1] - 0.1, 0, 1)
    points[:, 0] *= 1 - person.jaw * low**1.5
    points[:, 2] *= 1 - 0.25 * low
    return points
