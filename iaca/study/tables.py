"""From sums of runs to scores, and to differences with intervals and verdicts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iaca.config import TARGETS
from iaca.evaluation import INTERVAL, SUM_COLUMNS, ccc_of_sums, draw_subjects
from iaca.files import write_whole
from iaca.metrics import MINIMUM_FRAMES
from iaca.study.findings import Verdict
from iaca.study.plan import ALL_FRAMES, CLEAN, Variant
from iaca.study.runs import StudyError

FEWEST_SUBJECTS = 5
"""With fewer there is no verdict: an interval over so few subjects says nothing."""

POOLED = {"any corruption": "corrupted", "any restraint": "restrained", "any conflict": "conflict", "any episode": ""}
"""Group of segments -> the word that they share: one kind alone has few subjects. In the synthetic corpus, a frame
is of one kind at most."""


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
    for name, word in POOLED.items():
        parts = tuple(segment for segment in single if word in segment and segment != CLEAN)
        if len(parts) > 1:
            wanted[name] = parts
    for name, parts in wanted.items():
        counts = sums.of(sums.variants[0], TARGETS[0], Group(name, tuple(sums.subjects), parts))[0, :, 0]
        having = tuple(subject for subject, count in zip(sums.subjects, counts, strict=True) if count)
        if having:
            groups.append(Group(name, having, parts))
    return groups


class Difference(NamedTuple):
    """What a variant changes against its base.

    Attributes:
        variant: Its name.
        title: Its title.
        base: Title of the base.
        regime: Of both.
        group: Frames that were scored.
        target: valence or arousal.
        value: Mean difference of CCC over seeds.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        seeds_better: Seeds in which it is above its base.
        seeds: Seeds.
        verdict: What that says.
    """

    variant: str
    title: str
    base: str
    regime: str
    group: str
    target: str
    value: float
    low: float
    high: float
    seeds_better: int
    seeds: int
    verdict: Verdict


def compare(
    sums: Sums, variants: Sequence[Variant], groups: Iterable[Group], bases: Sequence[Variant] = ()
) -> list[Difference]:
    """What each variant changes against its base: mean over seeds, with a bootstrap interval.

    Subjects and seeds are drawn with replacement, the same for both models: the interval covers the choice of
    subjects and the randomness of training.

    Args:
        sums: Of one draw.
        variants: Rows; those without a base are skipped.
        groups: Frames to score.
        bases: Their bases where these are not among the rows, for their titles.

    Returns:
        One entry per variant, group and target.
    """
    titles = {variant.name: variant.title for variant in (*bases, *variants)}
    found = []
    for group in groups:
        draws = draw_subjects(len(group.subjects))
        for variant in variants:
            if variant.base is None:
                continue
            for target in TARGETS:
                ours, base = (sums.of(name, target, group) for name in (variant.name, variant.base))
                per_seed = ccc_of_sums(ours.sum(axis=1)) - ccc_of_sums(base.sum(axis=1))
                low, high = interval_of_difference(ours, base, draws)
                verdict = Verdict.HELPS if low > 0 else Verdict.HURTS if high < 0 else Verdict.UNCLEAR
                if len(group.subjects) < FEWEST_SUBJECTS:
                    verdict = Verdict.TOO_FEW
                found.append(
                    Difference(
                        variant.name, variant.title, titles.get(variant.base, variant.base), variant.regime, group.name,
                        target, float(per_seed.mean()), low, high, int((per_seed > 0).sum()), len(per_seed), verdict,
                    )
                )  # fmt: skip
    return found


def interval_of_difference(ours: np.ndarray, base: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean difference over seeds when subjects and seeds are drawn with replacement.

    Args:
        ours: (seeds, subjects, 6) sums.
        base: Likewise.
        draws: (draws, subjects), how often each subject is drawn.

    Returns:
        Bounds; NaN for fewer than two subjects.
    """
    if ours.shape[1] < 2:
        return float("nan"), float("nan")
    drawn = np.stack([ccc_of_sums(draws @ a) - ccc_of_sums(draws @ b) for a, b in zip(ours, base, strict=True)])
    picked = np.random.default_rng(0).integers(0, len(drawn), drawn.shape)
    means = np.take_along_axis(drawn, picked, axis=0).mean(axis=0)
    low, high = np.nanpercentile(means, INTERVAL)
    return float(low), float(high)


def interval_of_score(values: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean CCC over seeds when subjects and seeds are drawn with replacement."""
    if values.shape[1] < 2:
        return float("nan"), float("nan")
    drawn = np.stack([ccc_of_sums(draws @ a) for a in values])
    picked = np.random.default_rng(0).integers(0, len(drawn), drawn.shape)
    low, high = np.nanpercentile(np.take_along_axis(drawn, picked, axis=0).mean(axis=0), INTERVAL)
    return float(low), float(high)


def scores(sums: Sums, variants: Sequence[Variant], groups: Sequence[Group]) -> pd.DataFrame:
    """CCC of every variant per group and target: mean and spread over seeds, with an interval.

    Returns:
        Columns variant, model, regime, parameters, group, target, ccc, sd (over seeds), low, high, seeds, subjects.
    """
    rows: list[dict[str, Any]] = []
    for group in groups:
        draws = draw_subjects(len(group.subjects))
        for variant in variants:
            for target in variant.config.targets:
                cube = sums.of(variant.name, target, group)
                per_seed = ccc_of_sums(cube.sum(axis=1))
                low, high = interval_of_score(cube, draws)
                rows.append(
                    {
                        "variant": variant.name,
                        "model": variant.title,
                        "regime": variant.regime,
                        "parameters": sums.parameters[variant.name],
                        "group": group.name,
                        "target": target,
                        "ccc": per_seed.mean(),
                        "sd": per_seed.std(ddof=1) if len(per_seed) > 1 else np.nan,
                        "low": low,
                        "high": high,
                        "seeds": len(per_seed),
                        "subjects": len(group.subjects),
                    }
                )
    return pd.DataFrame(rows)


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


def write_table(file: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
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
