"""Traces -> what the player draws. Rows, traces, bands and points are data; the player knows none of their meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dashboard import palette
from dashboard.palette import Colour
from dashboard.rows import Band, Curve, Point, Row
from iaca.config import AUDIO, MODALITIES, TARGETS, VISUAL
from iaca.types import Episode, Trace

MODALITY_COLOURS = {AUDIO: palette.AUDIO, VISUAL: palette.VISUAL}
SENSES = {AUDIO: "voice", VISUAL: "face"}

SCORES = {
    "contribution": "Share of a clip's attended feature that came from attention: |residual| / (|X| + |residual|).",
    "received": "How much all clips of the window attend to this one: row sum of the attention map / L.",
}
"""Attention scores and what they mean."""

OUTSIDE = 0.5
"""How far the axis of a scaled score follows values outside [0, 1]."""

MARGIN = 0.06
"""Free space above and below the curves of a row, as a share of its range."""


class Shown(NamedTuple):
    """One model on the page.

    Attributes:
        title: What to call it.
        trace: What it says, with the dropout that is chosen.
        baseline: What it says without dropout; the same object when there is none.
        style: How it is drawn.
    """

    title: str
    trace: Trace
    baseline: Trace
    style: palette.Style


class Limits(NamedTuple):
    """Smallest and largest score of each modality, over all shown models without dropout."""

    low: dict[str, float]
    high: dict[str, float]


class Figure(NamedTuple):
    """What the player needs: the declared rows and the numbers behind them."""

    spec: dict[str, Any]
    frames: pd.DataFrame
    pts_s: np.ndarray


def score_limits(shown: Sequence[Shown], target: str, score: str) -> Limits:
    """Limits for min-max scaling, pooled over the models without dropout: a fall under dropout is seen."""
    low, high = {}, {}
    for modality in MODALITIES:
        columns = [model.baseline.frames[f"{target}_{modality}_{score}"].to_numpy() for model in shown]
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
) -> Figure:
    """The rows of the comparison.

    Args:
        subject: Name of the subject.
        truth: N rows with pts_s, valence_truth, arousal_truth, has_face and has_audio, as in a Trace.
        shown: Models; may be empty.
        target: Whose attention and gates are shown, valence or arousal.
        score: Which attention score, a key of `SCORES`.
        scaled: Whether scores are min-max scaled to [0, 1].
        episodes: Known episodes of corruption.

    Returns:
        The figure.
    """
    frames: dict[str, np.ndarray] = {f"truth_{name}": truth[f"{name}_truth"].to_numpy() for name in TARGETS}
    rows = [
        *_attention_rows(frames, shown, target, score, scaled),
        *(row for i, model in enumerate(shown) for row in _gate_rows(frames, i, model, target, len(shown))),
        *(_target_row(frames, shown, name) for name in TARGETS),
    ]
    pts_s = truth["pts_s"].to_numpy()
    bands = [*_episode_bands(episodes), *_dropped_bands(shown, pts_s), *_mask_bands(truth, pts_s, rows)]
    points = [
        Point("truth", "truth_valence", "truth_arousal", palette.TRUTH.colour, palette.TRUTH.shape),
        *(
            Point(model.title, f"{i}_valence", f"{i}_arousal", model.style.colour, model.style.shape)
            for i, model in enumerate(shown)
        ),
    ]
    spec = {
        "subject": subject,
        "rows": [row._asdict() | {"traces": [curve._asdict() for curve in row.traces]} for row in rows],
        "bands": [band._asdict() for band in bands],
        "lanes": list(dict.fromkeys(band.lane for band in bands if band.lane)),
        "points": [point._asdict() for point in points],
    }
    return Figure(spec, pd.DataFrame(frames).astype(np.float32), pts_s)


def _attention_rows(
    frames: dict[str, np.ndarray], shown: Sequence[Shown], target: str, score: str, scaled: bool
) -> list[Row]:
    limits = score_limits(shown, target, score)
    curves = []
    for modality in MODALITIES:
        low, high = limits.low[modality], limits.high[modality]
        for i, model in enumerate(shown):
            values = model.trace.frames[f"{target}_{modality}_{score}"].to_numpy()
            if not np.isfinite(values).any():
                continue
            frames[f"{i}_{modality}_score"] = (values - low) / ((high - low) or 1.0) if scaled else values
            name = f"{modality}, {model.title}"
            colour = MODALITY_COLOURS[modality]
            curves.append(Curve(name, f"{i}_{modality}_score", colour, model.style.dash, width=1.4))
    if not curves:
        return []
    # Under dropout a score may leave its limits: the axis gives way, but not so far that all else lies flat.
    unit = 1.0 if scaled or score == "contribution" else max(limits.high.values())
    values = np.concatenate([frames[curve.column] for curve in curves]) / unit
    low = min(0.0, max(-OUTSIDE, float(np.nanmin(values))))
    high = max(1.0, min(1.0 + OUTSIDE, float(np.nanmax(values))))
    how = "Scaled to [0, 1] by the models' limits without dropout." if scaled else "Raw values."
    return [
        Row(
            "attention",
            f"Attention score ({score})",
            "score",
            f"{SCORES[score]} {how}",
            ((low - MARGIN) * unit, (high + MARGIN) * unit),
            (0.0, 0.5, 1.0) if unit == 1.0 else (0.0, float(f"{unit:.1g}")),
            82,
            tuple(curves),
        )
    ]


def _gate_rows(frames: dict[str, np.ndarray], i: int, model: Shown, target: str, num_models: int) -> list[Row]:
    """Stage 1 of audio and visual, and stage 2, where the model has them; weights are stacked to 1."""
    of_model, whose = (f" of {model.title}", f" · {model.title}") if num_models > 1 else ("", "")
    rows = []

    def stacked(key: str, title: str, help_text: str, parts: list[tuple[str, str, Colour, float]], height: int) -> None:
        curves = []
        for name, column, colour, fill in parts:
            values = model.trace.frames[f"{target}_{column}"].to_numpy()
            if not np.isfinite(values).any():
                return
            frames[f"{i}_{column}"] = values
            stack = "next" if curves else "first"
            curves.append(Curve(name, f"{i}_{column}", colour, width=0.8, opacity=0.9, stack=stack, fill=fill))
        rows.append(
            Row(
                key,
                title + whose,
                "weight",
                help_text + of_model + ".",
                (0.0, 1.0),
                (0.0, 0.5, 1.0),
                height,
                tuple(curves),
            )
        )

    for modality in MODALITIES:
        colour = MODALITY_COLOURS[modality]
        stacked(
            f"stage1_{modality}_{i}",
            f"Stage-1 gate, {modality}",
            "Weight of cross-attended against self-attended features (eqs 5-6)",
            [
                ("cross-attended", f"stage1_{modality}_cross", colour, 0.62),
                ("self-attended", f"stage1_{modality}_self", colour, 0.16),
            ],
            58,
        )
    stacked(
        f"stage2_{i}",
        "Stage-2 gate",
        "Weight of audio, joint and visual features (eqs 8-9)",
        [
            ("audio", "stage2_audio", palette.AUDIO, 0.62),
            ("joint", "stage2_joint", palette.JOINT, 0.42),
            ("visual", "stage2_visual", palette.VISUAL, 0.62),
        ],
        66,
    )
    return rows


def _target_row(frames: dict[str, np.ndarray], shown: Sequence[Shown], target: str) -> Row:
    ghosts, curves = [], []
    for i, model in enumerate(shown):
        frames[f"{i}_{target}"] = model.trace.frames[target].to_numpy()
        if target not in model.trace.scores:
            continue  # a model of the other target alone
        curves.append(Curve(model.title, f"{i}_{target}", model.style.colour, model.style.dash, width=1.8))
        if model.baseline is not model.trace:
            frames[f"{i}_{target}_ghost"] = model.baseline.frames[target].to_numpy()
            name = f"{model.title}, no dropout"
            ghosts.append(Curve(name, f"{i}_{target}_ghost", model.style.colour, "dot", width=1.0, opacity=0.6))
    truth = Curve("truth", f"truth_{target}", palette.TRUTH.colour, palette.TRUTH.dash, width=1.8, opacity=0.8)
    help_text = f"{target.capitalize()} in [-1, 1]: the annotation and each model's prediction."
    ticks = (-1.0, 0.0, 1.0)
    return Row(target, target.capitalize(), target, help_text, (-1.08, 1.08), ticks, 100, (truth, *curves, *ghosts))


def spans(mask: np.ndarray, pts_s: np.ndarray) -> list[tuple[float, float]]:
    """Spans of time in which a mask over frames is true; a frame lasts until the next one.

    Args:
        mask: (N,) bool.
        pts_s: (N,) seconds.

    Returns:
        (start, end) in seconds, in order.
    """
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    interval_s = pts_s[-1] - pts_s[-2] if len(pts_s) > 1 else 0.0
    ends_s = np.append(pts_s, pts_s[-1] + interval_s if len(pts_s) else 0.0)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(float(ends_s[a]), float(ends_s[b])) for a, b in zip(starts, stops, strict=True)]


def episode_label(episode: Episode) -> str:
    """What is wrong in an episode, in a few words; a control is a conflict without a cue to its truth."""
    if episode.truth_modality:
        kind = "control" if episode.kind.endswith("control") else "conflict"
        return f"{kind}: {SENSES[episode.truth_modality]} true"
    return f"{SENSES[episode.modality]}: {episode.kind}"


def _episode_bands(episodes: Sequence[Episode]) -> list[Band]:
    return [
        Band(
            "episode",
            episode_label(episode),
            [(episode.start_s, episode.end_s)],
            MODALITY_COLOURS[episode.modality],
            0.11,
            lane=f"known: {SENSES[episode.modality]}",
        )
        for episode in sorted(episodes, key=lambda one: (one.modality, one.start_s))
    ]


def _dropped_bands(shown: Sequence[Shown], pts_s: np.ndarray) -> list[Band]:
    if not shown:
        return []
    bands = []
    for modality in MODALITIES:
        found = spans(shown[0].trace.frames[f"{modality}_dropped"].to_numpy(), pts_s)
        if found:
            bands.append(Band("dropped", f"{modality} dropped", found, palette.TEXT, 0.11, lane=f"{modality} dropped"))
    return bands


def _mask_bands(truth: pd.DataFrame, pts_s: np.ndarray, rows: Sequence[Row]) -> list[Band]:
    keys = [row.key for row in rows]
    masks = (
        ("not annotated", truth[["valence_truth", "arousal_truth"]].isna().any(axis=1).to_numpy(), TARGETS),
        ("no face", ~truth["has_face"].to_numpy(), ("attention", f"stage1_{VISUAL}")),
        ("no audio", ~truth["has_audio"].to_numpy(), ("attention", f"stage1_{AUDIO}")),
    )
    return [
        Band(
            "mask", label, found, palette.TEXT, 0.3, hatched=True, lane="missing",
            rows=tuple(key for key in keys if key.startswith(behind)),
        )
        for label, mask, behind in masks
        if (found := spans(mask, pts_s))
    ]  # fmt: skip
