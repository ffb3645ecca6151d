"""The figure of primary contrasts: what a mark says, and when it cannot be drawn."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from iaca.errors import InputError
from iaca.figures.contrast_forest import APART, contrast_figure
from iaca.figures.print_style import render

UNCLEAR = "no clear difference"
COLUMNS = ["model_title", "against_title", "frames", "target", "draw", "value", "low", "high", "verdict"]
ROWS = pd.DataFrame(
    [
        ("CA+IACA", "CA", "all", "valence", "validation", 0.1, 0.05, 0.15, "helps"),
        ("CA+IACA", "CA", "all", "valence", "test", 0.005, -0.01, 0.015, "equivalent"),
        ("CA+IACA", "Concat", "all", "valence", "validation", -0.1, -0.2, -0.05, "hurts"),
        ("CA+IACA", "CA", "all", "arousal", "validation", 0.03, -0.05, 0.1, UNCLEAR),
        ("CA+IACA", "CA", "corrupted or misleading", "arousal", "test", 0.01, np.nan, np.nan, "too few subjects"),
    ],
    columns=COLUMNS,
)


def marks(axes):
    """Place and value -> marker, and whether it is filled."""
    drawn = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    return {
        (round(float(line.get_ydata()[0]), 2), float(line.get_xdata()[0])): (
            line.get_marker(), to_hex(line.get_markerfacecolor()) != "#ffffff"
        )
        for line in drawn
    }  # fmt: skip


def test_shape_tells_the_verdict_and_filling_the_draw():
    valence, arousal, *_ = contrast_figure(ROWS).axes
    assert marks(valence) == {
        (-APART, 0.1): (">", True),
        (APART, 0.005): ("s", False),
        (1 - APART, -0.1): ("<", True),
    }
    assert marks(arousal) == {(-APART, 0.03): ("o", True)}
    assert valence.get_xlim() == arousal.get_xlim()


def test_the_band_of_equivalence_is_as_wide_as_told():
    def band(**options):
        box = contrast_figure(ROWS, **options).axes[0].patches[0].get_extents()
        axes = contrast_figure(ROWS, **options).axes[0]
        (low, _), (high, _) = axes.transData.inverted().transform(box.get_points())
        return round(low, 6), round(high, 6)

    assert band() == (-0.02, 0.02)
    assert band(margin=0.05) == (-0.05, 0.05)


def test_it_names_models_frames_draws_and_the_verdicts_that_there_are():
    texts = re.findall(r"<text[^>]*>(.*?)</text>", render(contrast_figure(ROWS, synthetic=True), "svg").decode())
    for text in ("CA+IACA − CA", "all frames · valence", "corrupted or misleading · arousal", "validation", "test",
                 "helps", "hurts", "equivalent", "no clear difference", "within ±0.02"):  # fmt: skip
        assert text in texts, text
    assert any("synthetic corpus" in text for text in texts)
    plain = render(contrast_figure(ROWS.iloc[[0]]), "svg").decode()
    assert not any(word in plain for word in ("synthetic", "hurts", ">test<"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS.iloc[:0], "missing: rows"),
        (ROWS.drop(columns="low"), "missing: low"),
        (ROWS.assign(draw="training"), "the draw 'training'"),
        (ROWS.assign(value=np.nan, low=np.nan, high=np.nan), "has no value"),
    ],
)
def test_what_cannot_be_drawn_is_told(rows, said):
    with pytest.raises(InputError, match=said):
        contrast_figure(rows)
