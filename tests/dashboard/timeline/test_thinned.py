"""Long columns are thinned to what a screen can show, and what is drawn and read out of them stays as it was."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.timeline import smoothing, thinned, transport
from dashboard.timeline.declared import Band, Column, Curve, Figure, Row, Samples
from iaca.config import DropoutConfig
from tests.dashboard.timeline.drawing import SPEC, draw

SEEN = thinned.Seen(20, 139, 7, ((3, 9), (60, 75)))


def live(figure):
    return {column for column in figure.columns if column.model is not None and not column.ghost}


def edges(seen):
    """First frame of each pixel and the end of the last, written a second time."""
    count = seen.last - seen.first + 1
    return [seen.first + (pixel * count) // seen.pixels for pixel in range(seen.pixels + 1)]


def filled(sample, seen, count):
    """Columns as the player fills them: the frames of a pixel have values of that pixel alone."""
    found = np.full((len(sample.columns), count), np.nan, np.float32)
    found[:, sample.frames] = sample.values
    for start, end in zip(edges(seen), edges(seen)[1:], strict=False):
        inside = np.flatnonzero((sample.frames >= start) & (sample.frames < end))
        if len(inside):
            held = np.searchsorted(sample.frames[inside], np.arange(start, end), side="right") - 1
            found[:, start:end] = sample.values[:, inside[np.maximum(held, 0)]]
    return dict(zip(sample.columns, found, strict=True))


def lines(figure, columns):
    """Key of a row and name of a line -> where it is drawn, with stacked weights on top of each other."""
    for row in figure.rows:
        below = 0.0
        for curve in row.curves:
            if not {curve.column, curve.subtracted} - {None} <= columns.keys():
                continue
            values = columns[curve.column].astype(float)
            if curve.subtracted is not None:
                values = values - columns[curve.subtracted]
            if curve.stack:
                below = values = values + (below if curve.stack == "next" else 0.0)
            yield (row.key, curve.name), values, row.range[1] - row.range[0]


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("seen", [SEEN, thinned.Seen(0, SPEC.frames - 1, 5), thinned.Seen(0, SPEC.frames - 1, 50)])
def test_every_line_has_its_lowest_and_its_highest_value_in_every_pixel(features, models, seen, smooth):
    figure = draw(features, models, DropoutConfig(share=0.4), scaled=False)
    figure = smoothing.smoothed(figure) if smooth else figure
    samples = thinned.samples(figure, seen, live(figure))
    shown = {column: values for one in samples for column, values in filled(one, seen, SPEC.frames).items()}
    assert set(shown) == live(figure)
    found = {name: values for name, values, _ in lines(figure, shown)}
    whole = {column: figure.columns[column].values for column in shown}
    checked = 0
    for name, values, height in lines(figure, whole):
        for start, end in zip(edges(seen), edges(seen)[1:], strict=False):
            drawn, expected = found[name][start:end], values[start:end]
            assert np.isnan(drawn).any() == np.isnan(expected).any(), (name, start)
            if np.isnan(expected).all():
                continue
            for extreme in (np.nanmin, np.nanmax):
                assert abs(extreme(drawn) - extreme(expected)) <= height / 2000 + 1e-6, (name, start)
                checked += 1
    assert checked > 10 * 2 * seen.pixels


def test_what_is_read_out_is_whole_and_every_value_is_that_of_its_frame(features, models):
    figure = draw(features, models, DropoutConfig(share=0.4))
    for sample in thinned.samples(figure, SEEN, live(figure)):
        assert set(sample.frames.tolist()) >= {*range(3, 10), *range(60, 76)}
        assert np.all(np.diff(sample.frames.astype(int)) > 0)
        for column, values in zip(sample.columns, sample.values, strict=True):
            np.testing.assert_array_equal(values, figure.columns[column].values[sample.frames])


def test_columns_that_are_drawn_together_are_thinned_together_though_only_one_has_changed(features, models):
    figure = draw(features, models, DropoutConfig(share=0.4))
    samples = thinned.samples(figure, SEEN, {Column("valence", 1), Column("stage2_joint", 1)})
    assert {frozenset(one.columns) for one in samples} == {
        frozenset({Column("valence", 0), Column("valence", 1)}),
        frozenset(Column(f"stage2_{name}", 1) for name in ("audio", "joint", "visual")),
    }


def test_gaps_stay_in_the_pixels_that_have_one():
    values = np.linspace(0, 1, 1000, dtype=np.float32)
    values[[0, 420, 421]] = np.nan
    values[500:600] = np.nan
    curve = Curve("one", "one", "text", model=0)
    row = Row("one", "One", "", "", (0.0, 1.0), (), 50, (curve,))
    figure = Figure("x", ("m",), (row,), (), (), {curve.column: Samples(values, "held")}, np.arange(1000) / 25, 1)
    (sample,) = thinned.samples(figure, thinned.Seen(0, 999, 10), {curve.column})
    gaps = sample.frames[np.isnan(sample.values[0])].tolist()
    assert gaps[:2] == [0, 421]
    assert all(500 <= frame < 600 for frame in gaps[2:])
    assert len(gaps) <= 4
    assert len(sample.frames) <= 3 * 10


def long_figure(count=40_000, stride=1):
    """Two models that differ, changed by a dropout in every other second clip."""
    rng = np.random.default_rng(0)
    curves, columns = [], {}
    for model in (0, 1):
        for ghost in (False, True):
            curve = Curve("valence", "valence", "text", model=model, ghost=ghost)
            curves.append(curve)
            columns[curve.column] = Samples(rng.normal(size=count).astype(np.float32), "linear")
    curves.append(Curve("difference", "valence", "text", model=1, minus=0))
    row = Row("valence", "Valence", "", "", (-4.0, 4.0), (), 50, tuple(curves))
    pts_s = np.cumsum(rng.uniform(0.02, 0.05, count))
    starts = np.arange(0, count - 2, 4)
    ends_s = np.append(pts_s, pts_s[-1] + (pts_s[-1] - pts_s[-2]))
    spans = [(pts_s[start], ends_s[start + 1 + start % 3]) for start in starts]
    bands = (Band("dropped", "audio dropped", spans, "text", 0.1), Band("episode", "one", [(1.0, 2.5)], "text", 0.1))
    return Figure("x", ("a", "b"), (row,), bands, (), columns, pts_s, stride)


def test_a_step_of_a_long_recording_takes_what_a_screen_shows_and_not_what_there_is():
    figure = long_figure()
    kept = []

    def keep(content):
        kept.append(content)
        return str(len(kept))

    seen = thinned.Seen(0, 39_999, 900, ((100, 200),))
    whole, thin = (transport.packed(figure, keep, asked) for asked in (None, seen))
    assert len(whole) > 2 * 4 * 40_000
    assert len(thin) < 900 * 6 * 3 * 4 + 101 * 12 + 40_000 / 8 + 2000
    head = json.loads(thin.partition(b"\n")[0])
    assert head["thinned"]["view"] == [0, 39_999, 900]
    assert head["thinned"]["exact"] == [[100, 200]]
    ((names, length),) = head["thinned"]["groups"]
    assert names == ["0_valence", "1_valence"]
    at = thin.index(b"\n") + 1
    frames = np.frombuffer(thin, np.uint32, length, at)
    values = np.frombuffer(thin, np.float32, 2 * length, at + 4 * length).reshape(2, length)
    for model in (0, 1):
        np.testing.assert_array_equal(values[model], figure.columns[Column("valence", model)].values[frames])
    # What a screen shows anyway is sent whole, and so is what is asked for without a screen.
    assert json.loads(whole.partition(b"\n")[0])["thinned"] is None
    near = transport.packed(figure, keep, thinned.Seen(0, 4000, 900))
    assert json.loads(near.partition(b"\n")[0])["thinned"] is None


def test_many_spans_travel_as_a_bit_for_each_frame():
    figure = long_figure(count=1000)
    packed = transport.packed(figure, lambda content: "kept")
    head = json.loads(packed.partition(b"\n")[0])
    assert head["masks"] == [0]
    assert head["spec"]["bands"][0]["spans"] == []
    assert head["spec"]["bands"][1]["spans"] == [[1.0, 2.5]]
    bits = np.unpackbits(np.frombuffer(packed[-125:], np.uint8), bitorder="little").astype(bool)
    edges_s = np.append(figure.pts_s, figure.pts_s[-1] + (figure.pts_s[-1] - figure.pts_s[-2]))
    expected = np.zeros(1000, bool)
    for start_s, end_s in figure.bands[0].spans:
        expected[(edges_s[:-1] >= start_s) & (edges_s[:-1] < end_s)] = True
    np.testing.assert_array_equal(bits[:1000], expected)


def test_spans_that_do_not_begin_with_a_frame_keep_their_seconds():
    figure = long_figure(count=1000)
    band = figure.bands[0]
    spans = [(start + 1e-3, end) for start, end in band.spans]
    packed = transport.packed(figure._replace(bands=(band._replace(spans=spans),)), lambda content: "kept")
    head = json.loads(packed.partition(b"\n")[0])
    assert head["masks"] == []
    assert head["spec"]["bands"][0]["spans"] == [list(span) for span in spans]
