"""The figure of a corpus's scores: what it says, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.figures.corpus_scores import scores_figure
from iaca.figures.print_style import FigureError, render


def scores():
    return pd.DataFrame(
        {"ccc_base": [0.2, 0.5, np.nan], "ccc_gated": [0.6, 0.4, 0.1], "gain_low": [0.1, -0.3, np.nan],
         "gain_high": [0.7, 0.2, np.nan]}
    )  # fmt: skip


def test_subjects_are_counted_by_what_their_interval_says():
    text = render(scores_figure(scores(), ("CA", "CA+IACA"), "valence", synthetic=True), "svg").decode()
    for said in ("2 subjects, valence · synthetic", "CCC of valence, CA+IACA", "gain, interval above 0 (1)"):
        assert said in text
    assert "loss" not in text


@pytest.mark.parametrize(
    ("table", "problem"),
    [(scores().drop(columns="gain_low"), "no column 'gain_low'"), (scores().iloc[2:], "at least one")],
)
def test_what_cannot_be_drawn_is_refused(table, problem):
    with pytest.raises(FigureError, match=problem):
        scores_figure(table, ("A", "B"), "valence")
