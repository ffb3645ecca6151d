"""The study's report: everything that README quotes is printed here, from the study's tables and its facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from iaca.errors import InputError
from iaca.study.findings import SYNTHETIC_NOTE, Study
from iaca.study.formatting import counted
from iaca.study.plan import ALL, EXTENSIONS, MISLEADING_FRAMES, SUBJECT_GROUPS, VALIDATION, Variant
from iaca.study.published import published_section
from iaca.study.report_decisions import headroom_section, memory_section, primary_section
from iaca.study.report_gates import gates_section, health_section, missing_section
from iaca.study.report_scores import Published, ablation_section, differences_section, scores_section, test_section


class Tables(NamedTuple):
    """What a study measured, one table a question.

    Attributes:
        scores: Of every model per group of frames and target, as `tables.scores` returns them, of the validation draw.
        test_scores: The same of the test draw; no rows without one.
        subjects: Of every model per subject and target, as `tables.by_subject` returns them.
        differences: What every model changes against its base: fields of `decisions.Difference`, and `draw` and
            `ablation`.
        primary: The primary contrasts, as `decisions.decide` returns them.
        headroom: What there is to gain, as `decisions.headroom_table` returns it.
        missing: CCC against the share of missing clips, as `missing.missing_clips` returns it.
        gates: What gates tell, as `gate_truth.watch_gates` returns it.
        health: Whether they move, likewise.
        memory: The label-memory curve, as `label_curve.memory_curve` returns it.
        autocorrelation: Of labels, as `label_curve.labels_by_memory` returns it.
    """

    scores: pd.DataFrame
    test_scores: pd.DataFrame
    subjects: pd.DataFrame
    differences: pd.DataFrame
    primary: pd.DataFrame
    headroom: pd.DataFrame
    missing: pd.DataFrame
    gates: pd.DataFrame
    health: pd.DataFrame
    memory: pd.DataFrame
    autocorrelation: pd.DataFrame


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
    # Every kind of frame, and every control by it, is in differences.parquet.
    printed = differences.group.isin((ALL, MISLEADING_FRAMES))
    ablation = differences.ablation.astype(bool)
    titles = {v.name: v.title + (f", {v.regime}" if v.regime != EXTENSIONS else "") for v in rows}
    parts = [
        _head(study),
        "## What follows\n",
        study.follows,
        primary_section(tables.primary, study.primary_sha256),
        headroom_section(tables.headroom, study.draws),
    ]
    if len(tables.memory):
        parts.append(memory_section(tables.memory, tables.autocorrelation))
    parts += [
        "## Scores\n",
        "CCC, mean ± standard deviation over seeds [95 % interval over subjects and seeds].\n",
        scores_section(tables.scores, rows, study.groups, published),
    ]
    if len(tables.test_scores):
        parts.append(test_section(tables.test_scores, rows))
    parts += [
        published_section(tables.scores),
        differences_section(differences[printed & ~ablation]),
    ]
    if changed:
        whole = next(v for v in rows if v.name == changed[0].base)
        parts.append(ablation_section(differences[ablation & differences.draw.eq(VALIDATION)], whole.title))
    parts += [
        missing_section(tables.missing, study.missing_subject),
        health_section(tables.health, titles),
        gates_section(tables.gates[tables.gates.variant.isin(gated)], titles),
        _figures_section(study, tables),
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
        f"{counted(study.seeds, 'seed')}; {counted(study.training_subjects, 'training subject')}; "
        f"{counted(study.validation_subjects, 'validation subject')}, "
        f"{counted(study.annotated_frames, 'annotated frame')}, clip stride {study.clip_stride}."
    )
    parts = ", ".join(f"{name}: {study.groups[name]}" for name in SUBJECT_GROUPS[1:] if name in study.groups)
    return "\n".join(
        [
            "# Does IACA help, when, and do its gates tell the truth?\n",
            *([f"{SYNTHETIC_NOTE}\n"] if study.synthetic else []),
            about + (f" {parts}." if parts else "") + "\n",
        ]
    )


def _figures_section(study: Study, tables: Tables) -> str:
    lines = ["## Figures", "", "- Fig 3: figures/missing-audio.svg, figures/missing-visual.svg (and PNG), and of each "
             "regime with its name"]  # fmt: skip
    if len(tables.primary):
        lines.append("- Primary contrasts: figures/contrasts.svg (and PNG)")
    if len(tables.memory):
        lines.append("- Label memory: figures/label-memory.svg (and PNG)")
    if study.attention_subjects:
        lines.append(f"- Fig 1, of {' and '.join(study.attention_subjects)}: figures/attention.svg (and PNG)")
    else:
        lines.append("- Fig 1: not drawn; it needs the fusion ca, and --videos ROOT with features in ROOT/features")
    return "\n".join([*lines, ""])
