"""The view on paper: what its heading says, and that names of lanes hide nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.export.printed_rows import View, figure_of_view

PTS_S = np.arange(50) / 25


def view(**more):
    row = {"key": "valence", "title": "Valence", "unit": "valence", "range": (-1, 1), "ticks": (0,), "height": 80}
    curve = {
        "name": "truth", "column": "truth", "colour": ("#000000", "#ffffff"), "dash": "solid", "width": 1.6,
        "opacity": 1.0, "stack": "", "fill": 0.0, "legend": True,
    }  # fmt: skip
    band = {
        "kind": "dropped", "label": "audio dropped", "spans": [(1.5, 1.96)], "colour": ("#ff0000", "#ff0000"),
        "opacity": 0.1, "hatched": False, "rows": None, "lane": "audio dropped",
    }  # fmt: skip
    frames = pd.DataFrame({"truth": np.sin(PTS_S)})
    return View("someone", [row | {"traces": [curve]}], [band], frames, PTS_S, **more)


def heading_of(figure):
    return next(text.get_text() for text in figure.texts)


def test_the_heading_says_of_which_corpus_it_is_and_whose_gates_it_shows():
    assert heading_of(figure_of_view(view())) == "someone"
    said = heading_of(figure_of_view(view(synthetic=True, gates_of="arousal")))
    assert said == "someone · synthetic corpus · gates and scores of arousal"


def test_the_name_of_a_lane_leaves_the_spans_below_it_to_be_seen():
    figure = figure_of_view(view())
    figure.set_dpi(400)
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)
    lane = next(axes for axes in figure.axes if any("audio dropped" in text.get_text() for text in axes.texts))
    box = lane.texts[-1].get_window_extent()
    rows = slice(round(picture.shape[0] - box.y1), round(picture.shape[0] - box.y0))
    under = picture[rows, round(box.x0) : round(box.x1)]
    spanned = (under[..., 0] > 200) & (under[..., 1] < 190) & (under[..., 2] < 190)  # the span's red, light as it is
    assert spanned.mean() > 0.3
