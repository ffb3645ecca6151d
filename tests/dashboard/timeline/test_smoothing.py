"""Smoothing changes what is drawn and says so; what scores and tables are made of stays."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.timeline import transport
from dashboard.timeline.declared import Column
from dashboard.timeline.smoothing import NOTE, SUFFIX, moving_mean, smoothed
from iaca.config import TARGETS, DropoutConfig
from tests.dashboard.timeline.drawing import draw, rows_of

PTS_S = np.arange(100) / 25


def test_a_mean_over_half_a_second_leaves_lines_and_levels_and_halves_steps():
    # Away from the ends, where the window is cut off.
    np.testing.assert_allclose(moving_mean(3 * PTS_S, PTS_S)[10:-10], 3 * PTS_S[10:-10])
    np.testing.assert_allclose(moving_mean(np.full(100, 0.7), PTS_S), 0.7)
    step = moving_mean((PTS_S >= 2).astype(float), PTS_S)
    assert step[PTS_S < 1.7].max() == 0
    assert step[PTS_S > 2.3].min() == 1
    assert np.diff(step).max() == pytest.approx(1 / 13)  # frames within a quarter of a second to either side


def test_frames_without_a_value_stay_so_and_do_not_spread():
    values = np.ones(100)
    values[40:60] = np.nan
    found = moving_mean(values, PTS_S)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    assert np.nanmax(np.abs(found - 1)) == 0


def test_uneven_frames_count_by_their_times():
    uneven = np.concatenate((np.arange(50) / 50, 1 + np.arange(50) / 10))
    found = moving_mean(uneven, uneven)
    assert found[60] == pytest.approx(uneven[60])
    assert found[25] == pytest.approx(uneven[25])


def test_curves_of_models_are_smoothed_and_labelled_and_the_annotation_is_not(features, models):
    figure = draw(features, models, DropoutConfig(share=0.5))
    found = smoothed(figure)
    assert found.note == NOTE
    assert len(found.rows) == len(figure.rows)
    for key, row in rows_of(found).items():
        before = rows_of(figure)[key]
        assert row.title == before.title + (SUFFIX if row.curves else "")
        assert [curve.name for curve in row.curves] == [curve.name for curve in before.curves]
        for curve, old in zip(row.curves, before.curves, strict=True):
            expected = old.values(figure.columns)
            if curve.model is not None:
                expected = moving_mean(expected, figure.pts_s)
            np.testing.assert_allclose(curve.values(found.columns), expected, atol=1e-5)


def test_points_and_scores_keep_the_predictions_as_they_were(features, models):
    figure = draw(features, models)
    found = smoothed(figure)
    assert found.points == figure.points
    for point in figure.points:
        for target in TARGETS:
            column = Column(target, point.model)
            assert found.columns[column] is figure.columns[column]


def test_smoothed_weights_still_sum_to_one(features, models):
    found = smoothed(draw(features, models))
    weights = [curve.values(found.columns) for curve in rows_of(found)["stage2_1"].curves]
    np.testing.assert_allclose(np.sum(weights, axis=0), 1, atol=1e-5)


def test_it_travels_to_the_player_like_any_figure(features, models):
    found = smoothed(draw(features, models, DropoutConfig(share=0.5)))
    tables, _ = transport.tables(found, lambda content: str(len(content)))
    sent = {name for table in tables for name in table.columns}
    drawn = {trace["column"] for row in transport.spec(found)["rows"] for trace in row["traces"]}
    assert drawn <= sent


def test_without_models_there_is_nothing_to_smooth(features, models):
    figure = draw(features, models)
    bare = figure._replace(
        rows=tuple(row._replace(curves=tuple(c for c in row.curves if c.model is None)) for row in figure.rows)
    )
    assert smoothed(bare) is bare
