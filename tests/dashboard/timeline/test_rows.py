"""What the player is told to draw."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.timeline.bands import ANSWERS_APART, GATE_MOVED, differ_off_median, episode_label, lasting, spans
from dashboard.timeline.declared import Column
from dashboard.timeline.rows import compare_figure, score_limits
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.figures import palette
from iaca.inference import infer
from iaca.types import Episode
from tests.conftest import columns_of
from tests.dashboard.projects import write_model
from tests.dashboard.timeline.drawing import SPEC, draw, rows_of, shown_models


def test_rows_come_in_the_order_of_the_model(features, models):
    assert [row.key for row in draw(features, models).rows] == [
        "attention", "stage1_audio_1", "stage1_visual_1", "stage2_1", "valence", "arousal", "difference", "waveform",
        "spectrogram",
    ]  # fmt: skip


def test_every_curve_has_numbers_a_name_and_a_place_in_the_legend(features, models):
    figure = draw(features, models, DropoutConfig(share=0.3))
    for row in figure.rows:
        if row.kind != "curves":
            continue
        names = [curve.name for curve in row.curves]
        assert len(set(names)) == len(names) > 0
        for curve in row.curves:
            assert curve.legend or curve.ghost
            assert figure.columns[curve.column].values.dtype == np.float32
            assert len(curve.values(figure.columns)) == SPEC.frames


def test_an_axis_gives_way_to_what_leaves_it_and_stays_otherwise(features, models):
    calm = draw(features, models)
    assert rows_of(calm)["valence"].range == rows_of(calm)["difference"].range == (-1.08, 1.08)
    base, gated = shown_models(features, models)
    frames = gated.trace.frames.copy()
    frames.loc[40:60, "valence"] = 1.3
    loud = gated._replace(trace=gated.trace._replace(columns=columns_of(frames)))
    truth = base.trace.frames
    rows = rows_of(compare_figure("x", truth, [base, loud], target="valence", score="contribution", scaled=True))
    assert rows["valence"].range == pytest.approx((-1.58, 1.58))
    apart = np.abs(frames["valence"] - base.trace.frames["valence"]).max()
    assert apart <= rows["difference"].range[1] <= apart + 0.34
    assert rows["arousal"].range == (-1.08, 1.08)


def test_rows_say_whose_gates_they_show_only_where_each_target_has_its_own(features, models, tmp_path):
    assert draw(features, models, target="arousal").gates_of == "arousal"
    write_model(tmp_path / "one.safetensors", iaca=True, seed=4, trunk="shared")
    shared = [load_checkpoint(tmp_path / "one.safetensors")]
    assert draw(features, shared, target="arousal").gates_of is None


def test_spans_of_one_lane_have_one_name_or_are_apart(features, models):
    figure = draw(features, models)
    named = {(band.lane, band.label) for band in figure.bands if band.kind != "episode"}
    assert len({lane for lane, _ in named}) == len(named)


def test_a_recording_without_annotation_is_not_hatched(features, models):
    shown = shown_models(features, models)
    truth = shown[0].trace.frames.assign(valence_truth=np.nan, arousal_truth=np.nan)
    figure = compare_figure("x", truth, shown, target="valence", score="contribution", scaled=True)
    [band] = [band for band in figure.bands if band.label == "not annotated"]
    assert band.opacity == 0


def test_stacked_weights_fill_their_row_exactly(features, models):
    figure = draw(features, models)
    for key in ("stage1_audio_1", "stage1_visual_1", "stage2_1"):
        row = rows_of(figure)[key]
        assert [curve.stack for curve in row.curves] == ["first"] + ["next"] * (len(row.curves) - 1)
        total = sum(curve.values(figure.columns) for curve in row.curves)
        np.testing.assert_allclose(total, 1, atol=1e-5)


def test_scaled_scores_reach_0_and_1_without_dropout_and_keep_their_limits_under_it(features, models):
    shown = shown_models(features, models)
    limits = score_limits(shown, "valence", "contribution")
    dropped = shown_models(features, models, DropoutConfig(share=0.5))
    assert score_limits(dropped, "valence", "contribution") == limits
    figure = draw(features, models)
    for modality in ("audio", "visual"):
        values = np.array([figure.columns[Column(f"{modality}_attention_score", i)].values for i in (0, 1)])
        assert values.min() == pytest.approx(0, abs=1e-6)
        assert values.max() == pytest.approx(1, abs=1e-6)
    under = draw(features, models, DropoutConfig(share=0.5)).columns[Column("audio_attention_score", 1)].values
    raw = dropped[1].trace.frames["valence_audio_contribution"].to_numpy()
    expected = (raw - limits.low["audio"]) / (limits.high["audio"] - limits.low["audio"])
    np.testing.assert_allclose(under, expected, atol=1e-5)


def test_raw_scores_are_those_of_the_trace(features, models):
    figure = draw(features, models, score="received", scaled=False, target="arousal")
    expected = infer(features, models[1]).frames["arousal_visual_received"]
    np.testing.assert_allclose(figure.columns[Column("visual_attention_score", 1)].values, expected, atol=1e-6)


def test_ghosts_and_shading_appear_only_under_dropout(features, models):
    plain, dropped = draw(features, models), draw(features, models, DropoutConfig(share=0.25, seed=4))
    assert [curve.name for curve in rows_of(plain)["valence"].curves] == ["truth", "CA", "CA+IACA"]
    assert [curve.name for curve in rows_of(dropped)["valence"].curves] == [
        "truth", "CA", "CA+IACA", "CA, no dropout", "CA+IACA, no dropout",
    ]  # fmt: skip
    assert not [band for band in plain.bands if band.kind == "dropped"]
    (band,) = [band for band in dropped.bands if band.kind == "dropped"]
    lost = infer(features, models[0], [DropoutConfig(share=0.25, seed=4)]).frames["audio_dropped"].to_numpy()
    inside = np.zeros(SPEC.frames, bool)
    for start, end in band.spans:
        inside |= (features.pts_s >= start - 1e-9) & (features.pts_s < end - 1e-9)
    np.testing.assert_array_equal(inside, lost)


def test_spans_join_neighbours_and_reach_to_the_next_frame():
    pts_s = np.array([0.0, 0.1, 0.3, 0.4])
    assert spans(np.array([True, True, False, True]), pts_s) == [(0.0, 0.3), (0.4, pytest.approx(0.5))]
    assert spans(np.zeros(4, bool), pts_s) == []
    assert spans(np.zeros(0, bool), np.zeros(0)) == []


def test_episodes_are_named_and_masks_lie_only_behind_their_rows(features, models):
    episodes = [
        Episode("someone", 1.0, 2.0, "audio", "noise"),
        Episode("someone", 2.0, 3.0, "visual", "conflict", "audio"),
        Episode("someone", 3.0, 4.0, "visual", "conflict_control", "audio"),
    ]
    assert [episode_label(one) for one in episodes] == ["voice: noise", "conflict: voice true", "control: voice true"]
    strangers = [Episode("someone", 4.0, 5.0, "visual", kind) for kind in ("stranger", "stranger_control")]
    assert [episode_label(one) for one in strangers] == ["face: somebody else", "face: somebody else, no cue"]
    figure = draw(features, models, episodes=episodes)
    bands = {band.label: band for band in figure.bands}
    assert bands["voice: noise"].spans == [(1.0, 2.0)]
    assert bands["voice: noise"].rows is None
    assert set(bands["not annotated"].rows) == {"valence", "arousal"}
    assert set(bands["no face"].rows) == {"attention", "stage1_visual_1"}
    assert bands["no face"].hatched


def test_gate_rows_are_those_of_whoever_has_gates_and_say_whose(features, models):
    base, gated = models
    titles = {
        name: [row.title for row in draw(features, pair).rows if row.unit == "weight"]
        for name, pair in (("none", [base]), ("alone", [gated]), ("first", [gated, base]), ("both", [gated, gated]))
    }
    assert titles["none"] == []
    assert titles["alone"] == ["Stage-1 gate, audio", "Stage-1 gate, visual", "Stage-2 gate"]
    assert titles["first"] == [f"{title} · CA+IACA" for title in titles["alone"]]
    assert titles["both"] == 2 * titles["first"]


def test_models_without_attention_or_of_one_target_have_no_such_curves(features, tmp_path):
    write_model(tmp_path / "concat.safetensors", iaca=False, seed=1, fusion="concat")
    write_model(tmp_path / "half.safetensors", iaca=True, seed=1, targets=("arousal",))
    concat, half = (load_checkpoint(tmp_path / f"{name}.safetensors") for name in ("concat", "half"))
    assert list(rows_of(draw(features, [concat])))[:2] == ["valence", "arousal"]
    rows = rows_of(draw(features, [concat, half], target="arousal"))
    assert [curve.column for curve in rows["valence"].curves] == [Column("valence"), Column("valence", 0)]
    assert [curve.column for curve in rows["arousal"].curves] == [
        Column("arousal"), Column("arousal", 0), Column("arousal", 1),
    ]  # fmt: skip


def test_models_differ_off_the_median_only_where_predictions_differ_and_a_gate_moved(features, models):
    base, gated = (infer(features, model) for model in models)
    where = differ_off_median(base, gated, "valence")
    assert 0 < where.sum() < len(where)
    gap = np.abs(base.frames["valence"] - gated.frames["valence"])
    assert gap[where].min() >= ANSWERS_APART
    names = ("stage1_audio_cross", "stage1_visual_cross", "stage2_audio", "stage2_visual", "stage2_joint")
    gates = [f"valence_{name}" for name in names]
    away = (gated.frames[gates] - gated.frames[gates].median()).abs().max(axis=1)
    assert away[where].min() >= GATE_MOVED
    assert (away[~where & (gap >= ANSWERS_APART)] < GATE_MOVED).all()
    assert not differ_off_median(base, base, "valence").any()


def test_what_is_shorter_than_half_a_second_does_not_flicker():
    assert lasting([(0, 0.2), (0.4, 1.0), (2, 2.3), (5, 5.5)]) == [(0, 1.0), (5, 5.5)]
    assert lasting([]) == []


def test_the_difference_is_the_second_model_less_the_first(features, models):
    figure = draw(features, models)
    for curve, target in zip(rows_of(figure)["difference"].curves, ("valence", "arousal"), strict=True):
        first, second = (infer(features, model).frames[target] for model in models)
        np.testing.assert_allclose(curve.values(figure.columns), second - first, atol=1e-6)
    assert "difference" not in rows_of(draw(features, models[:1]))


def test_without_models_truth_remains(features, models):
    truth = infer(features, models[0]).frames
    figure = compare_figure("someone", truth, [], target="valence", score="contribution", scaled=True)
    assert list(rows_of(figure)) == ["valence", "arousal", "waveform", "spectrogram"]
    np.testing.assert_array_equal(figure.columns[Column("valence")].values, features.valence)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_is_its_own_and_stands_out_on_light_and_dark_pages():
    models = (*palette.MODELS, *palette.FURTHER)
    colours = [palette.AUDIO, palette.VISUAL, palette.JOINT, *(style.colour for style in models)]
    assert len(set(colours)) == len(colours)
    for light, dark in colours:
        assert contrast(light, "#ffffff") >= 3
        assert contrast(dark, "#0e1117") >= 3
    assert len({style.dash for style in models}) == len(models) == 6
    assert len({style.shape for style in (*models, palette.TRUTH)}) == len(models) + 1
    assert {style.shape for style in models} <= palette.SHAPES.keys()
