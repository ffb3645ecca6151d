"""Figures for papers: the same numbers and colours as the page, in files that a publisher takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.errors import InputError
from iaca.figures.paper import FIGURE_3_COLUMNS, Person, figure_1, figure_3
from iaca.figures.print_style import render

PTS_S = np.arange(400) / 25


def person(**changes):
    rng = np.random.default_rng(1)
    scores = {name: {modality: rng.normal(size=400) for modality in ("audio", "visual")} for name in ("CA", "CA+IACA")}
    picture = np.full((40, 30, 3), 120, np.uint8)
    return Person("strong-01", PTS_S, scores, [(2.0, picture), (9.0, picture)])._replace(**changes)


def test_fig_1_scales_both_models_together_and_stands_its_pictures_above_their_seconds():
    one = person()
    figure = figure_1([one, person(title="weak-01")], synthetic=True)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["CA", "CA+IACA"] * 2
    drawn = [next(line for line in axes.lines if line.get_label() == "audio").get_ydata() for axes in panels[:2]]
    raw = [one.scores[name]["audio"] for name in ("CA", "CA+IACA")]
    low, high = min(map(np.min, raw)), max(map(np.max, raw))
    for ours, values in zip(drawn, raw, strict=True):
        np.testing.assert_allclose(ours, (values - low) / (high - low))
    figure.draw_without_rendering()
    pictures = [axes for axes in figure.axes if axes.images][:2]
    for axes, second in zip(pictures, (2.0, 9.0), strict=True):
        middle = axes.get_window_extent().x0 + axes.get_window_extent().width / 2
        assert panels[0].transData.inverted().transform((middle, 0))[0] == pytest.approx(second, abs=0.05)
    assert "synthetic corpus" in figure.texts[0].get_text()


def study_table():
    rows = [
        (model, pattern, share, target, 0.5 - 0.3 * share, 0.4 - 0.3 * share, 0.6 - 0.3 * share)
        for model in ("Concat", "CA", "CA+IACA", "JCA", "JCA+IACA")
        for pattern in ("scattered", "block")
        for share in (0.0, 0.5, 1.0)
        for target in ("valence", "arousal")
    ]
    return pd.DataFrame(rows, columns=FIGURE_3_COLUMNS)


def test_fig_3_has_a_panel_per_fusion_pattern_and_target_with_the_control_in_each():
    figure = figure_3(study_table().sample(frac=1, random_state=0).sort_values("model", kind="stable"))
    panels = figure.axes
    assert len(panels) == 2 * 4
    for axes in panels:
        assert sorted(line.get_label() for line in axes.lines) == ["Concat", "base fusion", "with IACA"]
        for line in axes.lines:
            np.testing.assert_allclose(line.get_ydata(), [0.5, 0.35, 0.2])
        assert len({line.get_color() for line in axes.lines}) == 3
        assert len({line.get_marker() for line in axes.lines}) == 3
        spans = [band.get_paths()[0].get_extents() for band in axes.collections]
        assert all(span.ymin == pytest.approx(0.1) and span.ymax == pytest.approx(0.6) for span in spans)


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figure_1([]), ("at least one subject",)),
        (lambda: figure_1([person(), person(scores={})]), ("strong-01", "CA+IACA")),
        (lambda: figure_1([person(pts_s=PTS_S[:5])]), ("strong-01", "400", "expected 5")),
        (lambda: figure_3(study_table().drop(columns="low")), ("low",)),
        (lambda: figure_3(study_table().assign(share=40)), ("40", "[0, 1]")),
        (lambda: render(figure_1([person()]), "gif"), ("gif", "svg, pdf, png")),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_sentence(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert all(word in str(caught.value) for word in words)
