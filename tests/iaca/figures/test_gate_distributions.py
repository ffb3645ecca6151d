"""The figure of a corpus's gates: what it says, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.figures.gate_distributions import gate_figure, groups_of, ridge
from iaca.figures.print_style import FigureError, render


def gates():
    shares = {f"bin_{k:02}": [0.25] * 4 if k < 4 else [0.0] * 4 for k in range(20)}
    return pd.DataFrame(
        {"weight": ["stage2_audio"] * 4, "group": ["no episode", "face corrupted"] * 2,
         "state": ["unchanged"] * 2 + ["what if"] * 2, "mean": 0.1, "low": 0.05, "high": 0.15, "subjects": 9,
         "clips": 99} | shares
    )  # fmt: skip


def test_a_gate_that_does_not_move_is_said_above_its_panel():
    text = render(gate_figure(gates(), "CA+IACA, valence", ["stage2_audio"]), "svg").decode()
    assert "does not move" in text
    assert "what if" in text
    assert "does not move" not in render(gate_figure(gates(), "CA+IACA, valence"), "svg").decode()


def test_what_is_read_against_stands_on_top():
    assert groups_of(gates())[-1] == "no episode"


def test_an_outline_has_the_square_root_of_its_shares():
    x, y = ridge(gates().iloc[0].to_dict())
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 0)
    assert y.max() == pytest.approx(0.8 * np.sqrt(0.25))


@pytest.mark.parametrize(
    ("table", "problem"),
    [(gates().iloc[:0], "missing: rows"), (gates().drop(columns="mean"), "missing: mean")],
)
def test_what_cannot_be_drawn_is_refused(table, problem):
    with pytest.raises(FigureError, match=problem):
        gate_figure(table, "A")
