"""People of the synthetic corpus: how a face looks at rest and how a voice sounds.

What differs between people is meant to confuse a model that has not seen them: a mouth that hangs at rest, a voice
that is always loud, a face that moves little.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

SKIN_TONES = (
    (246, 214, 190), (232, 190, 160), (220, 172, 136), (198, 146, 108), (160, 110, 78), (122, 80, 56), (92, 60, 44),
)  # fmt: skip
HAIR_COLOURS = (
    (30, 24, 22), (52, 36, 26), (92, 60, 36), (150, 104, 56), (196, 160, 92), (120, 118, 118), (120, 48, 28),
)  # fmt: skip
IRIS_COLOURS = ((70, 45, 25), (90, 65, 35), (60, 95, 130), (70, 105, 70), (50, 35, 25))

IDENTITIES_PER_ROLE = 1000
"""People that a role of a corpus can have; each role has a range of numbers."""

IDENTITY_STREAM = 20240513
"""First word of every identity's seed: keeps identities apart from all other draws."""


class HairStyle(StrEnum):
    """How the hair falls."""

    SHORT = "short"
    LONG = "long"
    BALD = "bald"
    CURLY = "curly"
    BOB = "bob"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One person. Lengths are in head units: half the height of a head of average size is 1.

    Attributes:
        number: Number of the person, the same person in every corpus.
        skin, shade, lips, hair, iris, clothes, glasses_colour: Colours; `shade` is the skin in shadow.
        background: Colours of the room, above and below.
        background_seed: Seed of the blurred things in the room.
        head: Half width, half height, half depth of the head.
        jaw: How much the head narrows towards the chin, a share.
        eye_x, eye_y, eye_width, eye_opening: Place and size of the right eye; the left one mirrors it.
        brow_y, brow_thickness, brow_arch: Of the brows.
        nose_length, nose_width, mouth_y, mouth_width, lip_thickness: Of nose and mouth.
        hair_style, hairline, parting: Of the hair; the hairline is a height.
        glasses, beard, moustache: Whether the face has them.
        light: Slope of the light across the picture, to the right and downwards.
        brightness: Factor of the light.
        head_scale: Size of the head in the picture, 1 on average.
        rest_mouth, rest_open, rest_brow, rest_frown, rest_eye: Face at rest, in units of its movements.
        expressiveness: Factor of all facial movements.
        rest_yaw, rest_pitch: Turn of the head at rest, radians.
        pitch_hz: Pitch of the voice at rest.
        vocal_tract: Factor of the formants.
        loudness_db: Loudness of the voice at rest.
        spectral_tilt: Brightness of the voice at rest.
        speaking_rate: Factor of the tempo.
    """

    number: int
    skin: Colour
    shade: Colour
    lips: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    glasses_colour: Colour
    background: tuple[Colour, Colour]
    background_seed: int
    head: tuple[float, float, float]
    jaw: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_opening: float
    brow_y: float
    brow_thickness: float
    brow_arch: float
    nose_length: float
    nose_width: float
    mouth_y: float
    mouth_width: float
    lip_thickness: float
    hair_style: HairStyle
    hairline: float
    parting: float
    glasses: bool
    beard: bool
    moustache: bool
    light: tuple[float, float]
    brightness: float
    head_scale: float
    rest_mouth: float
    rest_open: float
    rest_brow: float
    rest_frown: float
    rest_eye: float
    expressiveness: float
    rest_yaw: float
    rest_pitch: float
    pitch_hz: float
    vocal_tract: float
    loudness_db: float
    spectral_tilt: float
    speaking_rate: float


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first`, with `share` of `second`."""
    red, green, blue = (a * (1 - share) + b * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = np.clip(values, 0, 255).tolist()
    return red, green, blue


def draw_identity(number: int) -> Identity:
    """The person with a given number.

    Args:
        number: At least 0. Two different numbers are two people, whatever the seed of a corpus.

    Returns:
        The same person for the same number, always.

    Raises:
        ValueError: A negative number.
    """
    if number < 0:
        raise ValueError(f"identity is {number}; expected a whole number of at least 0")
    rng = np.random.default_rng([IDENTITY_STREAM, number])
    tone = int(rng.integers(len(SKIN_TONES)))
    skin = _colour(np.array(SKIN_TONES[tone]) * (1 + rng.normal(0, 0.05)) + rng.normal(0, 2, 3))
    # Dark skin goes with the three dark hair colours.
    hair = HAIR_COLOURS[int(rng.integers(len(HAIR_COLOURS) if tone < 4 else 3))]
    upper = _colour(rng.uniform(90, 215) + rng.normal(0, 18, 3))
    lower = _colour(rng.uniform(60, 190) + rng.normal(0, 18, 3))
    return Identity(
        number=number,
        skin=skin,
        shade=mix(skin, (40, 20, 20), 0.35),
        lips=mix(skin, (180, 60, 70), rng.uniform(0.3, 0.7)),
        hair=_colour(np.array(hair, float)),
        iris=_colour(np.array(IRIS_COLOURS[int(rng.integers(len(IRIS_COLOURS)))], float)),
        clothes=_colour(rng.integers(30, 220, 3).astype(float)),
        glasses_colour=_colour(rng.integers(10, 90, 3).astype(float)),
        background=(upper, lower),
        background_seed=int(rng.integers(1 << 30)),
        head=(rng.uniform(0.68, 0.82), rng.uniform(0.95, 1.05), rng.uniform(0.8, 0.9)),
        jaw=rng.uniform(0.05, 0.4),
        eye_x=rng.uniform(0.27, 0.33),
        eye_y=rng.uniform(-0.14, -0.06),
        eye_width=rng.uniform(0.13, 0.17),
        eye_opening=rng.uniform(0.8, 1.15),
        brow_y=rng.uniform(-0.40, -0.34),
        brow_thickness=rng.uniform(0.03, 0.07),
        brow_arch=rng.uniform(0.02, 0.07),
        nose_length=rng.uniform(0.28, 0.42),
        nose_width=rng.uniform(0.09, 0.14),
        mouth_y=rng.uniform(0.45, 0.54),
        mouth_width=rng.uniform(0.22, 0.30),
        lip_thickness=rng.uniform(0.025, 0.06),
        hair_style=list(HairStyle)[int(rng.integers(len(HairStyle)))],
        hairline=rng.uniform(-0.66, -0.54),
        parting=rng.uniform(-0.5, 0.5),
        glasses=bool(rng.random() < 0.28),
        beard=bool(rng.random() < 0.20),
        moustache=bool(rng.random() < 0.12),
        light=tuple(rng.uniform(-0.22, 0.22, 2)),
        brightness=rng.uniform(0.85, 1.1),
        head_scale=rng.uniform(0.92, 1.06),
        rest_mouth=rng.normal(0, 0.18),
        rest_open=rng.uniform(0, 0.12),
        rest_brow=rng.normal(0, 0.18),
        rest_frown=rng.normal(0, 0.16),
        rest_eye=rng.normal(0, 0.10),
        expressiveness=rng.uniform(0.65, 1.15),
        rest_yaw=rng.normal(0, 0.12),
        rest_pitch=rng.normal(0, 0.08),
        pitch_hz=2 ** rng.uniform(np.log2(95), np.log2(250)),
        vocal_tract=rng.uniform(0.88, 1.15),
        loudness_db=rng.normal(0, 3.0),
        spectral_tilt=rng.normal(0, 0.25),
        speaking_rate=rng.uniform(0.85, 1.15),
    )
