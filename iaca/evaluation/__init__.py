"""Scores of models on subjects, with intervals, and the challenge's files."""

from __future__ import annotations

from iaca.evaluation.bootstrap import (
    BOOTSTRAP_DRAWS,
    INTERVAL,
    MOMENT_COLUMNS,
    ROUNDING,
    bootstrap_ccc,
    ccc_moments,
    ccc_of_moments,
    draw_subjects,
)
from iaca.evaluation.scores import Agreement, Evaluation, evaluate

__all__ = [
    "BOOTSTRAP_DRAWS",
    "INTERVAL",
    "MOMENT_COLUMNS",
    "ROUNDING",
    "Agreement",
    "Evaluation",
    "bootstrap_ccc",
    "ccc_moments",
    "ccc_of_moments",
    "draw_subjects",
    "evaluate",
]
