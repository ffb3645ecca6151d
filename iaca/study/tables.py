"""From the sums of runs to scores, by groups of subjects and of frames."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iaca.config import TARGETS
from iaca.evaluation import SUM_COLUMNS, ccc_of_sums
from iaca.files import write_whole
from iaca.metrics import MINIMUM_FRAMES
from iaca.study.contrasts import estimate
from iaca.study.known import MISLEADING
from iaca.study.plan import ALL, ALL_FRAMES, CLEAN, MISLEADING_FRAMES, Variant
from iaca.study.runs import StudyError

POOLED = {
    "any corruption": ("corrupted",),
    "another person": ("another",),
    "any restraint": ("restrained",),
    "any conflict": ("conflict",),
    MISLEADING_FRAMES: MISLEADING,
    "any episode": ("",),
}
"""Group of segments -> words, one of which each of them has: one kind alone has few subjects.

In the synthetic corpus, a frame is of one kind at most.
"""


class Group(NamedTuple):
    """Frames that are scored together.

    Attributes:
        name: What tables call it.
        subjects: Subjects whose frames are scored.
        segments: Which of their frames; several are added up and do not overlap.
    """

    name: str
    subjects: tuple[str, ...]
    segments: tuple[str, ...] = (ALL_FRAMES,)


class Sums:
    """The sums behind the scores of one draw, ready to be added up.

    Args:
        results: As `run_study` returns them.
        draw: Name of the draw.
    """

    def __init__(self, results: pd.DataFrame, draw: str) -> None:
        chosen = results[results.draw == draw]
        self.seeds = sorted(chosen.seed.unique().tolist())
        self.subjects = sorted(chosen.subject.unique().tolist())
        self.segments = sorted(chosen.segment.unique().tolist())
        self.variants = chosen.variant.unique().tolist()
        self.parameters = chosen.groupby("variant").parameters.first().to_dict()
        self.seconds = chosen.groupby("variant").seconds.mean().to_dict()
        cubes: dict[tuple[str, str, str], np.ndarray] = {}
        for (variant, segment, target), rows in chosen.groupby(["variant", "segment", "target"]):
            cube = np.zeros((len(self.seeds), len(self.subjects), 6))
            place = np.searchsorted(self.seeds, rows.seed), np.searchsorted(self.subjects, rows.subject)
            cube[place] = rows[list(SUM_COLUMNS)].to_numpy()
            cubes[str(variant), str(segment), str(target)] = cube
        self._cubes = cubes

    def of(self, variant: str, target: str, group: Group) -> np.ndarray:
        """(seeds, subjects of the group, 6); zeros for a subject without such frames."""
        cube = np.sum([self._cubes[variant, segment, target] for segment in group.segments], axis=0)
        return cube[:, np.searchsorted(self.subjects, group.subjects)]

    def spread(self, variant: str, target: str, group: Group) -> float:
        """Standard deviation of the CCC over seeds; NaN for one seed."""
        per_seed = ccc_of_sums(self.of(variant, target, group).sum(axis=1))
        return float(per_seed.std(ddof=1)) if len(per_seed) > 1 else float("nan")


def groups_in(sums: Sums, members: Mapping[str, Sequence[str]]) -> list[Group]:
    """Groups of subjects (all, strong, weak), then each segment over the subjects that have it, then several together.

    Args:
        sums: Of one draw.
        members: Group -> its subjects.

    Returns:
        Groups with at least one subject.
    """
    groups = [Group(name, tuple(sorted(subjects))) for name, subjects in members.items()]
    single = [segment for segment in sums.segments if segment != ALL_FRAMES]
    wanted = {segment: (segment,) for segment in single}
    for name, words in POOLED.items():
        parts = tuple(s for s in single if any(word in s for word in words) and s != CLEAN)
        if len(parts) > 1:
            wanted[name] = parts
    for name, parts in wanted.items():
        counts = sums.of(sums.variants[0], TARGETS[0], Group(name, tuple(sums.subjects), parts))[0, :, 0]
        having = tuple(subject for subject, count in zip(sums.subjects, counts, strict=True) if count)
        if having:
            groups.append(Group(name, having, parts))
    return groups


def scores(sums: Sums, variants: Sequence[Variant], groups: Sequence[Group]) -> pd.DataFrame:
    """CCC of every variant per group and target: mean and spread over seeds, with an interval over subjects and seeds.

    Returns:
        Columns variant, model, regime, parameters, group, target, ccc, sd (over seeds), low, high, seeds, subjects.
    """
    rows: list[dict[str, Any]] = []
    for group in groups:
        for variant in variants:
            for target in variant.config.targets:
                cube = sums.of(variant.name, target, group)
                per_seed = ccc_of_sums(cube.sum(axis=1))
                low, high = estimate(cube).interval()
                rows.append(
                    {
                        "variant": variant.name,
                        "model": variant.title,
                        "regime": variant.regime,
                        "parameters": sums.parameters[variant.name],
                        "group": group.name,
                        "target": target,
                        "ccc": per_seed.mean(),
                        "sd": sums.spread(variant.name, target, group),
                        "low": low,
                        "high": high,
                        "seeds": len(per_seed),
                        "subjects": len(group.subjects),
                    }
                )
    return pd.DataFrame(rows)


def typical_seed(sums: Sums, variant: str) -> int:
    """The seed whose model is nearest the mean of all: the one that ships.

    Args:
        sums: Of the validation draw.
        variant: Name of the row.

    Returns:
        The seed with the smallest distance of its CCC, of valence and arousal together, from their means over seeds.
    """
    everyone = Group(ALL, tuple(sums.subjects))
    distance = np.zeros(len(sums.seeds))
    for target in TARGETS:
        per_seed = ccc_of_sums(sums.of(variant, target, everyone).sum(axis=1))
        distance += (per_seed - per_seed.mean()) ** 2
    return int(sums.seeds[int(distance.argmin())])


def by_subject(sums: Sums, variants: Sequence[Variant]) -> pd.DataFrame:
    """CCC of every variant on every subject, mean over seeds.

    Returns:
        Columns variant, model, regime, subject, target, ccc, frames (annotated) and reason: why the CCC is NaN, or "".
    """
    rows: list[dict[str, Any]] = []
    for variant in variants:
        for target in variant.config.targets:
            cube = sums.of(variant.name, target, Group("all", tuple(sums.subjects)))
            values = ccc_of_sums(cube).mean(axis=0)
            for subject, value, frames in zip(sums.subjects, values, cube[0, :, 0].astype(int), strict=True):
                reason = ""
                if frames < MINIMUM_FRAMES:
                    value, reason = np.nan, f"{frames} annotated frames; at least {MINIMUM_FRAMES} are needed"
                elif not np.isfinite(value):
                    reason = "labels and predictions are constant"
                rows.append(
                    {
                        "variant": variant.name,
                        "model": variant.title,
                        "regime": variant.regime,
                        "subject": subject,
                        "target": target,
                        "ccc": float(value),
                        "frames": int(frames),
                        "reason": reason,
                    }
                )
    return pd.DataFrame(rows)


GIVEN = ("memory_s", "lag_s", "share")
"""Columns that say what was measured, not what came out."""


def single(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what came out in single precision: more digits than any is known to, in half the bytes."""
    found = [name for name in table.select_dtypes("float64") if name not in GIVEN]
    return table.astype(dict.fromkeys(found, "float32"))


def write_table(file: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    write_whole(file, buffer.getvalue())


def read_table(file: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote.

    Raises:
        StudyError: The file is missing or damaged.
    """
    try:
        return pd.read_parquet(file)
    except (OSError, ValueError) as error:  # errors of pyarrow are ValueErrors
        raise StudyError(f"{file} cannot be read ({error}); expected a table of a study") from error
