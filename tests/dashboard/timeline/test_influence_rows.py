"""The rows of influence and the lane that says how audio and visual relate."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dashboard.state import session
from dashboard.timeline.bands import spans
from dashboard.timeline.declared import Column
from dashboard.timeline.influence_rows import CODES
from dashboard.timeline.rows import compare_figure
from iaca.config import DropoutConfig
from iaca.inference import Relationship
from iaca.inference.influence import THRESHOLD
from tests.dashboard.timeline.drawing import draw, rows_of, with_influence

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""Of linear RGB; Machado et al. (2009), severity 1."""

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
TEXTS = ("#31333f", "#fafafa")


def figure_of(features, shown):
    truth = shown[0].trace.frames
    return compare_figure("someone", truth, shown, target="valence", score="contribution", scaled=True)


def lab(colour):
    """CIELAB of a colour as somebody with deuteranopia sees it."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(DEUTERANOPIA @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("dropout", [None, DropoutConfig(share=0.5)], ids=["plain", "dropout"])
def test_each_model_has_a_row_of_its_influences_between_its_gates_and_the_predictions(features, models, dropout):
    shown = with_influence(features, models, 0.01, dropout)
    figure = figure_of(features, shown)
    keys = list(rows_of(figure))
    assert keys.index("stage2_1") < keys.index("influence_0") < keys.index("influence_1") < keys.index("valence")
    for i, model in enumerate(shown):
        for modality in ("audio", "visual"):
            quantity = f"valence_{modality}_influence"
            drawn = figure.columns[Column(quantity, i)].values
            np.testing.assert_array_equal(drawn, model.trace.frames[quantity])
            assert (Column(quantity, i, ghost=True) in figure.columns) == (dropout is not None)
    first, second = (rows_of(figure)[f"influence_{i}"] for i in (0, 1))
    assert first.range == second.range
    assert "influence" not in {row.slot for row in draw(features, models).rows}


def test_the_lane_of_a_model_says_of_every_frame_what_the_relationship_is_and_lies_behind_no_row(features, models):
    shown = with_influence(features, models, 1e-3)
    figure = figure_of(features, shown)
    seen = set()
    for model in shown:
        bands = [band for band in figure.bands if band.lane == f"{model.title}: relation"]
        assert [band.label for band in bands] == [f"{kind} ({model.title})" for kind in CODES]
        for kind, band in zip(CODES, bands, strict=True):
            assert band.spans == spans(model.relation.kinds == kind, figure.pts_s)
            assert band.rows == ()
            seen |= {kind} if band.spans else set()
    assert len(seen) > 1
    assert not any(band.kind == "relationship" for band in draw(features, models).bands)


def test_without_sound_the_audio_has_no_influence_and_is_marked_as_missing(features, models):
    silent = features._replace(
        audio=np.repeat(features.audio_zero[None], len(features.audio), 0),
        has_audio=np.zeros(len(features.pts_s), bool),
    )
    shown = with_influence(silent, models, 1e-3)
    figure = figure_of(silent, shown)
    assert not figure.columns[Column("valence_audio_influence", 0)].values.any()
    assert not any(band.spans for band in figure.bands if band.kind == "relationship")
    (missing,) = (band for band in figure.bands if band.label == "no audio")
    assert {"influence_0", "influence_1"} <= set(missing.rows)


def test_relationships_are_told_apart_under_deuteranopia_and_without_colour():
    assert set(CODES) == {kind.value for kind in Relationship} - {"neither"}
    assert len({code.letter for code in CODES.values()}) == len(CODES)
    for theme in (0, 1):
        colours = [TEXTS[theme] if code.colour == "text" else code.colour[theme] for code in CODES.values()]
        for one, other in itertools.combinations(colours, 2):
            assert np.linalg.norm(lab(one) - lab(other)) > 25


def test_the_page_counts_an_influence_from_the_default_of_the_library():
    assert session.THRESHOLD.default == THRESHOLD
