"""The chart of Robustness: what it draws is what the table says, and every model has its own mark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.charts import missing_curves
from iaca.figures import palette
from iaca.figures.roles import styles

SHARES = (0.0, 0.2, 0.8)
TOPS = {"CA": 0.5, "CA+IACA": 0.6, "Concat": 0.4}


def table(*, low=True):
    return pd.DataFrame(
        {
            "model": model,
            "target": "valence",
            "share": share,
            "ccc": top - share / 4,
            "low": top - share / 4 - 0.1 if low else np.nan,
            "high": top - share / 4 + 0.2 if low else np.nan,
        }
        for model, top in TOPS.items()
        for share in SHARES
    )


def draw(rows, *, dark=False):
    return missing_curves.chart(
        rows, styles(rows["model"]), missing_curves.limits(rows), "share of audio missing", "CCC valence", dark=dark
    )


def curves(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def bands(figure):
    return [trace for trace in figure.data if trace.fill]


@pytest.mark.parametrize("dark", [False, True])
def test_curves_and_bands_are_those_of_the_table_in_the_colours_of_the_palette(dark):
    figure = draw(table(), dark=dark)
    assert list(curves(figure)) == list(TOPS)
    for (model, curve), band in zip(curves(figure).items(), bands(figure), strict=True):
        values = np.array([TOPS[model] - share / 4 for share in SHARES])
        np.testing.assert_allclose(curve.x, SHARES)
        np.testing.assert_allclose(curve.y, values)
        np.testing.assert_allclose(band.y, [*(values + 0.2), *(values - 0.1)[::-1]])
    assert curves(figure)["CA+IACA"].line.color == palette.MODELS[1].colour[dark]
    for look in ("symbol", "color"):
        assert len({curve.marker[look] for curve in curves(figure).values()}) == len(TOPS)
    assert len({curve.line.dash for curve in curves(figure).values()}) == len(TOPS)


def test_a_band_comes_and_goes_with_its_line():
    figure = draw(table())
    assert [band.legendgroup for band in bands(figure)] == [curve.legendgroup for curve in curves(figure).values()]
    assert len({band.legendgroup for band in bands(figure)}) == len(TOPS)


def test_axes_say_what_they_are_and_hold_everything():
    figure = draw(table())
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("share of audio missing", "CCC valence")
    low, high = figure.layout.yaxis.range
    assert low < 0.4 - 0.2 - 0.1
    assert high > 0.6 + 0.2
    assert figure.layout.xaxis.range == (0, 0.8)


def test_the_tip_of_a_point_says_value_and_interval_and_leaves_out_what_is_not_there():
    assert curves(draw(table()))["CA"].customdata[0] == "0.500 [0.400, 0.700]"
    figure = draw(table(low=False))
    assert curves(figure)["CA"].customdata[0] == "0.500"
    assert not any(len(band.x) for band in bands(figure))


def test_a_value_that_is_not_defined_breaks_its_curve_and_is_said():
    rows = table()
    rows.loc[(rows["model"] == "CA") & (rows["share"] == 0.2), ["ccc", "low", "high"]] = np.nan
    assert np.isnan(curves(draw(rows))["CA"].y[1])
    assert missing_curves.numbers(rows)["20%"][0] == missing_curves.UNDEFINED
