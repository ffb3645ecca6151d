"""Seeds of one model as one curve with a band: in rows, figures and tables, with a change and smoothed."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.export.printed_rows import figure_of_view
from dashboard.services import export_files
from dashboard.services.seed_models import as_bands
from dashboard.timeline.declared import Column
from dashboard.timeline.rows import compare_figure
from dashboard.timeline.seed_bands import SPREAD_FILL
from dashboard.timeline.smoothing import smoothed
from dashboard.timeline.transport import spec
from iaca.config import DropoutConfig
from tests.dashboard.projects import write_seeds
from tests.dashboard.timeline.drawing import SPEC, rows_of, shown_models, small_features, small_models

SEEDS = 3


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """CA alone, then three seeds of CA+IACA with half of the audio dropped: as they are, and as bands."""
    folder = tmp_path_factory.mktemp("models")
    models = [small_models(folder)[0], *write_seeds(folder, SEEDS, iaca=True)]
    features, dropout = small_features(), DropoutConfig(share=0.5)
    single = [one for model in models for one in shown_models(features, [model], dropout)]
    return single, as_bands(single, models, None)


@pytest.fixture(scope="module")
def figure(seen):
    truth = seen[0][0].trace.frames
    return compare_figure(SPEC.name, truth, seen[1], target="valence", score="contribution", scaled=True)


def test_three_seeds_are_one_curve_between_the_smallest_and_the_largest(seen, figure):
    single, both = seen
    assert [one.title for one in both] == ["CA", "CA+IACA, 3 seeds"]
    assert [one.spread is None for one in both] == [True, False]
    row = rows_of(figure)["valence"]
    (band,) = [curve for curve in row.curves if curve.fill]
    every = np.stack([one.trace.columns["valence"] for one in single[1:]])
    np.testing.assert_array_equal(figure.columns[band.column].values, every.max(axis=0))
    np.testing.assert_array_equal(figure.columns[band.below].values, every.min(axis=0))
    np.testing.assert_allclose(figure.columns[Column("valence", 1)].values, every.mean(axis=0), atol=1e-6)
    before = np.mean([one.baseline.columns["valence"] for one in single[1:]], axis=0)
    np.testing.assert_allclose(figure.columns[Column("valence", 1, True)].values, before, atol=1e-6)
    sent = next(one for one in spec(figure)["rows"] if one["key"] == "valence")["traces"]
    assert [one["floor"] for one in sent if one["fill"]] == ["1_valence_smallest"]
    assert "from the smallest to the largest" in row.help
    assert "difference" in rows_of(figure)


def test_scaled_attention_scores_have_their_band_on_the_same_scale(figure):
    columns, row = figure.columns, rows_of(figure)["attention"]
    bands = [curve for curve in row.curves if curve.fill]
    assert len(bands) == 2
    for band in bands:
        middle = columns[Column(band.quantity.removesuffix("_largest"), 1)].values
        low, high = columns[band.below].values, columns[band.column].values
        np.testing.assert_array_equal(np.isnan(low), np.isnan(middle))  # 0/0 where a clip is dropped
        assert np.nanmax(low - middle) < 1e-6
        assert np.nanmax(middle - high) < 1e-6
        assert np.nanmax(high - low) > 1e-3


def test_tables_figures_and_smoothed_rows_have_the_band(seen, figure):
    shown, truth = seen[1], seen[0][0].trace.frames
    take = export_files.Take(
        SPEC.name, True, figure, shown, truth, None, "valence", "contribution", True, None, (0, SPEC.frames - 1)
    )
    table = export_files.curves(take)
    name = "ca_iaca_3_seeds_arousal"
    assert (table[f"{name}_smallest"] < table[name]).any()
    assert (table[name] <= table[f"{name}_largest"] + 1e-6).all()
    assert "largest seed" in table.attrs["columns"][f"{name}_largest"]
    smooth = smoothed(figure)
    (band,) = [curve for curve in rows_of(smooth)["valence"].curves if curve.fill]
    assert {band.column, band.below} <= smooth.columns.keys()
    printed = figure_of_view(export_files.view(take._replace(figure=smooth)))
    axes = next(one for one in printed.axes if one.get_ylabel() == "valence")
    (area,) = [part for part in axes.collections if part.get_alpha() == SPREAD_FILL]
    ends = smooth.columns[band.below].values.min(), smooth.columns[band.column].values.max()
    heights = area.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose((heights.min(), heights.max()), ends, atol=0.02)
