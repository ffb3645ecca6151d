"""The chart of primary contrasts: place, shape and filling say what the table says."""

from __future__ import annotations

import pytest

from dashboard.charts.contrast_chart import APART, GREY, contrast_chart
from tests.dashboard.study_tables import decision_tables

PRIMARY = decision_tables()["primary"]


def marks(figure):
    """(draw, panel) -> trace with contrasts; those of the legend alone are left out."""
    return {(trace.name, trace.xaxis): trace for trace in figure.data if trace.customdata is not None}


@pytest.mark.parametrize("dark", [False, True])
def test_shape_filling_and_place_tell_verdict_draw_and_value(dark):
    found = marks(contrast_chart(PRIMARY, dark=dark))
    shapes = {key: trace.marker.symbol[0] for key, trace in found.items()}
    assert shapes == {
        ("validation", "x"): "triangle-right",
        ("test", "x"): "triangle-left-open",
        ("validation", "x2"): "square",
        ("test", "x2"): "circle-open",
    }
    assert {key: trace.y[0] for key, trace in found.items() if key[1] == "x"} == {
        ("validation", "x"): -APART,
        ("test", "x"): APART,
    }
    first = found["validation", "x"]
    assert first.x[0] == 0.05
    assert first.error_x.array[0] == pytest.approx(0.01)
    assert first.marker.color[0] != GREY
    assert found["test", "x2"].marker.color[0] == GREY
    assert list(first.customdata[0][4:]) == ["helps", 0.02, 0.014]


def test_the_band_of_equivalence_is_drawn_in_every_panel():
    bands = [shape for shape in contrast_chart(PRIMARY, dark=False, margin=0.03).layout.shapes if shape.type == "rect"]
    assert {(band.x0, band.x1) for band in bands} == {(-0.03, 0.03)}
    assert {band.xref for band in bands} == {"x", "x2"}


def test_the_legend_names_the_draws_that_there_are():
    def named(rows):
        return [trace.name for trace in contrast_chart(rows, dark=False).data if trace.showlegend is not False]

    assert named(PRIMARY) == ["validation", "test"]
    assert named(PRIMARY[PRIMARY.draw == "validation"]) == ["validation"]
