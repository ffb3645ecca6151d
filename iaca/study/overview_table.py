"""From measures of subjects to the tables of a corpus: a row per subject and target, and gates by what goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iaca.config import MODALITIES, TARGETS
from iaca.evaluation import bootstrap_mean, ccc_of_sums
from iaca.inference.gate_health import LEAST_RANGE
from iaca.study.contrasts import FEWEST_SUBJECTS, Estimate, estimate
from iaca.study.overview import BINS, EVERYWHERE, RELATIONSHIPS, STAGES, WEIGHTS, Overview

SHARES = tuple(f"share_{kind.replace(' ', '_')}" for kind in RELATIONSHIPS)
MEANS = tuple(f"mean_{name}" for name in WEIGHTS)
COLUMNS = (
    "subject", "condition", "split", "target", "length_s", "annotated_frames", "ccc_base", "ccc_gated", "gain",
    "gain_low", "gain_high", *SHARES, *MEANS, "stage1_range", "stage2_range", "stage1_moves", "stage2_moves",
)  # fmt: skip
"""Of the table of subjects. Shares, means and ranges are those of the second model, or of the only one."""

BY_CONDITION, BY_EPISODE, BY_RELATIONSHIP = "condition", "episode", "relationship"
GROUPINGS = (BY_CONDITION, BY_EPISODE, BY_RELATIONSHIP)

BIN_COLUMNS = tuple(f"bin_{number:02}" for number in range(BINS))
"""Share of the clips whose weight lies in each of `BINS` equal bins from 0 to 1."""

GATE_COLUMNS = ("target", "weight", "group", "mean", "low", "high", "subjects", "clips", *BIN_COLUMNS)
FOLLOW_COLUMNS = ("target", "modality", "correlation", "low", "high", "subjects", "positive")

NO_CONDITION = "no condition"


class Pair(NamedTuple):
    """Measures of one subject.

    Attributes:
        base: Of the first model; None where there is only one, which then is `gated`.
        gated: Of the second model.
        condition: Condition of the subject in a synthetic corpus, or "".
    """

    base: Overview | None
    gated: Overview
    condition: str = ""


def subject_rows(pair: Pair) -> list[dict[str, Any]]:
    """A row for each target.

    Args:
        pair: Measures of a subject.

    Returns:
        Rows of `COLUMNS`; NaN where something is not defined. A gain is the CCC of the second model less that of the
        first. Its interval is a jackknife over blocks of time within the recording; none for fewer than five blocks
        with annotated frames. A stage moves where some weight of it has a range of at least `LEAST_RANGE`; None
        without gates.
    """
    return [_row(pair, number) for number in range(len(TARGETS))]


def subject_table(pairs: Iterable[Pair]) -> pd.DataFrame:
    """`subject_rows` of several subjects, one after the other."""
    return pd.DataFrame([row for pair in pairs for row in subject_rows(pair)], columns=list(COLUMNS))


def gain_over(pairs: Sequence[Pair], target: str) -> Estimate | None:
    """The gain in pooled CCC over subjects, with its error over subjects; None without two models or any frames."""
    number = TARGETS.index(target)
    both = [(pair.base.blocks[number].sum(0), pair.gated.blocks[number].sum(0)) for pair in pairs if pair.base]
    if not both:
        return None
    base, gated = np.array(both).swapaxes(0, 1)  # (subjects, 6) each
    return estimate(gated[None], base[None]) if (base[:, 0] > 0).any() else None


def pooled_ccc(measures: Iterable[Overview | None], target: str) -> float:
    """CCC over the annotated frames of all subjects together; NaN where undefined."""
    number = TARGETS.index(target)
    sums = [one.blocks[number].sum(0) for one in measures if one is not None]
    rated = [one for one in sums if one[0] > 0]
    return float(ccc_of_sums(np.sum(rated, axis=0))) if rated else float("nan")


def gate_ranges(measures: Sequence[Overview], target: str) -> dict[str, float]:
    """Weight -> largest less smallest value over all clips of all subjects; without those that the model lacks."""
    number = TARGETS.index(target)
    extent = np.array([one.extent[number] for one in measures]).reshape(-1, len(WEIGHTS), 2)
    ranges = {}
    for column, name in enumerate(WEIGHTS):
        values = extent[:, column][np.isfinite(extent[:, column]).all(axis=1)]
        if len(values):
            ranges[name] = float(values[:, 1].max() - values[:, 0].min())
    return ranges


def still_gates(measures: Sequence[Overview], target: str) -> tuple[str, ...]:
    """Weights whose range over all clips of all subjects is below `LEAST_RANGE`: those of gates that do not move."""
    return tuple(name for name, found in gate_ranges(measures, target).items() if found < LEAST_RANGE)


def gate_table(pairs: Sequence[Pair], target: str, by: str) -> pd.DataFrame:
    """How the weights of the gates are distributed in groups of clips.

    Args:
        pairs: Measures of subjects; the second model counts.
        target: Whose gates.
        by: One of `GROUPINGS`: the subject's condition, the kind of known episode, or the relationship of the clip.

    Returns:
        The columns of `GATE_COLUMNS`, a row per weight and group that has clips. The mean is that over subjects of
        their means, with a bootstrap interval over subjects where there are at least five; the distribution is over
        all clips of all of them.
    """
    number = TARGETS.index(target)
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for pair in pairs:
        for group, place in _groups(pair, by):
            counts, sums = pair.gated.counts[number][:, place], pair.gated.sums[number][:, place]
            parts.setdefault(group, []).append((counts, sums))
    rows = []
    for column, weight in enumerate(WEIGHTS):
        for group, found in parts.items():
            counts = np.array([one[column] for one, _ in found], np.float64)  # (subjects, BINS)
            clips = counts.sum(axis=1)
            if not clips.any():
                continue
            having = clips > 0
            means = np.array([one[column] for _, one in found])[having] / clips[having]
            low, high = _interval(means)
            shares = counts.sum(axis=0) / clips.sum()
            row = (target, weight, group, means.mean(), low, high, int(having.sum()), int(clips.sum()), *shares)
            rows.append(dict(zip(GATE_COLUMNS, row, strict=True)))
    return pd.DataFrame(rows, columns=list(GATE_COLUMNS))


def follow_table(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Does the stage-2 weight of a modality follow its influence?

    Args:
        pairs: Measures of subjects; the second model counts.

    Returns:
        The columns of `FOLLOW_COLUMNS`, a row per target and modality: mean over subjects of the rank correlation over
        clips between the weight and the size of the influence, its bootstrap interval over subjects, how many
        subjects it is defined for, and the share of them where it is positive.
    """
    rows = []
    for number, target in enumerate(TARGETS):
        for place, modality in enumerate(MODALITIES):
            values = np.array([pair.gated.follows[number, place] for pair in pairs])
            values = values[np.isfinite(values)]
            if len(values):
                row = (target, modality, values.mean(), *_interval(values), len(values), (values > 0).mean())
                rows.append(dict(zip(FOLLOW_COLUMNS, row, strict=True)))
    return pd.DataFrame(rows, columns=list(FOLLOW_COLUMNS))


def _interval(values: np.ndarray) -> tuple[float, float]:
    return bootstrap_mean(values.tolist()) if len(values) >= FEWEST_SUBJECTS else (float("nan"), float("nan"))


def _groups(pair: Pair, by: str) -> Iterator[tuple[str, int]]:
    """Groups that a subject is in, and their places in its measures."""
    if by == BY_CONDITION:
        yield pair.condition.replace("_", " ") or NO_CONDITION, 0
        return
    kinds = RELATIONSHIPS if by == BY_RELATIONSHIP else pair.gated.groups[1 + len(RELATIONSHIPS) :]
    for kind in kinds:
        yield kind, pair.gated.groups.index(kind)


def _row(pair: Pair, number: int) -> dict[str, Any]:
    base, gated = pair.base, pair.gated
    sums = gated.blocks[number].sum(axis=0)
    row: dict[str, Any] = {
        "subject": gated.subject,
        "condition": pair.condition,
        "split": gated.split or "",
        "target": TARGETS[number],
        "length_s": gated.length_s,
        "annotated_frames": int(sums[0]),
        "ccc_base": np.nan if base is None else float(ccc_of_sums(base.blocks[number].sum(axis=0))),
        "ccc_gated": float(ccc_of_sums(sums)),
        "gain_low": np.nan,
        "gain_high": np.nan,
    }
    row["gain"] = row["ccc_gated"] - row["ccc_base"]
    if base is not None and np.isfinite(row["gain"]):
        found = estimate(gated.blocks[number][None], base.blocks[number][None])
        if found.subjects >= FEWEST_SUBJECTS:
            row["gain_low"], row["gain_high"] = found.interval()
    row |= dict(zip(SHARES, gated.relations[number].tolist(), strict=True))
    everywhere = gated.groups.index(EVERYWHERE)
    clips = gated.counts[number][:, everywhere].sum(axis=1)
    means = np.divide(gated.sums[number][:, everywhere], clips, out=np.full(len(WEIGHTS), np.nan), where=clips > 0)
    row |= dict(zip(MEANS, means.tolist(), strict=True))
    for stage, names in STAGES.items():
        extent = gated.extent[number][[WEIGHTS.index(name) for name in names]]
        ranges = (extent[:, 1] - extent[:, 0])[np.isfinite(extent).all(axis=1)]
        key = stage.replace(" ", "")
        row[f"{key}_range"] = float(ranges.max()) if len(ranges) else np.nan
        row[f"{key}_moves"] = bool(ranges.max() >= LEAST_RANGE) if len(ranges) else None
    return row
