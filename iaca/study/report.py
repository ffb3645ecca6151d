"""The study in words and tables: everything that README quotes is printed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.config import MODALITIES, TARGETS
from iaca.evaluation.robustness import DRAWS
from iaca.study.missing import missing_table
from iaca.study.plan import EXTENSIONS, STRICT, TABLE_1, Variant
from iaca.study.runs import CLEAN
from iaca.study.tables import HELPS, HURTS, TOO_FEW, Difference, Group, Sums, markdown, scores, with_interval

ALL = "all"
SUBJECT_GROUPS = (ALL, "strong", "weak")


class Published(NamedTuple):
    """A published score, to be laid beside ours.

    Attributes:
        model: Title of our row.
        valence: CCC in [-1, 1].
        arousal: CCC in [-1, 1].
    """

    model: str
    valence: float
    arousal: float


def scores_section(
    sums: Sums, variants: Sequence[Variant], groups: Sequence[Group], published: Sequence[Published] = ()
) -> str:
    """Table 2, with the extensions and paper-strict; Table 1's rows apart; then by kind of frame."""
    of_subjects = [group for group in groups if group.name in SUBJECT_GROUPS]
    rows = [v for v in variants if v.config.fusion not in TABLE_1]
    others = [v for v in variants if v.config.fusion in TABLE_1]
    lines = []
    for regime, about in (
        (EXTENSIONS, "with the extensions (scaled correlation, gates that start at zero and read both features, "
         "auxiliary loss, modality dropout in training)"),
        (STRICT, "paper-strict (none of the extensions)"),
    ):  # fmt: skip
        chosen = [v for v in rows if v.regime == regime]
        if chosen:
            lines += [f"### Table 2, {about}", "", markdown(_wide(sums, chosen, of_subjects)), ""]
    if published:
        table = pd.DataFrame([p._asdict() for p in published])
        lines += ["### As published, on Aff-Wild2", "", "Other data: not to be compared with the rows above.", ""]
        lines += [markdown(table), ""]
    if others:
        lines += [
            "### Table 1: fusion stages of other groups on the same features",
            "",
            "Rebuilt fusion stages alone, trained as the rows above; not the published systems.",
            "",
            markdown(_wide(sums, others, of_subjects)),
            "",
        ]
    segments = [group for group in groups if group.name not in SUBJECT_GROUPS]
    if segments:
        lines += ["### By kind of frame", "", _segments_note(segments), ""]
        for target in TARGETS:
            lines += [f"CCC of {target}:", "", markdown(_by_segment(sums, rows, segments, target)), ""]
    return "\n".join(lines)


def differences_section(differences: Sequence[Difference]) -> str:
    """What each row changes against its base, over all, strong and weak subjects, and by kind of frame."""
    rows = [
        {
            "model": f"{d.title} - {d.base}",
            "regime": d.regime,
            "frames": d.group,
            "target": d.target,
            "difference": with_interval(d.value, d.low, d.high, sign=True),
            "seeds better": f"{d.seeds_better} of {d.seeds}",
            "verdict": d.verdict,
        }
        for d in differences
    ]
    return "\n".join(
        [
            "## Differences",
            "",
            "CCC of a row less that of its base: mean over seeds, 95 % bootstrap interval over subjects and seeds.",
            "",
            markdown(pd.DataFrame(rows)),
            "",
        ]
    )


def statements(variants: Sequence[Variant], differences: Sequence[Difference], draw: str) -> str:
    """One statement per base fusion and regime: IACA helps, hurts, or cannot be told apart from nothing."""
    lines = []
    for variant in variants:
        if not variant.is_gated or variant.base is None:
            continue
        own = [d for d in differences if d.variant == variant.name]
        over_all = [d for d in own if d.group == ALL]
        if not over_all:
            continue
        base = over_all[0].base
        said = "; ".join(f"{d.target} {with_interval(d.value, d.low, d.high, True)}: {d.verdict}" for d in over_all)
        lines.append(f"- **IACA on {base}, {variant.regime}** ({draw}): {said}.{_episodes_said(own)}")
    return "\n".join([*lines, ""])


def ablation_section(differences: Sequence[Difference], whole: str) -> str:
    """What each changed setting does to IACA as it is."""
    rows = []
    for name in dict.fromkeys(d.title for d in differences):
        by_target = {d.target: d for d in differences if d.title == name and d.group == ALL}
        row = {"changed": name}
        for target, d in by_target.items():
            row[target] = f"{with_interval(d.value, d.low, d.high, sign=True)} ({d.verdict})"
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


def missing_section(table: pd.DataFrame, subject: str | None) -> str:
    """Fig 3 as tables."""
    who = f"of the subject {subject}" if subject else "over all validation subjects"
    lines = [
        "## Missing clips",
        "",
        f"CCC {who} when a share of the clips of one modality is missing; models of seed 0, mean over {DRAWS} draws "
        "(Fig 3 of the paper; figures/missing-audio.svg and figures/missing-visual.svg show the intervals).",
    ]
    for modality in MODALITIES:
        for target in TARGETS:
            lines += ["", f"{modality.capitalize()} missing, {target}:", ""]
            lines += [markdown(missing_table(table, modality, target))]
    return "\n".join([*lines, ""])


def gates_section(told: pd.DataFrame, faithful: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Gate truth and faithfulness of every gated model.

    Args:
        told: Scores against episodes, as `gate_truth.table_of` returns them; may be empty.
        faithful: Scores against removal, likewise.
        titles: Name of a variant -> what to call it.
    """
    lines = ["## Are the gates evidence?", ""]
    if len(told):
        lines += [
            "Area under the ROC curve of frames inside known episodes against the rest of the same videos: 0.5 is "
            "chance, above it the gate turns away from what is corrupted. Mean over seeds, 95 % bootstrap interval "
            "over subjects; every kind of episode apart is in gates.parquet.",
            "",
        ]
        lines += _by_target(told, titles)
    lines += [
        "Faithfulness: rank correlation (Spearman) over clips between the weight of a gate and the change of the "
        "prediction when that modality is really removed: 0 is chance, 1 is a gate that leans on a modality exactly "
        "where the prediction does. Mean over seeds, 95 % bootstrap interval over subjects.",
        "",
    ]
    return "\n".join([*lines, *_by_target(faithful, titles)])


def _by_target(scores: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    lines = []
    for target in TARGETS:
        lines += [f"{target.capitalize()}:", "", markdown(_pivot(scores[scores.target == target], titles)), ""]
    return lines


def conditions_section(variants: Sequence[Variant], chosen: Sequence[Variant]) -> str:
    """Every condition under which IACA was tried, and which were confirmed."""
    tried = [v for v in variants if v.is_gated and v.base is not None]
    names = {v.name for v in chosen}
    rows = [
        {"condition": f"{v.title}, {v.regime}", "file": v.name, "confirmed on the test draw": "yes" * (v.name in names)}
        for v in tried
    ]
    return "\n".join(
        [
            "Tried on validation (the ablations above besides); per base the one with the largest mean difference was "
            "confirmed on the test draw, which was looked at once:",
            "",
            markdown(pd.DataFrame(rows)),
            "",
        ]
    )


def _wide(sums: Sums, variants: Sequence[Variant], groups: Sequence[Group]) -> pd.DataFrame:
    table = scores(sums, variants, groups)
    rows = []
    for variant in variants:
        row = {"model": variant.title, "parameters": f"{sums.parameters[variant.name]:,}"}
        for one in table[table.variant == variant.name].itertuples():
            spread = "" if np.isnan(one.sd) else f" ± {one.sd:.3f}"
            interval = f" [{one.low:.2f}, {one.high:.2f}]" if one.group == ALL and np.isfinite(one.low) else ""
            row[f"{one.group} {one.target}"] = f"{one.ccc:.3f}{spread}{interval}"
        rows.append(row)
    return pd.DataFrame(rows)


def _by_segment(sums: Sums, variants: Sequence[Variant], segments: Sequence[Group], target: str) -> pd.DataFrame:
    table = scores(sums, variants, segments)
    rows = []
    for variant in variants:
        own = table[(table.variant == variant.name) & (table.target == target)]
        cells = {one.group: f"{one.ccc:.3f}" for one in own.itertuples()}
        rows.append({"model": variant.title, "regime": variant.regime} | cells)
    return pd.DataFrame(rows)


def _segments_note(segments: Sequence[Group]) -> str:
    counts = ", ".join(f"{group.name} {len(group.subjects)}" for group in segments)
    return f"Mean CCC over seeds on the frames of one kind, from so many subjects: {counts}."


def _episodes_said(differences: Sequence[Difference]) -> str:
    """Under which episodes a difference stands out, in a sentence; nothing where no episodes are known."""
    told = [d for d in differences if d.group not in (*SUBJECT_GROUPS, CLEAN)]
    if not told:
        return ""
    if all(d.verdict == TOO_FEW for d in told):
        return " Every kind of episode has too few subjects to tell."
    parts = []
    for verdict in (HELPS, HURTS):
        found = [f"{d.group} ({d.target} {d.value:+.3f})" for d in told if d.verdict == verdict]
        if found:
            parts.append(f"it {verdict} under {', '.join(found)}")
    sentence = "; ".join(parts)
    return f" By episode, {sentence}." if sentence else " Under no single kind of episode can it be told apart."


def _pivot(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    for (modality, kind, gate), part in table.groupby(["modality", "kind", "gate"], sort=False):
        row = {"case": kind if kind != "removed" else f"{modality} removed", "gate": gate}
        cells = {titles[one.variant]: with_interval(one.value, one.low, one.high) for one in part.itertuples()}
        rows.append(row | cells)
    return pd.DataFrame(rows).fillna("–")
