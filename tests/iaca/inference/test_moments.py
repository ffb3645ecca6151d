"""Where to look, in traces whose moments are known because they were put there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.config import DropoutConfig, ForcedGates, FusionConfig, GateOverrides, WhatIf
from iaca.inference import add_influence, infer
from iaca.inference.moments import (
    APART_S,
    MOST,
    UNBOUNDED,
    Moment,
    MomentKind,
    Reading,
    find_moments,
    rank,
    single_modality,
)
from iaca.types import TRACE_COLUMNS, Score, Trace
from tests.conftest import columns_of, make_features
from tests.iaca.inference.test_trace import checkpoint_of

RATE = 25
SECONDS = 40
PTS_S = np.arange(SECONDS * RATE) / RATE


def reading(title="CA", iaca=False, **columns):
    """A model that says 0 everywhere, but for the given columns; the truth is 0."""
    frames = pd.DataFrame({name: np.full(len(PTS_S), np.nan, np.float32) for name in TRACE_COLUMNS})
    plain = {"frame": np.arange(len(PTS_S)), "pts_s": PTS_S, "has_face": True, "has_audio": True}
    plain |= dict.fromkeys(("valence", "arousal", "valence_truth", "arousal_truth"), 0.0)
    frames = frames.assign(**plain | columns)
    scores = {target: Score(0.0, len(PTS_S)) for target in ("valence", "arousal")}
    return Reading(title, iaca, Trace("s", title, 1, columns_of(frames), scores))


def bump(at_s, height, width_s=1.0):
    """A plateau, 0 elsewhere."""
    return np.where(np.abs(PTS_S - at_s) <= width_s / 2, height, 0.0)


def only(readings, kind):
    return find_moments(readings, [kind])


def test_errors_are_found_where_they_are_and_the_larger_comes_first():
    moments = only([reading(valence=bump(8, 0.4) - bump(30, 0.9))], MomentKind.ERROR)
    assert [m.peak_s for m in moments] == pytest.approx([30, 8], abs=0.1)
    assert moments[0].value == pytest.approx(0.9, abs=0.02)
    assert moments[0].sentence == "CA: valence −0.90, annotated +0.00"
    assert all(m.start_s <= m.peak_s and m.peak_s - m.start_s < APART_S for m in moments)


def test_frames_without_annotation_win_no_error():
    truth = np.where(np.abs(PTS_S - 20) < 3, np.nan, 0.0)
    moments = only([reading(valence=bump(20, 5.0) + bump(8, 0.3), valence_truth=truth)], MomentKind.ERROR)
    assert [m.peak_s for m in moments] == pytest.approx([8], abs=0.1)
    assert moments[0].value == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("mask", ["has_face", "has_audio"])
def test_frames_without_face_or_sound_win_no_gap_and_no_flip(mask):
    there = np.abs(PTS_S - 20) > 3
    self_weight = np.where((PTS_S > 19) & (PTS_S < 21), 1.0, 0.0)
    settings = {"valence": bump(20, 1.0), mask: there}
    settings |= {"valence_stage1_audio_self": self_weight, "valence_stage1_audio_cross": 1 - self_weight}
    readings = [reading(**settings), reading("CA+IACA", True, **{mask: there})]
    assert only(readings, MomentKind.GAP) == []
    assert only(readings, MomentKind.GATE_FLIP) == []
    settings[mask] = np.ones(len(PTS_S), bool)
    readings[0] = reading(**settings)
    assert only(readings, MomentKind.GAP)[0].peak_s == pytest.approx(20, abs=0.1)
    assert [m.peak_s for m in only(readings, MomentKind.GATE_FLIP)] == pytest.approx([19, 21], abs=0.1)


def test_a_gate_flips_where_its_largest_weight_changes_and_not_where_it_only_moves():
    visual = np.select([PTS_S < 12, PTS_S < 25], [0.8, 0.1], 0.3)
    weights = {"stage2_visual": visual, "stage2_audio": 0.95 - visual, "stage2_joint": np.full(len(PTS_S), 0.05)}
    both = {f"{t}_{name}": values for t in ("valence", "arousal") for name, values in weights.items()}
    moments = only([reading("CA+IACA", True, **both)], MomentKind.GATE_FLIP)
    assert len(moments) == 1
    assert moments[0].peak_s == pytest.approx(12, abs=0.05)
    assert moments[0].value == pytest.approx(0.7, abs=0.02)
    assert moments[0].sentence == "CA+IACA: stage-2 gate turns from visual (0.80) to audio (0.85)"
    own = both | {"arousal_stage2_visual": 0.9 - both["arousal_stage2_audio"]}
    assert "stage-2 gate of valence" in only([reading("CA+IACA", True, **own)], MomentKind.GATE_FLIP)[0].sentence


def test_models_part_and_iaca_gains_only_where_it_is_nearer():
    base = reading(arousal=bump(10, 0.8))
    gated = reading("CA+IACA", True, arousal=bump(30, 0.6))
    gaps = only([base, gated], MomentKind.GAP)
    assert [m.peak_s for m in gaps] == pytest.approx([10, 30], abs=0.1)
    assert gaps[0].sentence == "Arousal: CA +0.80, CA+IACA +0.00"
    gains = only([base, gated], MomentKind.GAIN)
    assert [m.peak_s for m in gains] == pytest.approx([10], abs=0.1)
    assert gains[0].sentence == "CA+IACA is 0.80 nearer to the annotated arousal than CA"
    assert only([base], MomentKind.GAP) == only([gated], MomentKind.GAIN) == []


def test_the_senses_disagree_where_each_alone_says_another_thing():
    whole = reading("CA+IACA", True)
    heard, seen = reading(valence=bump(15, 0.5)).trace, reading(valence=-bump(15, 0.4)).trace
    moments = only([whole._replace(audio_only=heard, visual_only=seen)], MomentKind.DISAGREEMENT)
    assert len(moments) == 1
    assert moments[0].value == pytest.approx(0.9, abs=0.02)
    assert moments[0].sentence == "CA+IACA: valence is +0.50 by the audio alone and −0.40 by the visual alone"
    assert only([whole], MomentKind.DISAGREEMENT) == []


def test_moments_of_a_kind_are_apart_and_bounded_in_number():
    moments = only([reading(valence=0.5 + 0.3 * np.sin(PTS_S * 9))], MomentKind.ERROR)
    assert len(moments) == MOST
    peaks = np.sort([m.peak_s for m in moments])
    assert np.diff(peaks).min() >= APART_S - 1 / RATE


def test_kinds_are_ranked_one_by_one_since_their_sizes_cannot_be_compared():
    made = [
        Moment("s", MomentKind(kind), 0.0, 0.0, value, "")
        for kind, value in (("largest error", 0.1), ("gate flip", 0.2), ("largest error", 0.9), ("gate flip", 0.8))
    ]
    assert [(m.kind.value, m.value) for m in rank(made)] == [
        ("gate flip", 0.8), ("gate flip", 0.2), ("largest error", 0.9), ("largest error", 0.1),
    ]  # fmt: skip
    assert [(m.kind.value, m.value) for m in rank(made, 1)] == [("gate flip", 0.8), ("largest error", 0.9)]


def test_a_prediction_beyond_the_scale_is_explained_where_it_is_told():
    beyond = reading("CA+IACA", True, valence=bump(10, 1.4))
    within = reading(valence=bump(10, 1.0))
    (gap,) = only([beyond, within], MomentKind.GAP)
    assert gap.sentence == f"Valence: CA+IACA +1.40, CA +1.00. {UNBOUNDED}"
    sides = beyond._replace(audio_only=beyond.trace, visual_only=within.trace)
    assert only([sides], MomentKind.DISAGREEMENT)[0].sentence.endswith(UNBOUNDED)
    errors = {only([one], MomentKind.ERROR)[0].sentence for one in (beyond, within)}
    assert errors == {"CA: valence +1.00, annotated +0.00", f"CA+IACA: valence +1.40, annotated +0.00. {UNBOUNDED}"}


def test_influences_that_pull_apart_are_a_conflict_and_one_alone_is_dominance_from_the_threshold_on():
    quiet = {f"{t}_{m}_influence": np.zeros(len(PTS_S)) for t in ("valence", "arousal") for m in ("audio", "visual")}
    audio, visual = bump(8, 0.4, 2.0) + bump(30, 0.3, 2.0), bump(8, -0.2, 2.0)
    one = reading(**quiet | {"valence_audio_influence": audio, "valence_visual_influence": visual})
    conflict, *others = only([one], MomentKind.CONFLICT)
    assert others == []
    assert abs(conflict.peak_s - 8) <= 1
    assert conflict.value == pytest.approx(0.2)
    assert conflict.sentence == "CA: the audio moves valence by +0.40, the visual by −0.20"
    assert abs(only([one], MomentKind.DOMINANCE)[0].peak_s - 30) <= 1
    assert not find_moments([one], [MomentKind.CONFLICT], threshold=0.25)
    assert find_moments([one], [MomentKind.DOMINANCE], threshold=0.25)[0].value == pytest.approx(0.3)
    assert not find_moments([one], [MomentKind.DOMINANCE], threshold=0.45)
    assert not find_moments([reading()], [MomentKind.CONFLICT, MomentKind.DOMINANCE])


def test_a_model_speaks_of_one_modality_by_its_second_stage_or_without_the_other():
    gated = FusionConfig(fusion="ca", iaca=True)
    before = WhatIf(dropouts=(DropoutConfig(share=0.5),), gates=GateOverrides(temperature=2.0))
    change = single_modality(gated, "audio", before)
    assert change.dropouts == before.dropouts
    assert change.gates == GateOverrides(temperature=2.0, forced=ForcedGates(stage2="audio"))
    for config in (FusionConfig(fusion="ca"), FusionConfig(fusion="ca", iaca=True, stage2=False)):
        change = single_modality(config, "audio", before)
        assert change.dropouts == (*before.dropouts, DropoutConfig(modality="visual", share=1.0))
        assert change.gates == before.gates


def test_moments_of_a_real_trace_lie_in_it(tmp_path):
    features = make_features(700, 4)
    readings = []
    for iaca in (False, True):
        checkpoint = checkpoint_of(tmp_path, iaca=iaca)
        changes = [single_modality(checkpoint.config, m) for m in ("audio", "visual")]
        sides = [infer(features, checkpoint, change.dropouts, gates=change.gates) for change in changes]
        trace = add_influence(infer(features, checkpoint), features, checkpoint)
        readings.append(Reading(checkpoint.title, iaca, trace, *sides))
    moments = find_moments(readings, threshold=1e-3)
    assert {m.kind for m in moments} == set(MomentKind)
    assert all(0 <= m.start_s <= m.peak_s <= features.pts_s[-1] and m.value > 0 for m in moments)
    assert find_moments([]) == []
