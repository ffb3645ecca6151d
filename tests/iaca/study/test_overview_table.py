"""Tables of a corpus, against numbers computed from the traces of its subjects by other means."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.config import ForcedGates, GateOverrides, WhatIf
from iaca.inference import infer
from iaca.metrics import ccc
from iaca.study.overview import measure
from iaca.study.overview_table import (
    BY_CONDITION,
    BY_EPISODE,
    BY_RELATIONSHIP,
    COLUMNS,
    Pair,
    follow_table,
    gain_over,
    gate_table,
    pooled_ccc,
    still_gates,
    subject_table,
)
from iaca.types import Episode
from tests.conftest import make_features
from tests.iaca.inference.test_trace import checkpoint_of

EPISODES = [Episode(f"s{k}", 1.0, 5.0, "audio", "noise", "") for k in range(6)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    models = [checkpoint_of(folder, iaca=iaca) for iaca in (False, True)]
    people = [make_features(900, 4, seed=k, subject=f"s{k}") for k in range(6)]
    pairs = [
        Pair(*(measure(one, m, episodes=EPISODES) for m in models), f"kind_{k % 2}") for k, one in enumerate(people)
    ]
    return people, models, pairs


def said(one, model, target):
    trace = infer(one, model)
    return trace.columns[f"{target}_truth"], trace.columns[target]


def test_a_row_has_both_scores_their_difference_and_an_interval_around_it(corpus):
    people, (base, gated), pairs = corpus
    table = subject_table(pairs)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 12
    for row in table.to_dict("records"):
        one = people[int(row["subject"][1])]
        scores = [ccc(*said(one, model, row["target"])) for model in (base, gated)]
        assert [row["ccc_base"], row["ccc_gated"]] == pytest.approx(scores, abs=1e-9)
        assert row["gain"] == pytest.approx(scores[1] - scores[0], abs=1e-9)
        assert row["gain_low"] < row["gain"] < row["gain_high"]
        shares = [value for name, value in row.items() if name.startswith("share_")]
        assert sum(shares) == pytest.approx(1)


def test_scores_over_subjects_are_those_of_their_frames_laid_end_to_end(corpus):
    people, (base, gated), pairs = corpus
    both = []
    for model in (base, gated):
        parts = [said(one, model, "arousal") for one in people]
        both.append(ccc(*(np.concatenate(part) for part in zip(*parts, strict=True))))
    assert pooled_ccc([pair.gated for pair in pairs], "arousal") == pytest.approx(both[1], abs=1e-9)
    gain = gain_over(pairs, "arousal")
    assert gain.value == pytest.approx(both[1] - both[0], abs=1e-9)
    assert gain.subjects == 6
    assert gain_over([pair._replace(base=None) for pair in pairs], "arousal") is None


def test_a_short_recording_or_a_single_model_has_no_interval(tmp_path):
    models = [checkpoint_of(tmp_path, iaca=iaca) for iaca in (False, True)]
    short = [measure(make_features(200, 4, subject="s"), model) for model in models]
    table = subject_table([Pair(*short), Pair(None, short[1])])
    assert table["gain_low"].isna().all()
    assert table["gain"].notna().tolist() == [True, True, False, False]


def test_groups_of_clips_together_are_all_clips(corpus):
    pairs = corpus[2]
    whole = gate_table([pair._replace(condition="") for pair in pairs], "valence", BY_CONDITION)
    assert set(whole["group"]) == {"no condition"}
    for by, groups in (
        (BY_CONDITION, {"kind 0", "kind 1"}),
        (BY_EPISODE, {"voice corrupted", "no episode"}),
        (BY_RELATIONSHIP, None),
    ):
        table = gate_table(pairs, "valence", by)
        assert groups is None or set(table["group"]) == groups
        for weight, part in table.groupby("weight"):
            all_clips = whole[whole["weight"] == weight].iloc[0]
            assert part["clips"].sum() == all_clips["clips"]
            mixed = np.average(part.filter(like="bin_").to_numpy(), axis=0, weights=part["clips"])
            assert mixed == pytest.approx(all_clips.filter(like="bin_").to_numpy(float))
    assert (whole["low"] <= whole["mean"]).all()
    assert gate_table(pairs, "valence", BY_CONDITION)["low"].isna().all()  # three subjects each


def test_a_gate_that_is_held_is_told_and_one_that_moves_is_not(corpus):
    people, (_, gated), pairs = corpus
    assert still_gates([pair.gated for pair in pairs], "valence") == ()
    held = WhatIf(gates=GateOverrides(forced=ForcedGates(stage2="joint")))
    measures = [measure(one, gated, held) for one in people]
    assert still_gates(measures, "valence") == ("stage2_audio", "stage2_visual", "stage2_joint")
    table = subject_table([Pair(None, one) for one in measures])
    assert table["stage1_moves"].all()
    assert not table["stage2_moves"].any()


def test_whether_weights_follow_influence_is_a_mean_over_subjects(corpus):
    pairs = corpus[2]
    table = follow_table(pairs)
    assert len(table) == 4
    row = table[(table["target"] == "arousal") & (table["modality"] == "visual")].iloc[0]
    values = [pair.gated.follows[1, 1] for pair in pairs]
    assert row["correlation"] == pytest.approx(np.mean(values))
    assert row["low"] <= row["correlation"] <= row["high"]
    assert row["positive"] == np.mean(np.array(values) > 0)
