"""The study's report: everything that README quotes is printed here, from the study's tables and its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.config import MODALITIES, TARGETS
from iaca.errors import InputError
from iaca.evaluation.robustness import DRAWS
from iaca.study.findings import SYNTHETIC_NOTE, Study, Verdict
from iaca.study.formatting import markdown, with_interval
from iaca.study.gate_truth import REMOVED
from iaca.study.missing import missing_table
from iaca.study.plan import ALL, EXTENSIONS, STRICT, SUBJECT_GROUPS, TABLE_1, VALIDATION, Variant


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


class Tables(NamedTuple):
    """What a study measured, one table a question.

    Attributes:
        scores: Of every model per group of frames and target, as `tables.scores` returns them.
        subjects: Of every model per subject and target, as `tables.by_subject` returns them.
        differences: What every model changes against its base: fields of `tables.Difference`, and `draw` and
            `ablation`.
        missing: CCC against the share of missing clips, as `missing.missing_clips` returns it.
        gates: What gates tell, as `gate_truth.table_of` returns it.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    differences: pd.DataFrame
    missing: pd.DataFrame
    gates: pd.DataFrame


def report(
    study: Study,
    tables: Tables,
    rows: Sequence[Variant],
    changed: Sequence[Variant],
    published: Sequence[Published] = (),
) -> str:
    """The whole report, Markdown.

    Args:
        study: Facts of the study.
        tables: What it measured.
        rows: Models of Tables 1 and 2.
        changed: Ablations.
        published: Published scores to print beside.
    """
    differences = tables.differences
    gated = {v.name for v in rows if v.is_gated}
    # Differences by kind of frame are printed for IACA alone, not for its controls.
    printed = differences.group.isin(SUBJECT_GROUPS) | differences.variant.isin(gated)
    validation = (differences.draw == VALIDATION) & ~differences.ablation.astype(bool)
    titles = {v.name: v.title + (f", {v.regime}" if v.regime != EXTENSIONS else "") for v in rows}
    parts = [
        _head(study),
        "## What follows\n",
        study.follows,
        "## Scores\n",
        "CCC, mean ± standard deviation over seeds [95 % bootstrap interval over subjects and seeds].\n",
        scores_section(tables.scores, rows, study.groups, published),
        differences_section(differences[printed & validation]),
    ]
    if changed:
        whole = next(v for v in rows if v.name == changed[0].base)
        parts.append(ablation_section(differences[differences.ablation.astype(bool)], whole.title))
    parts += [
        missing_section(tables.missing, study.missing_subject),
        gates_section(tables.gates, titles),
        _figures_section(study),
    ]
    return "\n".join(parts)


def read_published(file: Path) -> list[Published]:
    """Published scores from a CSV file with the columns model, valence and arousal.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        table = pd.read_csv(file)
        return [
            Published(str(row["model"]), float(row["valence"]), float(row["arousal"]))
            for row in table.to_dict("records")
        ]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{file} cannot be read ({error}); expected columns model,valence,arousal") from error


def _head(study: Study) -> str:
    about = (
        f"{study.seeds} seeds; {study.training_subjects} training subjects; {study.validation_subjects} validation "
        f"subjects, {study.annotated_frames:,} annotated frames, clip stride {study.clip_stride}."
    )
    parts = ", ".join(f"{name}: {study.groups[name]}" for name in SUBJECT_GROUPS[1:] if name in study.groups)
    return "\n".join(
        [
            "# Does IACA help, when, and do its gates tell the truth?\n",
            *([f"{SYNTHETIC_NOTE}\n"] if study.synthetic else []),
            about + (f" {parts}." if parts else "") + "\n",
        ]
    )


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
        published: Published scores to print beside.
    """
    over_subjects = scores[scores.group.isin(SUBJECT_GROUPS)]
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
            lines += [f"### Table 2, {about}", "", markdown(_wide(over_subjects, chosen)), ""]
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
            markdown(_wide(over_subjects, others)),
            "",
        ]
    segments = {name: count for name, count in groups.items() if name not in SUBJECT_GROUPS}
    if segments:
        by_segment = scores[scores.group.isin(segments)]
        lines += ["### By kind of frame", "", _segments_note(segments), ""]
        for target in TARGETS:
            lines += [f"CCC of {target}:", "", markdown(_by_segment(by_segment, rows, target)), ""]
    return "\n".join(lines)


def differences_section(differences: pd.DataFrame) -> str:
    """What each row changes against its base, over all, strong and weak subjects, and by kind of frame."""
    rows = [
        {
            "model": f"{d['title']} - {d['base']}",
            "regime": d["regime"],
            "frames": d["group"],
            "target": d["target"],
            "difference": with_interval(d["value"], d["low"], d["high"], sign=True),
            "seeds better": f"{d['seeds_better']} of {d['seeds']}",
            "verdict": Verdict(d["verdict"]),
        }
        for d in differences.to_dict("records")
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


def ablation_section(differences: pd.DataFrame, whole: str) -> str:
    """What each changed setting does to the unchanged IACA model, whose title is `whole`."""
    rows = []
    for name, own in differences[differences.group == ALL].groupby("title", sort=False):
        row = {"changed": str(name)}
        for d in own.to_dict("records"):
            row[d["target"]] = f"{with_interval(d['value'], d['low'], d['high'], sign=True)} ({Verdict(d['verdict'])})"
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


def gates_section(gates: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Gate truth and faithfulness of every gated model.

    Args:
        gates: Scores against episodes, where any are known, and against removal, as `gate_truth.table_of` returns them.
        titles: Name of a variant -> what to call it.
    """
    is_removal = gates.kind == REMOVED
    lines = ["## Are the gates evidence?", ""]
    if not is_removal.all():
        lines += [
            "Area under the ROC curve of frames inside known episodes against the rest of the same videos: 0.5 is "
            "chance, above it the gate turns away from what is corrupted. Mean over seeds, 95 % bootstrap interval "
            "over subjects; gates.parquet has every kind of episode separately.",
            "",
        ]
        lines += _by_target(gates[~is_removal], titles)
    lines += [
        "Faithfulness: rank correlation (Spearman) over clips between the weight of a gate and the change of the "
        "prediction when that modality is really removed: 0 is chance, 1 is a gate that relies on a modality exactly "
        "where the prediction does. Mean over seeds, 95 % bootstrap interval over subjects.",
        "",
    ]
    return "\n".join([*lines, *_by_target(gates[is_removal], titles)])


def _by_target(scores: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    lines = []
    for target in TARGETS:
        lines += [f"{target.capitalize()}:", "", markdown(_pivot(scores[scores.target == target], titles)), ""]
    return lines


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


def _pivot(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    for (modality, kind, gate), part in table.groupby(["modality", "kind", "gate"], sort=False):
        row = {"case": kind if kind != REMOVED else f"{modality} removed", "gate": gate}
        cells = {
            titles[one["variant"]]: with_interval(one["value"], one["low"], one["high"])
            for one in part.to_dict("records")
        }
        rows.append(row | cells)
    return pd.DataFrame(rows).fillna("–")


def _figures_section(study: Study) -> str:
    lines = ["## Figures", "", "- Fig 3: figures/missing-audio.svg, figures/missing-visual.svg (and PNG)"]
    if study.attention_subjects:
        lines.append(f"- Fig 1, of {' and '.join(study.attention_subjects)}: figures/attention.svg (and PNG)")
    else:
        lines.append("- Fig 1: not drawn; it needs the fusion ca, and --videos ROOT with features in ROOT/features")
    return "\n".join([*lines, ""])
