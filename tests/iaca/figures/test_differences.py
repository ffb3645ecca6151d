"""The figure of differences: what it says of each model, and when it cannot be drawn."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from iaca.errors import InputError
from iaca.figures.differences import COLUMNS, difference_figure
from iaca.figures.print_style import render

ROWS = pd.DataFrame(
    [
        ("CA+IACA − CA", "valence", 0.1, 0.05, 0.15, "helps"),
        ("CA+IACA − CA", "arousal", -0.1, -0.15, -0.05, "hurts"),
        ("TCA+IACA − TCA", "valence", 0.0, -0.05, 0.05, "no clear difference"),
        ("TCA+IACA − TCA", "arousal", np.nan, np.nan, np.nan, "too few subjects"),
    ],
    columns=COLUMNS,
)


def markers(axes):
    """Marker of every line of a panel, and where it stands."""
    drawn = [line for line in axes.lines if line.get_marker() in ("o", "<", ">")]
    return {float(line.get_ydata()[0]): (line.get_marker(), float(line.get_xdata()[0])) for line in drawn}


def test_marker_and_place_tell_the_verdict():
    valence, arousal = difference_figure({"Validation": ROWS}).axes
    assert markers(valence) == {0.0: (">", 0.1), 1.0: ("o", 0.0)}
    assert markers(arousal)[0.0] == ("<", -0.1)
    assert valence.get_xlim() == arousal.get_xlim()
    low, high = valence.get_xlim()
    assert low < -0.15
    assert high > 0.15


def test_it_names_models_sections_and_the_synthetic_corpus():
    sections = {"Validation": ROWS, "Test": ROWS.iloc[:2], "Nothing": ROWS.iloc[:0]}
    svg = render(difference_figure(sections, synthetic=True), "svg").decode()
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)
    for text in ("CA+IACA − CA", "TCA+IACA − TCA", "Validation · valence", "Test · arousal"):
        assert text in texts, text
    assert any("synthetic corpus" in text for text in texts)
    assert not any("Nothing" in text for text in texts)
    assert "synthetic" not in render(difference_figure(sections), "svg").decode()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS.iloc[:0], "at least one row"),
        (ROWS.drop(columns="low"), "no column 'low'"),
        (ROWS.iloc[3:], "has no value"),
    ],
)
def test_what_cannot_be_drawn_is_told(rows, said):
    with pytest.raises(InputError, match=said):
        difference_figure({"Validation": rows})
