"""Scores of models on subjects, with intervals, and the challenge's files."""

from __future__ import annotations

from iaca.evaluation.bootstrap import (
    BOOTSTRAP_DRAWS,
    INTERVAL,
    ROUNDING,
    SUM_COLUMNS,
    bootstrap_ccc,
    bootstrap_mean,
    ccc_of_sums,
    ccc_sums,
    draw_subjects,
)
from iaca.evaluation.scores import Agreement, Evaluation, Pooling, evaluate

__all__ = [
    "BOOTSTRAP_DRAWS",
    "INTERVAL",
    "ROUNDING",
    "SUM_COLUMNS",
    "Agreement",
    "Evaluation",
    "Pooling",
    "bootstrap_ccc",
    "bootstrap_mean",
    "ccc_of_sums",
    "ccc_sums",
    "draw_subjects",
    "evaluate",
]
