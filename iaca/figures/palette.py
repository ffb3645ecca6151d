"""One colour for each modality and each model, everywhere; safe for colour-blind readers.

Source: Okabe & Ito, "Color Universal Design" (2008). Deviates: on a light page orange, sky blue and green are darkened
until a line reaches a contrast of 3:1. Line style (or the shape of a point) is always a second code.
"""

from __future__ import annotations

from typing import NamedTuple

Colour = tuple[str, str] | str
"""A pair for light and dark pages, or "text" for the colour of the page's text."""

TEXT: Colour = "text"
AUDIO: Colour = ("#b87400", "#e69f00")
VISUAL: Colour = ("#2f86c0", "#56b4e9")
JOINT: Colour = ("#00875f", "#1fbf90")

SEQUENTIAL = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838",
)  # fmt: skip
"""Of values of one sign, from low to high, at even steps.

Source: cividis (Nunez et al., 2018), even in lightness and the same for colour-blind readers.
"""

DIVERGING = ("#0a5fa5", "#5aa9f0", "#f5f5f5", "#f08a4b", "#a03800")
"""Of values of both signs, from low over zero to high, at even steps."""

SHAPES: dict[str, tuple[tuple[float, float], ...]] = {
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "triangle": ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),
    "down": ((0, 1.2), (-1.15, -0.9), (1.15, -0.9)),
    "bar": ((-1.3, -0.5), (1.3, -0.5), (1.3, 0.5), (-1.3, 0.5)),
    "plus": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2),
        (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "circle": (),
}  # fmt: skip
"""Corners of a point's shape, x to the right and y down, beside a circle of radius 1; none for the circle itself."""


class Style(NamedTuple):
    """How a model is drawn wherever it appears.

    Attributes:
        colour: Of its curves.
        dash: Of its curves, in Plotly's notation.
        shape: Of its point in the plane, a key of `SHAPES`.
    """

    colour: Colour
    dash: str
    shape: str


MODELS = (
    Style(("#c4500a", "#f08a4b"), "5px,3px", "triangle"),
    Style(("#0a5fa5", "#5aa9f0"), "solid", "circle"),
    Style(("#a8507f", "#dd9cc0"), "2px,2px", "square"),
)
FURTHER = (
    Style(("#b3203a", "#ff8095"), "8px,3px,2px,3px", "down"),
    Style(("#6b6200", "#d9cf3a"), "9px,4px", "bar"),
    Style(("#4a3fa8", "#a79df5"), "5px,2px,1px,2px,1px,2px", "plus"),
)
"""Of models beside those, where a page shows more."""

NOTE: Colour = ("#6a4c93", "#b79ced")
EVENT: Colour = ("#00706b", "#4fd1c5")
"""Of what is searched for."""

TRUTH = Style(TEXT, "solid", "diamond")
MOMENTS: dict[str, Colour] = {
    "gate flip": ("#a8507f", "#dd9cc0"),
    "audio-visual disagreement": ("#00875f", "#1fbf90"),
    "largest error": ("#c4500a", "#f08a4b"),
    "gap between models": ("#0a5fa5", "#5aa9f0"),
    "gain by IACA": ("#857200", "#f0e442"),
    "conflict": ("#31333f", "#fafafa"),
    "dominance": ("#6b6f7b", "#a3a7b3"),
}
"""Of the kinds of moments, whose names always stand beside."""
