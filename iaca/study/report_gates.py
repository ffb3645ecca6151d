"""Sections of the report: missing clips, and what gates do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from iaca.config import MODALITIES, TARGETS
from iaca.evaluation.robustness import DRAWS
from iaca.study.formatting import markdown, with_interval
from iaca.study.gate_truth import FAITHFULNESS, INFLUENCE, REMOVED
from iaca.study.missing import missing_table


def missing_section(table: pd.DataFrame, subject: str | None) -> str:
    """Fig 3 as tables."""
    who = f"of the subject {subject}" if subject else "over all validation subjects"
    lines = [
        "## Missing clips",
        "",
        f"CCC {who} when a share of the clips of one modality is missing; mean over up to 3 seeds and {DRAWS} draws "
        '(Fig 3 of the paper; figures/missing-*.svg show the intervals). "Visual alone" and "Audio alone" never had '
        "the other modality: a line as flat as theirs is deafness, or blindness, and not robustness.",
    ]
    for modality in MODALITIES:
        for target in TARGETS:
            lines += ["", f"{modality.capitalize()} missing, {target}:", ""]
            lines += [markdown(missing_table(table, modality, target))]
    return "\n".join([*lines, ""])


def health_section(health: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Which gates do anything: seeds in which each is dead."""
    rows = []
    for (variant, gate), own in health.groupby(["variant", "gate"], sort=False):
        cells: dict[str, str] = {}
        for target, part in own.groupby("target", sort=False):
            sides = ", ".join(sorted(set(part.column[part.dead])))
            least, most = part.range.min(), part.range.max()
            dead = f"{part.dead.sum()} of {len(part)}" + (f" ({sides})" if sides else "")
            cells[f"{target}: seeds dead"] = dead
            cells[f"{target}: range"] = f"{least:.2f} to {most:.2f}"
        rows.append({"model": titles[str(variant)], "gate": str(gate)} | cells)
    return "\n".join(
        [
            "## Do the gates move?",
            "",
            "A gate is dead where its weights stay within 0.05 of each other over all validation clips, or where one "
            "side has more than 0.95 on more than 95 % of them (which, in brackets).",
            "",
            markdown(pd.DataFrame(rows)) if rows else "There are none.",
            "",
        ]
    )


def gates_section(gates: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """Gate truth and faithfulness of every gated model.

    Args:
        gates: Scores against episodes, where any are known, and against removal, as `gate_truth.table_of` returns them.
        titles: Name of a variant -> what to call it.
    """
    is_faithfulness = gates.kind.isin(FAITHFULNESS)
    lines = ["## Are the gates evidence?", ""]
    if not is_faithfulness.all():
        lines += [
            "Area under the ROC curve of frames inside known episodes against the rest of the same videos: 0.5 is "
            "chance, above it the gate does what its name says, below it the contrary. Mean over the seeds in which "
            "the gate moves (–: in none), 95 % bootstrap interval over subjects; then its mean weight inside and "
            "outside. gates.parquet has every kind of episode separately.",
            "",
        ]
        lines += _by_target(gates[~is_faithfulness], titles)
    lines += [
        "Faithfulness: rank correlation (Spearman) over clips between the weight of a gate and how much the prediction "
        "depends on that modality: its change when the modality is really removed, and the size of the modality's "
        "Shapley influence, which also counts what it says alone. 0 is chance, 1 is a gate that relies on a modality "
        "exactly where the prediction does. Mean over seeds, 95 % bootstrap interval over subjects.",
        "",
    ]
    return "\n".join([*lines, *_by_target(gates[is_faithfulness], titles)])


def _by_target(scores: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    lines = []
    for target in TARGETS:
        lines += [f"{target.capitalize()}:", "", markdown(_pivot(scores[scores.target == target], titles)), ""]
    return lines


def _pivot(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    rows = []
    for (modality, kind, gate), part in table.groupby(["modality", "kind", "gate"], sort=False):
        cases = {REMOVED: f"{modality} removed", INFLUENCE: f"influence of {modality}"}
        row = {"case": cases.get(str(kind), str(kind)), "gate": gate}
        cells = {titles[one["variant"]]: _gate_cell(one) for one in part.to_dict("records")}
        rows.append(row | cells)
    return pd.DataFrame(rows).fillna("–")


def _gate_cell(score: Mapping[Any, Any]) -> str:
    """A score with its interval, and where it is of episodes the mean weight inside and outside of them."""
    cell = with_interval(score["value"], score["low"], score["high"])
    return f"{cell}, {score['inside']:.2f}/{score['outside']:.2f}" if np.isfinite(score["inside"]) else cell
