"""Traces -> what the player draws. Rows, curves, bands and points are data: the player does not know what they mean."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.timeline import meanings
from dashboard.timeline.bands import MODALITY_COLOURS, differ_bands, dropped_bands, episode_bands, mask_bands
from dashboard.timeline.declared import (
    ATTENTION,
    STAGE_1,
    STAGE_2,
    Band,
    Column,
    Columns,
    Curve,
    Figure,
    Point,
    Row,
    Samples,
    Shown,
    Stack,
)
from dashboard.timeline.influence_rows import influence_rows, relation_bands
from dashboard.timeline.seed_bands import spread_curves, spread_words
from iaca.config import MODALITIES, TARGETS
from iaca.figures import palette
from iaca.figures.palette import Colour
from iaca.types import Episode

OUTSIDE = 0.5
"""How far the axis of a scaled score follows values outside [0, 1]."""

MARGIN = 0.06
"""Free space above and below the curves of a row, as a share of its range."""

SIGNED_TICKS = (-1.0, 0.0, 1.0)
SIGNED_MARGIN = 0.08
RANGE_STEP = 0.25
"""An axis from -1 to 1 gives way in such steps, lest it moves with every touch of a slider."""


SOUND_ROWS = (
    Row(
        "waveform",
        meanings.WAVEFORM.title,
        "amplitude",
        meanings.WAVEFORM.sentence,
        (-1.0, 1.0),
        (-1.0, 0.0, 1.0),
        52,
        (),
        kind="waveform",
        hidden=True,
        colour=palette.AUDIO,
    ),
    Row(
        "spectrogram",
        meanings.SPECTROGRAM.title,
        "mel band",
        meanings.SPECTROGRAM.sentence,
        (0.0, 64.0),
        (0.0, 32.0, 64.0),
        84,
        (),
        kind="spectrogram",
        hidden=True,
        colour=palette.AUDIO,
    ),
)
"""Rows that are drawn from the sound, where there is some."""


class Limits(NamedTuple):
    """Smallest and largest score of each modality, over all shown models without dropout."""

    low: dict[str, float]
    high: dict[str, float]


def score_limits(shown: Sequence[Shown], target: str, score: str) -> Limits:
    """Limits for min-max scaling, pooled over the models without dropout: a fall under dropout is seen."""
    low, high = {}, {}
    for modality in MODALITIES:
        columns = [model.baseline.columns[f"{target}_{modality}_{score}"] for model in shown]
        values = np.concatenate(columns) if columns else np.empty(0)
        values = values[np.isfinite(values)]
        low[modality], high[modality] = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return Limits(low, high)


def compare_figure(
    subject: str,
    truth: pd.DataFrame,
    shown: Sequence[Shown],
    *,
    target: str,
    score: str,
    scaled: bool,
    episodes: Sequence[Episode] = (),
    noted: Sequence[Band] = (),
) -> Figure:
    """The rows of the comparison.

    Args:
        subject: Name of the subject.
        truth: N rows with pts_s, valence_truth, arousal_truth, has_face and has_audio, as in a Trace.
        shown: Models; may be empty.
        target: Whose attention and gates are shown, valence or arousal.
        score: Which attention score, a key of `meanings.SCORES`.
        scaled: Whether scores are min-max scaled to [0, 1].
        episodes: Known episodes of corruption.
        noted: Notes, as bands.

    Returns:
        The figure.
    """
    columns = {Column(name): Samples(truth[f"{name}_truth"].to_numpy(), "frames") for name in TARGETS}
    rows = (
        *_attention_rows(columns, shown, target, score, scaled),
        *(row for i, model in enumerate(shown) for row in _gate_rows(columns, i, model, target, len(shown))),
        *influence_rows(columns, shown),
        *(_target_row(columns, shown, name) for name in TARGETS),
        *_difference_rows(columns, shown),
        *SOUND_ROWS,
    )
    pts_s = truth["pts_s"].to_numpy()
    bands = (
        *noted,
        *episode_bands(episodes),
        *dropped_bands(shown, pts_s),
        *relation_bands(shown, pts_s),
        *mask_bands(truth, pts_s, rows),
        *differ_bands(shown, pts_s),
    )
    points = (
        Point("truth", palette.TRUTH.colour, palette.TRUTH.shape),
        *(
            Point(model.title, model.style.colour, model.style.shape, i, tuple(_ccc(model, name) for name in TARGETS))
            for i, model in enumerate(shown)
        ),
    )
    return Figure(
        subject,
        tuple(model.title for model in shown),
        rows,
        bands,
        points,
        {name: samples._replace(values=samples.values.astype(np.float32)) for name, samples in columns.items()},
        pts_s,
        clip_stride=shown[0].trace.clip_stride if shown else 1,
        gates_of=target if _differ_by_target(shown) else None,
        annotated=max((score.valid_frames for model in shown for score in model.trace.scores.values()), default=0),
    )


def _ccc(model: Shown, target: str) -> tuple[float, float]:
    """CCC of a model as it is shown and before any change; NaN where it is undefined."""
    scores = (trace.scores.get(target) for trace in (model.trace, model.baseline))
    now, before = (math.nan if score is None else score.ccc for score in scores)
    return now, before


def _attention_rows(
    columns: dict[Column, Samples], shown: Sequence[Shown], target: str, score: str, scaled: bool
) -> list[Row]:
    limits = score_limits(shown, target, score)
    curves, ghosts = [], []
    for modality in MODALITIES:
        low, high = limits.low[modality], limits.high[modality]
        for i, model in enumerate(shown):
            values = model.trace.columns[f"{target}_{modality}_{score}"]
            if not np.isfinite(values).any():
                continue
            span = (high - low) or 1.0
            name, colour = f"{modality}, {model.title}", MODALITY_COLOURS[modality]
            curve = Curve(name, f"{modality}_attention_score", colour, model.style.dash, width=1.4, model=i)
            of_trace = f"{target}_{modality}_{score}"
            scale = (low, span) if scaled else (0.0, 1.0)
            curves += [*spread_curves(columns, model, curve, of_trace, "held", scale), curve]
            columns[curve.column] = Samples((values - low) / span if scaled else values, "held")
            if model.changed:
                before = model.baseline.columns[f"{target}_{modality}_{score}"]
                ghost = _ghost(curve, model, legend=False)
                ghosts.append(ghost)
                columns[ghost.column] = Samples((before - low) / span if scaled else before, "held")
    if not curves:
        return []
    # Under dropout a score may leave its limits: the axis gives way, but not so far that all else lies flat.
    unit = 1.0 if scaled or score == "contribution" else max(limits.high.values())
    values = np.concatenate([columns[curve.column].values for curve in curves]) / unit
    low = min(0.0, max(-OUTSIDE, float(np.nanmin(values))))
    high = max(1.0, min(1.0 + OUTSIDE, float(np.nanmax(values))))
    how = "Scaled to [0, 1] with the limits of the shown models without dropout." if scaled else "Raw values."
    return [
        Row(
            ATTENTION,
            meanings.SCORES[score].title,
            "score",
            f"{meanings.SCORES[score].sentence} {how}{spread_words(shown)}",
            ((low - MARGIN) * unit, (high + MARGIN) * unit),
            (0.0, 0.5, 1.0) if unit == 1.0 else (0.0, float(f"{unit:.1g}")),
            82,
            (*curves, *ghosts),
        )
    ]


def _gate_rows(columns: dict[Column, Samples], i: int, model: Shown, target: str, num_models: int) -> list[Row]:
    """Stage 1 of audio and visual, and stage 2, where the model has them; weights are stacked to 1."""
    whose = f" · {model.title}" if num_models > 1 else ""
    rows = []

    def stacked(
        slot: str, title: str, meaning: meanings.Meaning, parts: list[tuple[str, str, Colour, float]], height: int
    ) -> None:
        curves: list[Curve] = []
        ghosts: list[Curve] = []
        for name, quantity, colour, fill in parts:
            values = model.trace.columns[f"{target}_{quantity}"]
            if not np.isfinite(values).any():
                return
            stack: Stack = "next" if curves else "first"
            curve = Curve(
                name, quantity, colour, width=0.8, opacity=0.9, stack=stack, fill=fill, dotted=name == "joint", model=i
            )
            curves.append(curve)
            columns[curve.column] = Samples(values, "held")
            # Of stacked weights only the limits between them are seen; the last one lies at 1.
            if model.changed and len(curves) < len(parts):
                ghost = _ghost(curve, model, colour=palette.TEXT, legend=False)
                ghosts.append(ghost)
                columns[ghost.column] = Samples(model.baseline.columns[f"{target}_{quantity}"], "held")
        rows.append(
            Row(
                slot,
                title + whose,
                "weight",
                meaning.sentence,
                (0.0, 1.0),
                (0.0, 0.5, 1.0),
                height,
                (*curves, *ghosts),
                model=i,
            )
        )

    for modality in MODALITIES:
        colour = MODALITY_COLOURS[modality]
        stacked(
            STAGE_1[modality],
            f"Stage-1 gate, {modality}",
            meanings.STAGE_1,
            [
                ("cross-attended", f"stage1_{modality}_cross", colour, 0.62),
                ("self-attended", f"stage1_{modality}_self", colour, 0.16),
            ],
            58,
        )
    stacked(
        STAGE_2,
        meanings.STAGE_2.title,
        meanings.STAGE_2,
        [
            ("audio", "stage2_audio", palette.AUDIO, 0.62),
            ("joint", "stage2_joint", palette.JOINT, 0.42),
            ("visual", "stage2_visual", palette.VISUAL, 0.62),
        ],
        66,
    )
    return rows


def _target_row(columns: dict[Column, Samples], shown: Sequence[Shown], target: str) -> Row:
    ghosts, curves = [], []
    for i, model in enumerate(shown):
        curve = Curve(model.title, target, model.style.colour, model.style.dash, width=1.8, model=i)
        columns[curve.column] = Samples(model.trace.columns[target], "linear")
        if target not in model.trace.scores:
            continue  # a model of the other target alone
        curves += [*spread_curves(columns, model, curve, target, "linear"), curve]
        if model.changed:
            ghost = _ghost(curve, model)
            ghosts.append(ghost)
            columns[ghost.column] = Samples(model.baseline.columns[target], "linear")
    predicted = [curve.values(columns) for curve in (*curves, *ghosts)]
    truth = Curve("truth", target, palette.TRUTH.colour, palette.TRUTH.dash, width=1.8, opacity=0.8)
    span, meaning = _signed_range(predicted, 2.0), f"{meanings.TARGETS.sentence}{spread_words(shown)}"
    return Row(target, target.capitalize(), target, meaning, span, SIGNED_TICKS, 100, (truth, *curves, *ghosts))


def _difference_rows(columns: Columns, shown: Sequence[Shown]) -> list[Row]:
    """Second model minus first, where there are two."""
    if len(shown) != 2:
        return []
    first, second = shown
    curves = [
        Curve(name, name, palette.TEXT, dash, width=1.4, fill=fill, model=1, minus=0)
        for name, dash, fill in zip(TARGETS, ("solid", "2px,2px"), (0.12, 0.0), strict=True)
        if all(name in model.trace.scores for model in shown)
    ]
    if not curves:
        return []
    title = f"{second.title} − {first.title}"
    span = _signed_range([curve.values(columns) for curve in curves], 3.0)
    meaning = meanings.DIFFERENCE.sentence
    return [Row("difference", title, "difference", meaning, span, SIGNED_TICKS, 70, tuple(curves))]


def _signed_range(curves: Sequence[np.ndarray], most: float) -> tuple[float, float]:
    """Of an axis around zero: to 1 either way, and in steps up to `most` where curves go further."""
    largest = max((float(np.nanmax(np.abs(values))) for values in curves if np.isfinite(values).any()), default=0.0)
    reach = min(most, max(1.0, RANGE_STEP * math.ceil(largest / RANGE_STEP))) + SIGNED_MARGIN
    return -reach, reach


def _differ_by_target(shown: Sequence[Shown]) -> bool:
    """Whether a model has attention of its own for each target, so that the rows have to say whose they show."""
    for model, modality in itertools.product(shown, MODALITIES):
        # One column after the other: for several, pandas takes a hundred times as long.
        first, second = (model.baseline.columns[f"{target}_{modality}_contribution"] for target in TARGETS)
        of_both = np.isfinite(first).any() and np.isfinite(second).any()
        if of_both and not np.array_equal(first, second, equal_nan=True):
            return True
    return False


def _ghost(curve: Curve, model: Shown, *, colour: Colour | None = None, legend: bool = True) -> Curve:
    """What a curve was before the change."""
    return Curve(
        f"{curve.name}, {model.baseline_name}", curve.quantity, colour or curve.colour, "dot", width=1.0, opacity=0.6,
        stack=curve.stack, legend=legend, model=curve.model, ghost=True,
    )  # fmt: skip
