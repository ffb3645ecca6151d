"""What the study decides: differences with intervals and verdicts, primary contrasts, and what there is to gain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from iaca.config import TARGETS
from iaca.evaluation import ccc_of_sums
from iaca.study.contrasts import Contrast, Verdict, estimate, holm, primary_contrasts, verdict_of
from iaca.study.headroom import ATTAINABLE
from iaca.study.plan import Variant
from iaca.study.tables import Group, Sums

PRIMARY_COLUMNS = [
    *Contrast._fields, "model_title", "against_title", "draw", "value", "low", "high", "p", "p_holm",
    "smallest_detectable", "subjects", "seeds", "verdict",
]  # fmt: skip
HEADROOM_COLUMNS = [
    "base", "base_title", "row", "frames", "target", "draw", "ccc", "gain", "low", "high", "subjects", "seeds",
]  # fmt: skip


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
        p: Probability of such a difference where there is none; not adjusted for how many there are.
        smallest_detectable: Difference that would be found with a chance of 80 %.
        subjects: Subjects that have such frames.
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
    p: float
    smallest_detectable: float
    subjects: int
    seeds_better: int
    seeds: int
    verdict: Verdict


def compare(
    sums: Sums, variants: Sequence[Variant], groups: Iterable[Group], bases: Sequence[Variant] = ()
) -> list[Difference]:
    """What each variant changes against its base: mean over seeds, with an interval over subjects and seeds.

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
        for variant in variants:
            if variant.base is None:
                continue
            for target in TARGETS:
                ours, base = (sums.of(name, target, group) for name in (variant.name, variant.base))
                per_seed = ccc_of_sums(ours.sum(axis=1)) - ccc_of_sums(base.sum(axis=1))
                one = estimate(ours, base)
                found.append(
                    Difference(
                        variant.name, variant.title, titles.get(variant.base, variant.base), variant.regime, group.name,
                        target, one.value, *one.interval(), one.p, one.smallest_detectable, one.subjects,
                        int((per_seed > 0).sum()), len(per_seed), verdict_of(one),
                    )
                )  # fmt: skip
    return found


def decide(
    sums: Sums, draw: str, groups: Iterable[Group], titles: Mapping[str, str], headroom: pd.DataFrame
) -> pd.DataFrame:
    """The primary contrasts, adjusted for how many they are (Holm).

    Args:
        sums: Of one draw.
        draw: Its name.
        groups: Groups of frames.
        titles: Variant -> its title; contrasts of others are left out.
        headroom: As `headroom_table` returns it, of this draw.

    Returns:
        Columns of `Contrast`, with model_title, against_title, draw, value, low, high, p, p_holm, smallest_detectable,
        subjects, seeds and verdict.
    """
    by_name = {group.name: group for group in groups}
    contrasts = [c for c in primary_contrasts()[0] if {c.model, c.against} <= set(titles) and c.frames in by_name]
    found = [
        estimate(*(sums.of(name, c.target, by_name[c.frames]) for name in (c.model, c.against))) for c in contrasts
    ]
    attainable = headroom[headroom.row == ATTAINABLE.title].set_index(["base", "frames", "target"]).gain
    rows = []
    for c, one, p in zip(contrasts, found, holm([one.p for one in found]), strict=True):
        # Only where two models share a base is it the gates that gain, or have nothing to gain.
        bases = [name for name in attainable.index.unique("base") if _is_of(c.model, name) and _is_of(c.against, name)]
        gain = float(attainable[bases[0], c.frames, c.target]) if bases else None
        low, high = one.interval()
        rows.append(
            c._asdict()
            | {"model_title": titles[c.model], "against_title": titles[c.against], "draw": draw}
            | {"value": one.value, "low": low, "high": high, "p": one.p, "p_holm": p}
            | {"smallest_detectable": one.smallest_detectable, "subjects": one.subjects, "seeds": one.seeds}
            | {"verdict": verdict_of(one, p, gain).value}
        )
    return pd.DataFrame(rows, columns=PRIMARY_COLUMNS)


def _is_of(model: str, base: str) -> bool:
    return model == base or model.startswith(f"{base}_")


def headroom_table(
    sums: Sums, draw: str, rows: Sequence[Variant], titles: Mapping[str, str], groups: Iterable[Group]
) -> pd.DataFrame:
    """What knowing, or being taught, the episodes gains over the model that is not told.

    Args:
        sums: Of one draw, with those of `rows`.
        draw: Its name.
        rows: As `headroom.headroom_rows` returns them, and rows that are told.
        titles: Variant -> its title.
        groups: Frames to score.

    Returns:
        Columns base (name of the row it is compared with), base_title, row, frames, target, draw, ccc, gain, low, high,
        subjects and seeds.
    """
    found = []
    for group in groups:
        for row in rows:
            assert row.base is not None
            for target in row.config.targets:
                ours = sums.of(row.name, target, group)
                one = estimate(ours, sums.of(row.base, target, group))
                low, high = one.interval()
                found.append(
                    {
                        "base": row.base,
                        "base_title": titles[row.base],
                        "row": row.title.removeprefix(f"{titles[row.base]}, "),
                        "frames": group.name,
                        "target": target,
                        "draw": draw,
                        "ccc": float(ccc_of_sums(ours.sum(axis=1)).mean()),
                        "gain": one.value,
                        "low": low,
                        "high": high,
                        "subjects": one.subjects,
                        "seeds": one.seeds,
                    }
                )
    return pd.DataFrame(found, columns=HEADROOM_COLUMNS)
