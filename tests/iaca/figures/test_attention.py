"""Attention maps on paper: the values, their names, one scale of colours."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from iaca.errors import InputError
from iaca.figures import palette
from iaca.figures.attention import SEQUENTIAL, AttentionMap, map_figure
from iaca.figures.print_style import COLUMN_IN, render

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) / 12
ROWS, COLUMNS = ["1.0", "2.0", "3.0"], ["–", "1.0", "2.0", "3.0"]


def one(title="CA", **changes):
    return AttentionMap(title, VALUES, "audio clip, end (s)", "visual clip, end (s)", ROWS, COLUMNS)._replace(**changes)


def test_the_figure_holds_the_values_in_one_scale():
    figure = map_figure([one(), one("CA+IACA", here=2)], (0.0, 2.0))
    for axes in figure.axes[:2]:
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), VALUES)
        assert image.get_clim() == (0.0, 2.0)
    assert not figure.axes[0].lines
    frame = figure.axes[1].lines[0].get_xdata()
    assert (frame.min(), frame.max()) == (1.5, 2.5)


def test_the_page_has_samples_of_the_colours_on_paper():
    shares = np.linspace(0, 1, len(palette.SEQUENTIAL))
    assert tuple(map(to_hex, matplotlib.colormaps[SEQUENTIAL](shares))) == palette.SEQUENTIAL


def test_names_of_models_and_clips_are_text_in_the_file():
    figure = map_figure([one(), one("CA+IACA", divide=2)], (-1.0, 1.0), heading="someone, 3.00 s", diverging=True)
    texts = re.findall(r"<text[^>]*>(.*?)</text>", render(figure, "svg").decode(), re.DOTALL)
    for text in ("CA", "CA+IACA", "someone, 3.00 s", "audio clip, end (s)", "visual clip, end (s)", "3.0", "–"):
        assert text in texts, text
    assert figure.get_figwidth() == COLUMN_IN
    assert figure.axes[1].lines[0].get_xdata()[0] == 1.5


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        ([], "at least one"),
        ([one(values=np.zeros((0, 4)))], r"the map of CA is \(0, 4\); expected rows and columns"),
        ([one(row_labels=["1.0"])], "1 row labels; expected 3"),
    ],
)
def test_what_cannot_be_drawn_is_told(maps, said):
    with pytest.raises(InputError, match=said):
        map_figure(maps, (0.0, 1.0))
