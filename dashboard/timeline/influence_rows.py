"""Influence of audio and visual on a prediction: a row for each model, and a lane that says how the two relate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.timeline import meanings
from dashboard.timeline.bands import MODALITY_COLOURS, spans
from dashboard.timeline.declared import INFLUENCE, Band, Column, Curve, Part, Row, Samples, Shown
from dashboard.timeline.seed_bands import spread_curves, spread_words
from iaca.config import MODALITIES
from iaca.figures import palette
from iaca.figures.palette import Colour

STEP = 0.25
"""Steps in which the axis gives way, lest it moves with every touch of a slider."""

REACH = (0.5, 2.0)
"""Least and largest reach of the axis either way."""

MARGIN = 0.04
OPACITY = 0.75
DASHES = ("solid", "4px,2px")


class Code(NamedTuple):
    """How one kind of relationship is drawn in its lane.

    Attributes:
        colour: One of four that stay apart under deuteranopia.
        letter: Second code, where there is room for it.
        part: Third code, which needs none: above for the audio, below for the visual modality, whole for both.
    """

    colour: Colour
    letter: str
    part: Part


CODES = {
    "complement": Code(palette.JOINT, "+", "whole"),
    "conflict": Code(palette.TEXT, "×", "whole"),
    "audio dominates": Code(palette.AUDIO, "A", "upper"),
    "visual dominates": Code(palette.VISUAL, "V", "lower"),
}
"""Of `iaca.inference.Relationship`; nothing is drawn where neither counts."""


def influence_rows(columns: dict[Column, Samples], shown: Sequence[Shown]) -> list[Row]:
    """One row for each model whose influences are known; their columns are added."""
    rows = []
    for i, model in enumerate(shown):
        if model.relation is None:
            continue
        target = model.relation.target
        curves, ghosts = [], []
        for modality, dash in zip(MODALITIES, DASHES, strict=True):
            quantity, colour = f"{target}_{modality}_influence", MODALITY_COLOURS[modality]
            curve = Curve(modality, quantity, colour, dash, width=1.4, fill=0.22, model=i)
            curves += [*spread_curves(columns, model, curve, quantity, "linear"), curve]
            columns[curve.column] = Samples(model.trace.columns[quantity], "linear")
            if model.changed:
                ghost = Curve(
                    f"{modality}, {model.baseline_name}", quantity, colour, "dot", width=1.0, opacity=0.6, legend=False,
                    model=i, ghost=True,
                )  # fmt: skip
                ghosts.append(ghost)
                columns[ghost.column] = Samples(model.baseline.columns[quantity], "linear")
        whose = f" · {model.title}" if len(shown) > 1 else ""
        rows.append(
            Row(
                INFLUENCE, f"Influence on {target}{whose}", "influence",
                f"{meanings.INFLUENCE.sentence}{spread_words([model])}", (-1.0, 1.0), (),
                76, (*curves, *ghosts), model=i,
            )
        )  # fmt: skip
    # One axis for all of them: they are there to be compared.
    values = [curve.values(columns) for row in rows for curve in row.curves]
    largest = max((float(np.nanmax(np.abs(one))) for one in values if np.isfinite(one).any()), default=0.0)
    reach = min(REACH[1], max(REACH[0], STEP * math.ceil(largest / STEP)))
    limits, ticks = (-reach - MARGIN, reach + MARGIN), (-reach, 0.0, reach)
    return [row._replace(range=limits, ticks=ticks) for row in rows]


def relation_bands(shown: Sequence[Shown], pts_s: np.ndarray) -> list[Band]:
    """The lane of each model: one band for each kind of relationship, behind no row."""
    bands = []
    for model in shown:
        relation = model.relation
        if relation is None:
            continue
        lane, whose = ("relationship", "") if len(shown) == 1 else (f"{model.title}: relation", f" ({model.title})")
        sentence = meanings.relation_sentence(relation.target, relation.threshold)
        for kind, code in CODES.items():
            bands.append(
                Band(
                    "relationship", kind + whose, spans(relation.kinds == kind, pts_s), code.colour, OPACITY, rows=(),
                    lane=lane, help=sentence, code=code.letter, part=code.part,
                )
            )  # fmt: skip
    return bands
