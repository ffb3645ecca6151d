"""The figure of label memory: a curve per model and one per memory, and when it cannot be drawn."""

from __future__ import annotations

import itertools
import re

import pandas as pd
import pytest

from iaca.errors import InputError
from iaca.figures.memory_curve import memory_figure
from iaca.figures.print_style import render

MEMORIES = (2.2, 5.0, 11.0)
MODELS = ("Concat", "CA", "CA+IACA", "CA+blind gates")
CURVE = pd.DataFrame(
    [
        {"memory_s": memory, "model": model, "target": target, "ccc": 0.5 + 0.01 * k, "low": 0.4, "high": 0.6}
        for k, (memory, model, target) in enumerate(itertools.product(MEMORIES, MODELS, ("valence", "arousal")))
    ]
)
LAGS = pd.DataFrame(
    [
        {"memory_s": memory, "lag_s": lag, "target": target, "value": 0.9 - lag / 12}
        for memory, lag, target in itertools.product(MEMORIES, (1.28, 5.0, 10.0), ("valence", "arousal"))
    ]
)


def test_every_model_is_a_curve_through_its_scores_and_no_two_look_alike():
    axes = memory_figure(CURVE).axes
    assert len(axes) == 2
    lines = {line.get_label(): line for line in axes[0].lines}
    assert list(lines) == list(MODELS)
    own = CURVE[(CURVE.model == "CA") & (CURVE.target == "valence")]
    assert list(lines["CA"].get_ydata()) == list(own.ccc)
    assert [f"{tick:g}" for tick in axes[0].get_xticks()] == ["2.2", "5", "11"]
    assert len({(line.get_marker(), str(line.get_linestyle()), line.get_color()) for line in lines.values()}) == 4


def test_the_autocorrelation_has_a_line_per_memory_below():
    axes = memory_figure(CURVE, LAGS).axes
    assert len(axes) == 4
    labels = [line.get_label() for line in axes[1].lines if line.get_marker() != "None"]
    assert labels == ["memory 2.2 s", "memory 5 s", "memory 11 s"]
    assert len(memory_figure(CURVE, LAGS.iloc[:0]).axes) == 2


def test_it_says_what_the_axes_are_and_that_the_corpus_is_synthetic():
    texts = re.findall(r"<text[^>]*>(.*?)</text>", render(memory_figure(CURVE, LAGS, synthetic=True), "svg").decode())
    for text in ("memory of the labels (s)", "CCC arousal", "lag (s)", "autocorrelation", "CA+blind gates"):
        assert text in texts, text
    assert any("synthetic corpus" in text for text in texts)
    assert "synthetic" not in render(memory_figure(CURVE), "svg").decode()


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ((CURVE.iloc[:0],), "missing: rows"),
        ((CURVE.drop(columns="ccc"),), "missing: ccc"),
        ((CURVE, LAGS.drop(columns="lag_s")), "missing: lag_s"),
        ((CURVE.assign(memory_s=0.0),), "memory of 0 s"),
    ],
)
def test_what_cannot_be_drawn_is_told(tables, said):
    with pytest.raises(InputError, match=said):
        memory_figure(*tables)
