"""Sections of the report: scores of every model, and what each changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.config import RELATED_GATES, TARGETS, Keep
from iaca.study.formatting import markdown, with_interval
from iaca.study.plan import ALL, AUTHORS, EXTENSIONS, MISLEADING_FRAMES, STRICT, SUBJECT_GROUPS, TABLE_1, Variant


class Published(NamedTuple):
    """A published score, printed beside ours.

    Attributes:
        model: Title of our row.
        valence: CCC in [-1, 1].
        arousal: CCC in [-1, 1].
    """

    model: str
    valence: float
    arousal: float


def scores_section(
    scores: pd.DataFrame,
    variants: Sequence[Variant],
    groups: Mapping[str, int],
    published: Sequence[Published] = (),
) -> str:
    """Table 2, with the extensions and paper-strict; Table 1's rows apart; then by kind of frame.

    Args:
        scores: As `tables.scores` returns them.
        variants: Models of Tables 1 and 2.
        groups: Group of frames -> subjects that have such frames.
        published: Further published scores to print beside.
    """
    lines = _wide_tables(scores, variants, SUBJECT_GROUPS)
    if published:
        table = pd.DataFrame([p._asdict() for p in published])
        lines += ["### As published", "", "Other data: not to be compared with the rows above.", ""]
        lines += [markdown(table), ""]
    segments = {name: count for name, count in groups.items() if name not in SUBJECT_GROUPS}
    if segments:
        rows = [v for v in variants if v.config.fusion not in TABLE_1]
        by_segment = scores[scores.group.isin(segments)]
        lines += ["### By kind of frame", "", _segments_note(segments), ""]
        for target in TARGETS:
            lines += [f"CCC of {target}:", "", markdown(_by_segment(by_segment, rows, target)), ""]
    return "\n".join(lines)


def test_section(scores: pd.DataFrame, variants: Sequence[Variant]) -> str:
    """Every row on the test draw."""
    lines = ["## Scores on the test draw", "", "Nothing was chosen on these subjects.", ""]
    return "\n".join([*lines, *_wide_tables(scores, variants, (ALL, MISLEADING_FRAMES))])


def _wide_tables(scores: pd.DataFrame, variants: Sequence[Variant], groups: Sequence[str]) -> list[str]:
    over_groups = scores[scores.group.isin(groups)]
    rows = [v for v in variants if v.config.fusion not in TABLE_1]
    others = [v for v in variants if v.config.fusion in TABLE_1]
    lines = []
    for regime, about in (
        (EXTENSIONS, "with the extensions (scaled correlation, z-scores, gates that start at zero and read both "
         "features, T of 0.5, auxiliary loss, modality dropout in training)"),
        (STRICT, "paper-strict (none of the extensions)"),
        (AUTHORS, "paper-strict, trained as the authors' released code trains DCA"),
    ):  # fmt: skip
        chosen = [v for v in rows if v.regime == regime]
        if chosen:
            lines += [f"### Table 2, {about}", "", markdown(_wide(over_groups, chosen)), ""]
        if any(v.training.keep is not Keep.LAST for v in chosen):
            lines += [
                "Of each target, the epoch that is best on the validation subjects is kept: their scores are "
                "optimistic, those of a test draw are not.",
                "",
            ]
        if any(v.config.gate in RELATED_GATES for v in chosen):
            lines += [
                "Gates of related work are rebuilt: GMU from its authors' code, the forget gate from another's, the "
                "others from descriptions; `docs/models.md` says what was left open.",
                "",
            ]
    if others:
        lines += [
            "### Table 1: fusion stages of other groups on the same features",
            "",
            "Rebuilt fusion stages alone, trained as the rows above; not the published systems.",
            "",
            markdown(_wide(over_groups, others)),
            "",
        ]
    return lines


def differences_section(differences: pd.DataFrame) -> str:
    """What each row changes against its base, over all frames and those that mislead: exploratory."""
    rows = [
        {
            "model": f"{d['title']} - {d['base']}",
            "regime": d["regime"],
            "frames": d["group"],
            "target": d["target"],
            "draw": d["draw"],
            "difference": with_interval(d["value"], d["low"], d["high"], sign=True),
            "smallest detectable": f"{d['smallest_detectable']:.3f}",
            "seeds better": f"{d['seeds_better']} of {d['seeds']}",
            "verdict": d["verdict"],
        }
        for d in differences.to_dict("records")
    ]
    return "\n".join(
        [
            "## Differences",
            "",
            "Exploratory: so many comparisons that some hold by chance. CCC of a row less that of its base: mean over "
            "seeds, 95 % t interval over subjects and seeds, not adjusted; differences.parquet has every kind of "
            "frame.",
            "",
            markdown(pd.DataFrame(rows)),
            "",
        ]
    )


def ablation_section(differences: pd.DataFrame, whole: str) -> str:
    """What each changed setting does to the unchanged IACA model, whose title is `whole`."""
    rows = []
    for name, own in differences[differences.group == ALL].groupby("title", sort=False):
        row = {"changed": str(name)}
        for d in own.to_dict("records"):
            row[d["target"]] = f"{with_interval(d['value'], d['low'], d['high'], sign=True)} ({d['verdict']})"
        rows.append(row)
    return "\n".join(
        [
            "## Ablations",
            "",
            f"One thing changed in {whole}: CCC less that of {whole}, all validation subjects.",
            "",
            markdown(pd.DataFrame(rows)),
            "",
        ]
    )


def _wide(scores: pd.DataFrame, variants: Sequence[Variant]) -> pd.DataFrame:
    rows = []
    for variant in variants:
        own = scores[scores.variant == variant.name]
        row = {"model": variant.title, "parameters": f"{own.parameters.iloc[0]:,}"}
        for one in own.to_dict("records"):
            spread = "" if np.isnan(one["sd"]) else f" ± {one['sd']:.3f}"
            has_interval = one["group"] == ALL and np.isfinite(one["low"])
            interval = f" [{one['low']:.2f}, {one['high']:.2f}]" if has_interval else ""
            row[f"{one['group']} {one['target']}"] = f"{one['ccc']:.3f}{spread}{interval}"
        rows.append(row)
    return pd.DataFrame(rows)


def _by_segment(scores: pd.DataFrame, variants: Sequence[Variant], target: str) -> pd.DataFrame:
    rows = []
    for variant in variants:
        own = scores[(scores.variant == variant.name) & (scores.target == target)]
        cells = {str(group): f"{ccc:.3f}" for group, ccc in zip(own.group, own.ccc, strict=True)}
        rows.append({"model": variant.title, "regime": variant.regime} | cells)
    return pd.DataFrame(rows)


def _segments_note(segments: Mapping[str, int]) -> str:
    counts = ", ".join(f"{name} {count}" for name, count in segments.items())
    return f"Mean CCC over seeds on the frames of one kind, from so many subjects: {counts}."
