"""Parts of a drawn face, as shapes; see `shapes` for their units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iaca.demo.expression import Expression
from iaca.demo.identity import Identity, mix
from iaca.demo.shapes import SIDES, TURN, Head, Ink, Shape, between


def body(person: Identity) -> tuple[Shape, Shape]:
    """Clothes and neck, which do not turn with the head."""
    shoulders = [
        (-0.28, 0.7), (0.28, 0.7), (0.34, 1.15), (1.15, 1.5), (1.35, 3), (-1.35, 3), (-1.15, 1.5), (-0.34, 1.15),
    ]  # fmt: skip
    neck = [(-0.27, 0.5), (0.27, 0.5), (0.33, 1.2), (0.0, 1.42), (-0.33, 1.2)]

    def flat(corners: list[tuple[float, float]]) -> np.ndarray:
        return np.array([[(x, y, 0.0) for x, y in corners]])

    return (
        Shape(points=flat(shoulders), colour=person.clothes, surface=False, turns=False),
        Shape(points=flat(neck), colour=mix(person.skin, person.shade, 0.6), surface=False, turns=False),
    )


def ears(person: Identity, yaw: np.ndarray, *, near: bool) -> list[Shape]:
    """Ears: those turned towards the viewer are drawn over the head (`near`), the others behind it."""
    angle = np.linspace(0, TURN, 12, endpoint=False)
    half_width = person.head[0]
    shapes = []
    for side in SIDES:
        # An ear on the right faces the viewer when the head turns to the left.
        faces_viewer = -side * np.sin(yaw) > 0.25
        shown = faces_viewer if near else ~faces_viewer
        flare = side * (half_width * 0.96 + 0.04 + 0.04 * np.cos(angle))
        rim = np.stack([flare, 0.02 + 0.17 * np.sin(angle), 0.10 * np.cos(angle) - 0.05], axis=-1)
        rim = np.concatenate([rim, rim + np.array([side * 0.05, 0, -0.02])])
        shapes.append(
            Shape(
                points=rim[None],
                colour=mix(person.skin, person.shade, 0.35),
                ink=Ink.HULL,
                surface=False,
                shown=shown,
            )
        )
        if near:
            fold = np.stack([flare + side * 0.05, 0.02 + 0.10 * np.sin(angle), 0.055 * np.cos(angle) - 0.05], axis=-1)
            shapes.append(
                Shape(
                    points=fold[None],
                    colour=mix(person.skin, person.shade, 0.75),
                    ink=Ink.LINE,
                    thickness=0.02,
                    surface=False,
                    shown=shown,
                )
            )
    return shapes


def eyes(person: Identity, head: Head, face: Expression) -> list[Shape]:
    """Eyes with iris, pupil, glint and lids."""
    along = np.linspace(-1, 1, 11)
    arc = 1 - along**2
    circle = np.linspace(0, TURN, 14)
    height = 0.115 * person.eye_opening * face.lids
    skin, shade = person.skin, person.shade
    shapes = []
    for side in SIDES:
        x, y = side * person.eye_x, person.eye_y
        lid_x = x + along * person.eye_width
        upper, lower = y - height * arc, y + (0.62 - 0.55 * face.squint) * height * arc
        shapes.append(Shape(points=head.at(*between(lid_x, upper, lid_x, lower)), colour=(240, 238, 234)))
        look_x, look_y = x + 0.05 * face.gaze_x, y + 0.03 * face.gaze_y
        for radius, dx, dy, colour in (
            (0.082, 0.0, -0.01, person.iris),
            (0.040, 0.0, -0.01, (12.0, 10.0, 12.0)),
            (0.018, -0.03, -0.045, (250.0, 250.0, 250.0)),
        ):
            disc = head.at(look_x + dx + radius * np.cos(circle), look_y + dy + radius * np.sin(circle))
            shapes.append(Shape(points=disc, colour=colour))
        # Skin above and below hides what of the iris passes the lids.
        wide_x = x + along * person.eye_width * 1.05
        above, below = y - 0.15 * person.eye_opening * arc**0.7, y + 0.13 * arc**0.7
        shapes += [
            Shape(points=head.at(*between(lid_x, upper, wide_x, above)), colour=mix(skin, shade, 0.22)),
            Shape(points=head.at(*between(lid_x, lower, wide_x, below)), colour=mix(skin, shade, 0.08)),
            Shape(
                points=head.at(lid_x, upper),
                colour=mix((20, 14, 14), person.hair, 0.2),
                ink=Ink.LINE,
                thickness=0.03,
            ),
        ]
    return shapes


def brows(person: Identity, head: Head, face: Expression) -> list[Shape]:
    """Brows, and the crease between them."""
    outwards = np.linspace(0, 1, 7)
    half_thickness = person.brow_thickness * (1 - 0.55 * outwards)
    drop = 0.10 * face.frown
    shapes = []
    for side in SIDES:
        lifted = 0.14 * face.lopsided if side > 0 else 0.0
        x = side * (0.105 - 0.02 * np.maximum(face.frown, 0) + 0.34 * outwards)
        y = person.brow_y - 0.11 * face.brow - lifted + drop * (1 - outwards) - 0.25 * drop * outwards
        y = y - 1.2 * person.brow_arch * np.sin(2.6 * outwards)
        outline = between(x, y - half_thickness, x, y + half_thickness)
        shapes.append(Shape(points=head.at(*outline), colour=mix(person.hair, (25, 18, 16), 0.45)))
    creased = face.frown[:, 0] > 0.25
    for side in SIDES:
        crease = head.at(side * np.array([0.045, 0.035]), person.brow_y + np.array([-0.02, 0.10]))
        colour = mix(person.skin, person.shade, 0.6)
        shapes.append(Shape(points=crease, colour=colour, ink=Ink.LINE, thickness=0.02, shown=creased))
    return shapes


def nose(person: Identity, head: Head) -> list[Shape]:
    """Nose: a ridge that stands out in profile, its base and nostrils."""
    tip_y, wing = person.eye_y + person.nose_length, person.nose_width
    top_y = person.eye_y + 0.02
    skin, shade = person.skin, person.shade

    def point(x: float, y: float, lift: float) -> np.ndarray:
        return head.at(np.array([x]), np.array([y]), lift)

    ridge = np.concatenate(
        [
            point(-0.04, top_y, 0.02), point(0.04, top_y, 0.02), point(-wing, tip_y, 0.04), point(wing, tip_y, 0.04),
            point(0.0, tip_y - 0.10, 0.14), point(0.0, tip_y - 0.03, 0.19), point(0.0, tip_y + 0.03, 0.15),
            point(0.0, tip_y + 0.06, 0.03),
        ],
        axis=1,
    )  # fmt: skip
    side_line = np.concatenate(
        [point(-0.05, top_y, 0.02), point(-0.055, tip_y - 0.12, 0.10), point(-wing, tip_y, 0.06)], axis=1
    )
    base_x = np.array([-wing, -0.04, 0, 0.04, wing])
    base = head.at(base_x, tip_y + np.array([0, 0.035, 0.045, 0.035, 0]), 0.13)
    bridge = head.at(np.array([0.05, 0, -0.05]), np.full(3, tip_y - 0.05), 0.16)
    shapes = [
        Shape(points=ridge, colour=mix(skin, shade, 0.06), ink=Ink.HULL, surface=False),
        Shape(points=side_line, colour=mix(skin, shade, 0.5), ink=Ink.LINE, thickness=0.018),
        Shape(points=np.concatenate([base, bridge], axis=1), colour=mix(skin, shade, 0.28)),
    ]
    for side in SIDES:
        nostril = head.at(side * wing * np.array([0.75, 0.3]), tip_y + np.array([0.015, 0.03]), 0.13)
        colour = mix(shade, (20, 10, 10), 0.5)
        shapes.append(Shape(points=nostril, colour=colour, ink=Ink.LINE, thickness=0.028))
    return shapes


def mouth(person: Identity, head: Head, face: Expression) -> list[Shape]:
    """Lips, teeth, tongue, and the folds that a smile or a sulk draws; with the moustache above."""
    along = np.linspace(-1, 1, 17)
    arc = 1 - along**2
    half_width = person.mouth_width * face.width * (1 - 0.18 * face.speech)
    opening = 0.17 * face.opening
    middle = person.mouth_y + 0.02 * opening
    base = middle - 0.135 * face.curve * (along**2 - 0.42) - 0.11 * face.lopsided * np.maximum(along, 0) ** 1.5
    teeth = 0.035 * np.maximum(0, face.curve - 0.25)
    inner_top = base - (0.35 * opening + 0.5 * teeth) * arc
    inner_low = base + (0.75 * opening + teeth) * arc
    bow = person.lip_thickness * arc**0.6 * (1 + 0.25 * np.cos(TURN * along) * (np.abs(along) < 0.5))
    outer_top = inner_top - 0.9 * bow
    outer_low = inner_low + 1.25 * person.lip_thickness * arc**0.7
    x = along * half_width
    lift = 0.03
    skin, shade = person.skin, person.shade
    shapes = []
    if person.moustache:
        outline = between(1.05 * x, outer_top - 0.085 * arc**0.5, x, outer_top)
        shapes.append(Shape(points=head.at(*outline, lift), colour=mix(person.hair, (20, 15, 12), 0.3)))
    shapes.append(Shape(points=head.at(*between(x, outer_top, x, outer_low), lift), colour=person.lips))
    shapes.append(Shape(points=head.at(*between(0.97 * x, inner_top, 0.97 * x, inner_low), lift), colour=(58, 18, 22)))
    gap = inner_low - inner_top
    widest = gap.max(axis=1)
    bite = inner_top + np.minimum(0.75 * gap, 0.055 * arc**0.3)
    shapes.append(
        Shape(
            points=head.at(*between(0.88 * x, inner_top, 0.88 * x, bite), lift),
            colour=(238, 234, 228),
            shown=widest > 0.012,
        )
    )
    tongue = np.maximum(inner_low - 0.05 * arc, bite)
    shapes.append(
        Shape(
            points=head.at(*between(0.6 * x, tongue, 0.6 * x, inner_low), lift),
            colour=(170, 70, 76),
            shown=widest > 0.09,
        )
    )
    seam = mix(person.lips, (40, 10, 15), 0.6)
    shapes.append(Shape(points=head.at(x, inner_top, lift), colour=seam, ink=Ink.LINE, thickness=0.016))
    fold = mix(skin, shade, 0.4)
    smiles, sulks = face.curve[:, 0] > 0.2, face.curve[:, 0] < -0.25
    nose_low, wing = person.eye_y + person.nose_length, person.nose_width
    for side in SIDES:
        zero = np.zeros_like(half_width)
        smile_x = side * np.concatenate([zero + wing + 0.03, 0.95 * half_width, half_width + 0.07], axis=1)
        smile_y = np.array([nose_low, nose_low + 0.10, person.mouth_y - 0.02])
        sulk_x = side * half_width * np.array([1.02, 1.08])
        sulk_y = person.mouth_y + np.array([0.06, 0.16])
        for points, shown in ((head.at(smile_x, smile_y), smiles), (head.at(sulk_x, sulk_y), sulks)):
            shapes.append(Shape(points=points, colour=fold, ink=Ink.LINE, thickness=0.016, shown=shown))
    return shapes


def beard(person: Identity, head: Head) -> list[Shape]:
    """A full beard, for those who have one."""
    if not person.beard:
        return []
    along = np.linspace(-1, 1, 15)
    outer_x, inner_x = along * head.half_width * 0.72, along * head.half_width * 0.86
    outline = between(inner_x, 0.30 + 0.18 * (1 - along**2), outer_x, 0.62 + 0.33 * (1 - along**2))
    return [Shape(points=head.at(*outline), colour=mix(person.skin, person.hair, 0.62))]


def glasses(person: Identity, head: Head, yaw: np.ndarray) -> list[Shape]:
    """Glasses, for those who wear them."""
    if not person.glasses:
        return []
    circle = np.linspace(0, TURN, 18)
    x, y = person.eye_x, person.eye_y
    wire = Shape(points=np.empty((1, 0, 3)), colour=person.glasses_colour, ink=Ink.LINE, thickness=0.028, surface=False)
    shapes = []
    for side in SIDES:
        rim = head.at(side * x + 0.20 * np.cos(circle), y + 0.02 + 0.17 * np.sin(circle), 0.10)
        hinge = head.at(np.array([side * (x + 0.20)]), np.array([y - 0.02]), 0.10)
        temple = np.concatenate([hinge, [[[side * head.half_width * 1.02, y - 0.03, 0.0]]]], axis=1)
        # The head hides what lies on its far side.
        away = side * np.sin(yaw)
        shapes.append(replace(wire, points=rim, closed=True, shown=away < 0.8))
        shapes.append(replace(wire, points=temple, shown=away < 0.25))
    bridge = head.at(np.array([-x + 0.20, x - 0.20]), np.array([y, y]), 0.14)
    shapes.append(replace(wire, points=bridge))
    return shapes
