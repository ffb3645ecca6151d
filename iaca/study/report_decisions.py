"""Sections of the report: what was decided, what there was to gain, and how long labels remember."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from iaca.config import TARGETS
from iaca.study.contrasts import EQUIVALENCE_MARGIN, LEAST_HEADROOM
from iaca.study.formatting import markdown, with_interval
from iaca.study.plan import ALL, VALIDATION


def primary_section(primary: pd.DataFrame, sha256: str) -> str:
    """The contrasts that were fixed before the test draw was made, Holm-adjusted within each draw."""
    rows = [
        {
            "contrast": f"{row['model_title']} - {row['against_title']}",
            "question": row["question"],
            "frames": row["frames"],
            "target": row["target"],
            "draw": row["draw"],
            "difference": with_interval(row["value"], row["low"], row["high"], sign=True),
            "p (Holm)": f"{row['p_holm']:.3f}" if np.isfinite(row["p_holm"]) else "–",
            "smallest detectable": f"{row['smallest_detectable']:.3f}",
            "verdict": row["verdict"],
        }
        for row in primary.to_dict("records")
    ]
    return "\n".join(
        [
            "## Primary contrasts",
            "",
            f"Fixed in `iaca/study/primary.json` (SHA-256 {sha256}) before the test draw was made; everything else in "
            "this report is exploratory. Differences of CCC, mean over seeds; 95 % t interval over subjects and seeds; "
            f'Holm\'s p over the {len(primary[primary.draw == VALIDATION])} contrasts of a draw. "helps" and '
            '"hurts": p below 0.05; "nothing to gain here": otherwise, between models of one base, where a detector '
            f'that was taught the episodes gains less than {LEAST_HEADROOM} over it; "equivalent": the interval lies '
            f"within ±{EQUIVALENCE_MARGIN}. Smallest detectable: the difference found with a chance of 80 %, "
            "unadjusted.",
            "",
            markdown(pd.DataFrame(rows)) if rows else "None of their models was trained.",
            "",
        ]
    )


def headroom_section(headroom: pd.DataFrame, draws: Sequence[str]) -> str:
    """What there is to gain, for each base, kind of frame and draw."""
    lines = ["## Headroom: what is there to gain?", ""]
    if headroom.empty:
        return "\n".join([*lines, "No episodes are known of these subjects, so nobody can say.", ""])
    lines += [
        "Informed switch: whoever knows the episodes takes audio alone where the face is wrong, visual alone where the "
        "voice is, and the row itself elsewhere (a restrained modality is not wrong, and a conflict is only for "
        "valence). Told: the row trained with the episodes as inputs. Attainable switch: the same as the informed one, "
        "but by the probability of a detector that was taught the training episodes from the same features; a gate, "
        "which nobody teaches, can hardly know more. Forced gates: the trained IACA with its gates set by the "
        "episodes; gains over the same IACA as it learned.",
        "",
    ]
    for draw in draws:
        for target in TARGETS:
            rows = []
            for (base, row), own in headroom[(headroom.draw == draw) & (headroom.target == target)].groupby(
                ["base_title", "row"], sort=False
            ):
                cells = {
                    ("all frames" if one["frames"] == ALL else one["frames"]): (
                        f"{one['ccc']:.3f} ({with_interval(one['gain'], one['low'], one['high'], sign=True)})"
                    )
                    for one in own.to_dict("records")
                }
                rows.append({"over": base, "row": row} | cells)
            lines += [f"{target.capitalize()}, {draw} draw, CCC (gain):", "", markdown(pd.DataFrame(rows)), ""]
    return "\n".join(lines)


def memory_section(memory: pd.DataFrame, autocorrelation: pd.DataFrame) -> str:
    """The label-memory curve as tables."""
    lines = [
        "## Label memory",
        "",
        "The same models on corpora that differ in one thing: how long labels remember where they were (time after "
        "which they have forgotten 63 %). CCC over all validation frames, mean over seeds [95 % interval]. "
        "`python -m iaca index` prints the autocorrelation of the labels of any data.",
    ]
    for target in TARGETS:
        rows = []
        for model, own in memory[memory.target == target].groupby("model", sort=False):
            cells = {
                f"{one['memory_s']:g} s": with_interval(one["ccc"], one["low"], one["high"])
                for one in own.to_dict("records")
            }
            rows.append({"model": model} | cells)
        lines += ["", f"{target.capitalize()}:", "", markdown(pd.DataFrame(rows))]
    labels = []
    for (memory_s, aim), own in autocorrelation.groupby(["memory_s", "target"], sort=False):
        lags = {f"{one['lag_s']:g} s apart": f"{one['value']:.2f}" for one in own.to_dict("records")}
        labels.append({"memory": f"{memory_s:g} s", "target": aim} | lags)
    return "\n".join([*lines, "", "Autocorrelation of the labels:", "", markdown(pd.DataFrame(labels)), ""])
