"""Figures for papers: the same numbers and colours as the page, in files that a publisher takes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from dashboard.export.printed_rows import View, figure_of_view
from iaca.errors import InputError
from iaca.figures import palette
from iaca.figures.paper import FIGURE_3_COLUMNS, Person, figure_1, figure_3
from iaca.figures.print_style import COLUMN_IN, render, save

PTS_S = np.arange(400) / 25


def curve(name, column, colour, **more):
    return {
        "name": name, "column": column, "colour": colour, "dash": "solid", "width": 1.6, "opacity": 1.0, "stack": "",
        "fill": 0.0, "legend": True,
    } | more  # fmt: skip


def row(key, traces, limits=(-1.0, 1.0)):
    return {
        "key": key,
        "title": key.title(),
        "unit": key,
        "range": limits,
        "ticks": (0, 1),
        "height": 90,
        "traces": traces,
    }


FRAMES = pd.DataFrame(
    {
        "truth": np.where((PTS_S > 5) & (PTS_S < 6), np.nan, np.sin(PTS_S)),
        "guess": np.cos(PTS_S),
        "self": np.repeat(np.linspace(0, 1, 100), 4),
        "cross": 1 - np.repeat(np.linspace(0, 1, 100), 4),
    }
)
ROWS = [
    row("valence", [curve("truth", "truth", "text"), curve("CA", "guess", palette.MODELS[0].colour, dash="5px,3px")]),
    row(
        "gate",
        [
            curve("cross", "cross", palette.AUDIO, stack="first", fill=0.6),
            curve("self", "self", palette.AUDIO, stack="next", fill=0.2),
        ],
        (0, 1),
    ),
]
BANDS = [
    {"kind": "mask", "label": "not annotated", "spans": [(5.0, 6.0)], "colour": "text", "opacity": 0.3, "hatched": True,
     "rows": ("valence",), "lane": "missing"},
    {"kind": "episode", "label": "voice: noise", "spans": [(1.0, 9.0)], "colour": palette.AUDIO, "opacity": 0.1,
     "hatched": False, "rows": None, "lane": "known: voice"},
]  # fmt: skip
VIEW = View("someone", ROWS, BANDS, FRAMES, PTS_S)


def of_row(figure, label):
    return next(axes for axes in figure.axes if axes.get_ylabel() == label)


def test_the_printed_curves_are_those_of_the_page_in_its_colours():
    figure = figure_of_view(VIEW._replace(synthetic=True))
    truth, guess = of_row(figure, "valence").lines
    for line, column in ((truth, "truth"), (guess, "guess")):
        x, y = line.get_data()
        np.testing.assert_array_equal(y, FRAMES[column].to_numpy()[np.isin(PTS_S, x)])
    assert to_hex(guess.get_color()) == palette.MODELS[0].colour[0]
    assert guess.is_dashed()
    assert not truth.is_dashed()
    np.testing.assert_allclose(of_row(figure, "gate").lines[1].get_ydata(), 1)
    hatched = [patch for patch in of_row(figure, "valence").patches if patch.get_hatch()]
    assert [patch.get_x() for patch in hatched] == [5.0]
    assert not [patch for patch in of_row(figure, "gate").patches if patch.get_hatch()]
    texts = {text.get_text().strip() for text in figure.findobj(match=lambda one: hasattr(one, "get_text"))}
    assert {"someone · synthetic corpus", "Valence", "truth", "CA", "voice: noise", "missing"} <= texts


def test_spans_that_would_hide_the_curves_stay_in_their_lane():
    spans = [(float(start), start + 0.1) for start in np.arange(0, 15, 0.2)]
    many = {"kind": "dropped", "label": "audio dropped", "spans": spans, "colour": "text", "opacity": 0.1,
            "hatched": False, "rows": None, "lane": "audio dropped"}  # fmt: skip
    view = VIEW._replace(bands=[*BANDS, many])

    def shaded(figure, at):
        return [patch for patch in of_row(figure, "gate").patches if patch.get_x() == at]

    whole, part = figure_of_view(view), figure_of_view(view, range_s=(4.0, 6.0))
    assert not shaded(whole, spans[25][0])
    assert shaded(part, spans[25][0])
    missing = VIEW._replace(bands=[many | {"kind": "mask", "hatched": True}])
    assert shaded(figure_of_view(missing), spans[25][0])
    assert shaded(whole, 1.0)  # the episode
    assert any(len(axes.patches) >= len(spans) for axes in whole.axes if not axes.get_ylabel())


def test_a_recording_without_any_annotation_is_not_hatched():
    unknown = BANDS[0] | {"spans": [(0.0, 16.0)], "opacity": 0.0}
    figure = figure_of_view(VIEW._replace(bands=[unknown]))
    assert not of_row(figure, "valence").patches
    assert any(axes.patches for axes in figure.axes if not axes.get_ylabel())  # its lane says so


def test_a_range_shows_itself_alone():
    figure = figure_of_view(VIEW, range_s=(10.0, 12.0))
    assert of_row(figure, "valence").get_xlim() == (10.0, 12.0)
    x = of_row(figure, "valence").lines[0].get_xdata()
    assert 9.9 < x[0] <= 10.0
    assert 12.0 <= x[-1] < 12.1
    assert {axes.get_ylabel() for axes in figure.axes} == {"valence", "gate"}  # no lane: nothing lies in the range


def test_long_recordings_keep_their_extremes():
    count = 9000
    values = np.random.default_rng(0).normal(size=count) / 10
    values[4321] = 0.9
    frames = pd.DataFrame({"truth": values})
    figure = figure_of_view(
        View("", [row("valence", [curve("t", "truth", "text")])], [], frames, np.arange(count) / 30)
    )
    drawn = of_row(figure, "valence").lines[0].get_ydata()
    assert len(drawn) < count / 2
    assert drawn.max() == 0.9
    assert drawn.min() == values.min()


def test_files_have_column_width_and_carry_their_fonts(tmp_path):
    figure = figure_of_view(VIEW)
    pdf = save(figure, tmp_path / "view.pdf").read_bytes()
    assert b"/FontFile2" in pdf  # TrueType
    assert b"/Type3" not in pdf
    width = float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf).group(1))
    assert width == pytest.approx(COLUMN_IN * 72)
    svg = save(figure, tmp_path / "view.svg").read_text()
    root = ElementTree.fromstring(svg)
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(COLUMN_IN * 72)
    assert "Valence" in {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert svg.count("data:font/ttf;base64,") == 2
    assert save(figure, tmp_path / "view.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["view.pdf", "view.png", "view.svg"]
    assert render(figure, "svg") == render(figure, "svg")


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
        (lambda: figure_of_view(VIEW._replace(rows=[])), ("at least one row",)),
        (lambda: figure_of_view(VIEW, range_s=(90, 99)), ("90", "99", "0 to 15.96")),
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
