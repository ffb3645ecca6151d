"""The chart of label memory: a line per model through its scores, told apart without colour."""

from __future__ import annotations

from dashboard.charts.memory_chart import memory_chart
from tests.dashboard.study_tables import decision_tables

CURVE = decision_tables()["memory"]


def test_every_model_is_a_line_through_its_scores_in_both_panels():
    figure = memory_chart(CURVE, dark=False)
    assert [(trace.name, trace.xaxis) for trace in figure.data] == [
        ("Concat", "x"), ("CA", "x"), ("Concat", "x2"), ("CA", "x2"),
    ]  # fmt: skip
    assert list(figure.data[1].y) == [0.6, 0.6]
    assert [row[0] for row in figure.data[1].customdata] == [2.2, 11.0]
    assert list(figure.layout.xaxis.ticktext) == ["2.2", "11"]


def test_lines_differ_in_dash_and_shape_and_in_colour_by_the_page():
    light, dark = (memory_chart(CURVE, dark=dark).data for dark in (False, True))
    assert len({(trace.line.dash, trace.marker.symbol) for trace in light[:2]}) == 2
    assert light[0].line.color != dark[0].line.color
