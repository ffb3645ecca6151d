"""Draws the pictures of a recording: a turning head with a changing face, before a blurred room.

All points of all frames are computed at once; what is left for each frame is a few dozen fills and lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from iaca.demo import face_parts as parts
from iaca.demo import hair
from iaca.demo.expression import Expression, express
from iaca.demo.identity import Identity, mix
from iaca.demo.performance import Performance
from iaca.demo.shapes import Head, Ink, Shape, skull

HEAD_SCALE = 0.30
"""Half the height of an average head, in heights of the picture."""

HEAD_CENTRE = (0.5, 0.47)
"""Middle of the head, in widths and heights of the picture."""

HEAD_SIDE = 2.5
"""Side of the square around the head, in half heights of the head."""

FACE_SIDE = 1.6
"""Side of the square around brows, eyes and mouth, likewise: as tight as the crops of Aff-Wild2."""

FACE_BELOW = 0.12
"""How far the middle of that square lies below the middle of the head, likewise."""

PERSPECTIVE = 0.10
SUBPIXEL_BITS = 4
BLUSH_SCALE = 4
"""Blush is drawn in a picture so many times smaller: it is blurred anyway."""


class Placement(NamedTuple):
    """Where the face is in each frame, in pixels and degrees: the columns of faces.csv.

    Attributes:
        x: (N,) centre.
        y: (N,) centre.
        size: (N,) side of the square that becomes the crop.
        roll: (N,) tilt, positive clockwise on screen.
    """

    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    roll: np.ndarray


def _head_centre(performance: Performance, video_size: int) -> np.ndarray:
    return (np.array(HEAD_CENTRE) + performance.sway) * video_size


def place_face(performance: Performance, video_size: int) -> Placement:
    """Where a tracker would find brows, eyes and mouth, with its small errors: what becomes the crop.

    Args:
        performance: The recording.
        video_size: Width and height of the picture, pixels.
    """
    head = place_head(performance, video_size)
    scale = HEAD_SCALE * video_size * performance.identity.head_scale
    size = FACE_SIDE * scale * (1 + performance.tracking_error[:, 2])
    return head._replace(y=np.round(head.y + FACE_BELOW * scale, 1), size=np.round(size, 1))


def place_head(performance: Performance, video_size: int) -> Placement:
    """Where the head is, with the errors of a tracker: where corruption falls. The square lies within the picture.

    Args:
        performance: The recording.
        video_size: Width and height of the picture, pixels.
    """
    scale = HEAD_SCALE * video_size * performance.identity.head_scale
    size = np.minimum(HEAD_SIDE * scale * (1 + performance.tracking_error[:, 2]), video_size)
    centre = _head_centre(performance, video_size) + performance.tracking_error[:, :2] * video_size
    x, y = (np.clip(centre[:, axis], size / 2, video_size - size / 2) for axis in range(2))
    roll = np.degrees(performance.roll) + performance.tracking_error[:, 3]
    return Placement(*(np.round(values, 1) for values in (x, y, size, roll)))


def _rotations(performance: Performance) -> np.ndarray:
    """(N, 3, 3): roll after pitch after yaw."""
    zero, one = np.zeros(performance.frames), np.ones(performance.frames)
    turns = []
    for angle in (performance.yaw, performance.pitch, performance.roll):
        turns.append((np.cos(angle), np.sin(angle)))
    (cy, sy), (cp, sp), (cr, sr) = turns

    def matrix(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=1)

    yaw = matrix((cy, zero, sy), (zero, one, zero), (-sy, zero, cy))
    pitch = matrix((one, zero, zero), (zero, cp, -sp), (zero, sp, cp))
    roll = matrix((cr, -sr, zero), (sr, cr, zero), (zero, zero, one))
    return roll @ pitch @ yaw


def _shapes(
    person: Identity, face: Expression, yaw: np.ndarray, rotation: np.ndarray
) -> tuple[list[Shape], list[Shape]]:
    """What lies under the blush, and what lies over it, each in drawing order."""
    head = Head(person)
    clothes, neck = parts.body(person)
    bald = Shape(points=skull(person)[None], colour=person.skin, ink=Ink.HULL, surface=False)
    under = [clothes, *hair.hair_behind(person), neck, *parts.ears(person, yaw, near=False), bald]
    near_ears = [] if hair.covers_ears(person) else parts.ears(person, yaw, near=True)
    over = [
        *parts.beard(person, head),
        *parts.eyes(person, head, face),
        *hair.hair_in_front(person, yaw, rotation),
        *near_ears,
        *parts.brows(person, head, face),
        *parts.nose(person, head),
        *parts.mouth(person, head, face),
        *parts.glasses(person, head, yaw),
    ]
    return under, over


class _Stroke(NamedTuple):
    """A shape in pixels: (N, P, 1, 2) int32 with SUBPIXEL_BITS, and whether each frame shows it."""

    points: np.ndarray
    colour: tuple[float, ...]
    ink: Ink
    width: int
    closed: bool
    shown: np.ndarray


def _to_pixels(points: np.ndarray) -> np.ndarray:
    return np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)[:, :, None, :]


def _project(shape: Shape, rotation: np.ndarray, centre: np.ndarray, scale: float) -> _Stroke:
    frames = len(rotation)
    points = np.broadcast_to(shape.points, (frames, *shape.points.shape[1:]))
    shown = np.ones(frames, bool) if shape.shown is None else shape.shown
    if shape.turns:
        points = np.einsum("nsh,nph->nps", rotation, points)
        if shape.surface:
            # Behind the head's edge a feature does not fold back over the face: it stops at the edge.
            shown = shown & (points[:, :, 2].mean(axis=1) > 0.02)
            length = np.linalg.norm(points, axis=-1)
            across = np.maximum(np.linalg.norm(points[:, :, :2], axis=-1), 1e-6)
            edge = np.where(points[:, :, 2] < 0, length / across, 1.0)
            points = points * np.stack([edge, edge, np.ones_like(edge)], axis=-1)
        flat = points[:, :, :2] * (1 + PERSPECTIVE * points[:, :, 2:])
    else:
        flat = points[:, :, :2]
    width = max(1, round(shape.thickness * scale))
    return _Stroke(
        _to_pixels(flat * scale + centre[:, None]), tuple(shape.colour), shape.ink, width, shape.closed, shown
    )


def _draw(picture: np.ndarray, strokes: list[_Stroke], frame: int) -> None:
    for points, colour, ink, width, closed, shown in strokes:
        if not shown[frame]:
            continue
        outline = points[frame]
        if ink is Ink.LINE:
            cv2.polylines(picture, [outline], closed, colour, width, cv2.LINE_AA, SUBPIXEL_BITS)
        elif ink is Ink.HULL:
            cv2.fillConvexPoly(picture, cv2.convexHull(outline), colour, cv2.LINE_AA, SUBPIXEL_BITS)
        else:
            cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA, SUBPIXEL_BITS)


def _room(person: Identity, video_size: int) -> np.ndarray:
    """The blurred room behind a person, (S, S, 3) uint8."""
    rng = np.random.default_rng(person.background_seed)
    upper, lower = (np.array(colour) for colour in person.background)
    down = np.linspace(0, 1, video_size)[:, None, None]
    room = np.clip(upper * (1 - down) + lower * down, 0, 255) * np.ones((1, video_size, 1))
    room = room.astype(np.uint8)
    for _ in range(7):
        left, top = rng.random(2)
        width, height = rng.uniform(1 / 12, 1 / 4), rng.uniform(1 / 10, 1 / 3)
        colour = np.clip(upper + rng.normal(0, 28) + rng.normal(0, 22, 3), 0, 255)
        corners = (np.array([left, top, left + width, top + height]) * video_size).astype(int).tolist()
        cv2.rectangle(room, corners[:2], corners[2:], tuple(float(c) for c in colour), -1)
    return cv2.GaussianBlur(room, (0, 0), video_size / 40)


LIGHT_UNIT = 128
"""Value of a light map that leaves a picture as it is."""


def _light(person: Identity, video_size: int) -> np.ndarray:
    """Light across the picture, (S, S, 3) uint8 in units of LIGHT_UNIT."""
    slope = np.linspace(-1, 1, video_size)
    light = person.brightness * (1 + person.light[0] * slope[None] + person.light[1] * slope[:, None])
    return np.repeat((np.clip(light, 0.5, 1.3) * LIGHT_UNIT).round().astype(np.uint8)[..., None], 3, axis=2)


class _Blush:
    """The colour that cheeks and chin lose: a blurred layer to subtract."""

    def __init__(
        self,
        person: Identity,
        face: Expression,
        rotation: np.ndarray,
        centre: np.ndarray,
        scale: float,
        video_size: int,
    ) -> None:
        head = Head(person)
        cheek = 0.45 * head.half_width / 0.75
        spots = head.at(np.array([-cheek, cheek, 0.0]), np.array([0.22, 0.22, 0.66]))
        stroke = _project(Shape(points=spots, colour=(0, 0, 0)), rotation, centre, scale)
        self._places = stroke.points[:, :, 0] // (BLUSH_SCALE << SUBPIXEL_BITS)
        depth = np.einsum("nh,ph->np", rotation[:, 2], spots[0])
        self._shown = depth > 0.1
        self._strength = np.concatenate([face.blush, face.blush, np.full_like(face.blush, 0.25)], axis=1)
        self._loss = np.maximum(np.array(person.skin) - np.array(mix(person.skin, (215, 70, 60), 0.55)), 0)
        self._radii = [max(1, int(r * scale / BLUSH_SCALE)) for r in (0.15, 0.15, 0.10)]
        self._sigma = max(1.0, 0.03 * scale)
        self._video_size = video_size

    def apply(self, picture: np.ndarray, frame: int) -> None:
        small = self._video_size // BLUSH_SCALE
        layer = np.zeros((small, small, 3), np.uint8)
        for spot, radius in enumerate(self._radii):
            if self._shown[frame, spot]:
                colour = tuple((self._strength[frame, spot] * self._loss).tolist())
                cv2.circle(layer, tuple(self._places[frame, spot].tolist()), radius, colour, -1)
        blurred = cv2.GaussianBlur(layer, (0, 0), self._sigma)
        cv2.subtract(picture, cv2.resize(blurred, picture.shape[1::-1]), dst=picture)


def draw_pictures(
    performance: Performance, speech: np.ndarray, video_size: int, frames: Iterable[int] | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """The pictures of a recording, before anything corrupts them.

    Args:
        performance: The recording.
        speech: (N,) opening of the mouth by the voice, 0 to about 1.
        video_size: Width and height, pixels.
        frames: Frames to draw; None: all of them.

    Yields:
        Each frame with its picture, (S, S, 3) uint8 RGB.
    """
    person = performance.identity
    face = express(performance, speech)
    rotation = _rotations(performance)
    centre = _head_centre(performance, video_size)
    scale = HEAD_SCALE * video_size * person.head_scale
    under, over = (
        [_project(shape, rotation, centre, scale) for shape in shapes]
        for shapes in _shapes(person, face, performance.yaw, rotation)
    )
    blush = _Blush(person, face, rotation, centre, scale, video_size)
    room, light = _room(person, video_size), _light(person, video_size)
    for frame in range(performance.frames) if frames is None else frames:
        picture = room.copy()
        _draw(picture, under, frame)
        blush.apply(picture, frame)
        _draw(picture, over, frame)
        yield frame, cv2.multiply(picture, light, scale=float(performance.exposure[frame]) / LIGHT_UNIT)
