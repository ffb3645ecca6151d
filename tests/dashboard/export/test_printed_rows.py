"""The view on paper: the curves, bands and colours of the page, in files that a publisher takes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dashboard.export.printed_rows import ROOM_IN, View, crowded_kinds, figure_of_view
from dashboard.timeline.declared import Band, Column, Curve, Note, Row, Samples
from dashboard.timeline.note_lane import note_bands
from iaca.errors import InputError
from iaca.figures import palette
from iaca.figures.print_style import COLUMN_IN, DOUBLE_COLUMN_IN, render, save
from tests.cases import cases

PTS_S = np.arange(400) / 25


def row(slot, curves, limits=(-1.0, 1.0)):
    return Row(slot, slot.title(), slot, "", limits, (0, 1), 90, tuple(curves))


def columns(**values):
    return {Column(name): Samples(numbers, "frames") for name, numbers in values.items()}


COLUMNS = columns(
    truth=np.where((PTS_S > 5) & (PTS_S < 6), np.nan, np.sin(PTS_S)),
    guess=np.cos(PTS_S),
    self=np.repeat(np.linspace(0, 1, 100), 4),
    cross=1 - np.repeat(np.linspace(0, 1, 100), 4),
)
ROWS = [
    row("valence", [Curve("truth", "truth", "text"), Curve("CA", "guess", palette.MODELS[0].colour, dash="5px,3px")]),
    row(
        "gate",
        [
            Curve("cross", "cross", palette.AUDIO, stack="first", fill=0.6),
            Curve("self", "self", palette.AUDIO, stack="next", fill=0.2),
        ],
        (0, 1),
    ),
]
BANDS = [
    Band("mask", "not annotated", [(5.0, 6.0)], "text", 0.3, hatched=True, rows=("valence",), lane="missing"),
    Band("episode", "voice: noise", [(1.0, 9.0)], palette.AUDIO, 0.1, lane="known: voice"),
]
DROPPED = Band("dropped", "audio dropped", [(12.0, 15.96)], ("#ff0000", "#ff0000"), 0.1, lane="audio dropped")
VIEW = View("someone", ROWS, BANDS, COLUMNS, PTS_S)


def of_row(figure, label):
    return next(axes for axes in figure.axes if axes.get_ylabel() == label)


def heading_of(figure):
    return next(text.get_text() for text in figure.texts)


def test_the_heading_says_of_which_corpus_it_is_and_whose_gates_it_shows():
    assert heading_of(figure_of_view(VIEW)) == "someone"
    said = heading_of(figure_of_view(VIEW._replace(synthetic=True, gates_of="arousal")))
    assert said == "someone · synthetic corpus · gates and scores of arousal"


def test_the_name_of_a_lane_leaves_the_spans_below_it_to_be_seen():
    figure = figure_of_view(VIEW._replace(bands=[DROPPED]))
    figure.set_dpi(400)
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)
    lane = next(axes for axes in figure.axes if any("audio dropped" in text.get_text() for text in axes.texts))
    box = lane.texts[-1].get_window_extent()
    rows = slice(round(picture.shape[0] - box.y1), round(picture.shape[0] - box.y0))
    under = picture[rows, round(box.x0) : round(box.x1)]
    spanned = (under[..., 0] > 200) & (under[..., 1] < 190) & (under[..., 2] < 190)  # the span's red, light as it is
    assert spanned.mean() > 0.3


def test_the_printed_curves_are_those_of_the_page_in_its_colours():
    figure = figure_of_view(VIEW._replace(synthetic=True))
    truth, guess = of_row(figure, "valence").lines
    for line, name in ((truth, "truth"), (guess, "guess")):
        x, y = line.get_data()
        np.testing.assert_array_equal(y, COLUMNS[Column(name)].values[np.isin(PTS_S, x)])
    assert to_hex(guess.get_color()) == palette.MODELS[0].colour[0]
    assert guess.is_dashed()
    assert not truth.is_dashed()
    np.testing.assert_allclose(of_row(figure, "gate").lines[1].get_ydata(), 1)
    hatched = [patch for patch in of_row(figure, "valence").patches if patch.get_hatch()]
    assert [patch.get_x() for patch in hatched] == [5.0]
    assert not [patch for patch in of_row(figure, "gate").patches if patch.get_hatch()]
    texts = {text.get_text().strip() for text in figure.findobj(match=lambda one: hasattr(one, "get_text"))}
    assert {"someone · synthetic corpus", "Valence", "truth", "CA", "voice: noise", "missing"} <= texts


@pytest.mark.parametrize("case", cases("crowding"), ids=lambda case: case["case"])
def test_bands_are_crowded_in_the_cases_which_the_browser_shares(case):
    bands = [Band(one["kind"], "", one["spans"], "text", 0.1, hatched=one["hatched"]) for one in case["bands"]]
    assert crowded_kinds(bands, *case["view"], case["room"] * ROOM_IN) == set(case["crowded"])


def test_spans_that_would_hide_the_curves_stay_in_their_lane():
    spans = [(float(start), start + 0.1) for start in np.arange(0, 15, 0.2)]
    many = DROPPED._replace(spans=spans)
    view = VIEW._replace(bands=[*BANDS, many])

    def shaded(figure, at):
        return [patch for patch in of_row(figure, "gate").patches if patch.get_x() == at]

    whole, part = figure_of_view(view), figure_of_view(view, range_s=(4.0, 6.0))
    assert not shaded(whole, spans[25][0])
    assert shaded(part, spans[25][0])
    missing = VIEW._replace(bands=[many._replace(kind="mask", hatched=True)])
    assert shaded(figure_of_view(missing), spans[25][0])
    assert shaded(whole, 1.0)  # the episode
    assert any(len(axes.patches) >= len(spans) for axes in whole.axes if not axes.get_ylabel())


def test_a_recording_without_any_annotation_is_not_hatched():
    unknown = BANDS[0]._replace(spans=[(0.0, 16.0)], opacity=0.0)
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
    rows = [row("valence", [Curve("t", "truth", "text")])]
    figure = figure_of_view(View("", rows, [], columns(truth=values), np.arange(count) / 30))
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


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: figure_of_view(VIEW._replace(rows=[])), ("at least one row",)),
        (lambda: figure_of_view(VIEW, range_s=(90, 99)), ("90", "99", "0 to 15.96")),
    ],
)
def test_a_view_that_cannot_be_drawn_is_told_in_one_sentence(draw, words):
    with pytest.raises(InputError) as caught:
        draw()
    assert all(word in str(caught.value) for word in words)


def test_a_note_is_written_as_it_stands_as_far_as_it_fits():
    hostile = r"$\frac{1}{ \undefined"
    notes = [Note(1, 0.5, None, hostile), Note(2, 3.0, 5.0, "long " * 40)]
    drawn = figure_of_view(VIEW._replace(bands=note_bands(notes, PTS_S)), width_in=DOUBLE_COLUMN_IN)
    drawn.canvas.draw()
    texts = [text.get_text() for axes in drawn.axes for text in axes.texts]
    assert f" {hostile}" in texts
    assert any(text.startswith(" long") and text.endswith("…") for text in texts)
