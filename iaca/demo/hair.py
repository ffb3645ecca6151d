"""Hair of a drawn head, as shapes; see `shapes` for their units."""

from __future__ import annotations

import numpy as np

from iaca.demo.identity import HairStyle, Identity, mix
from iaca.demo.shapes import TURN, Ink, Shape, skull

HAIR_VOLUME = {HairStyle.SHORT: 1.06, HairStyle.LONG: 1.10, HairStyle.CURLY: 1.17, HairStyle.BOB: 1.10}
HAIR_NAPE = {HairStyle.SHORT: 0.30, HairStyle.LONG: 0.85, HairStyle.CURLY: 0.38, HairStyle.BOB: 0.62}
HAIR_FRINGE = {HairStyle.SHORT: 0.0, HairStyle.LONG: 0.06, HairStyle.CURLY: 0.0, HairStyle.BOB: 0.14}
HAIR_HANGS = {HairStyle.LONG: 0.45, HairStyle.BOB: 0.20}
"""How far long hair hangs below the nape."""


def covers_ears(person: Identity) -> bool:
    """Whether the hair hides the ears."""
    return person.hair_style in HAIR_HANGS


def hair_behind(person: Identity) -> list[Shape]:
    """Hair that is seen behind the head."""
    if person.hair_style is HairStyle.BALD:
        return []
    points = skull(person)
    nape = HAIR_NAPE[person.hair_style]
    on_top = points[:, 1] < person.hairline + 0.2
    at_back = (points[:, 2] < -0.05) & (points[:, 1] < nape)
    points = points[on_top | at_back] * HAIR_VOLUME[person.hair_style]
    if covers_ears(person):
        hanging = points[(points[:, 2] < 0) & (points[:, 1] > 0.1)]
        hanging = hanging * np.array([1.1, 1.0, 1.0]) + np.array([0, HAIR_HANGS[person.hair_style], 0])
        points = np.concatenate([points, hanging])
    return [Shape(points=points[None], colour=mix(person.hair, (0, 0, 0), 0.15), ink=Ink.HULL, surface=False)]


def hair_in_front(person: Identity, yaw: np.ndarray, rotation: np.ndarray) -> list[Shape]:
    """Hair on the side of the head that the viewer sees: from the hairline to the edge of the head.

    The hairline is a function of the angle around the head, so it stays whole from any side.

    Args:
        person: Whose hair.
        yaw: (N,) turn of the head, radians.
        rotation: (N, 3, 3), of the head.
    """
    if person.hair_style is HairStyle.BALD:
        return []
    style = person.hair_style
    axes = np.array(person.head) * HAIR_VOLUME[style]
    seen = np.linspace(-np.pi / 2, np.pi / 2, 25)
    around = seen - yaw[:, None]
    around = (around + np.pi) % TURN - np.pi
    nape = HAIR_NAPE[style]
    temple = 0.0 if not covers_ears(person) else nape
    degrees = np.array([0, 40, 58, 66, 84, 108, 180])
    heights = [person.hairline, person.hairline + 0.06, person.hairline + 0.16, temple - 0.12, temple, nape, nape]
    height = np.interp(np.degrees(np.abs(around)), degrees, heights)
    front = np.clip(1 - (np.degrees(around) / 55 - person.parting) ** 2, 0, 1)
    height = height + HAIR_FRINGE[style] * front - 0.05 * front * (HAIR_FRINGE[style] == 0)
    level = np.sqrt(np.clip(1 - (height / axes[1]) ** 2, 0.05, 1))
    narrow = 1 - person.jaw * np.clip(height - 0.1, 0, 1) ** 1.5
    line = np.stack([axes[0] * level * narrow * np.sin(around), height, axes[2] * level * np.cos(around)], axis=-1)

    # The outline of an ellipsoid in the picture: its support points in the directions of the upper half circle.
    frames = len(yaw)
    right = np.arcsin(np.clip(height[:, -1] / axes[1], -0.9, 0.9))
    left = np.arcsin(np.clip(height[:, 0] / axes[1], -0.9, 0.9))
    share = np.linspace(0, 1, 19)
    angle = right[:, None] * (1 - share) - (np.pi + left[:, None]) * share
    direction = np.stack([np.cos(angle), np.sin(angle), np.zeros((frames, len(share)))], axis=-1)
    local = np.einsum("nps,nsh->nph", direction, rotation)
    support = local * axes**2 / np.linalg.norm(local * axes, axis=-1, keepdims=True)
    outline = np.concatenate([line, support], axis=1)
    return [Shape(points=outline, colour=person.hair, surface=False)]
