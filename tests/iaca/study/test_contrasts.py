"""Contrasts: their intervals cover, their errors are those of many studies, and several are corrected together."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from scipy import stats

from benchmarks.interval_coverage import Model, coverage, simulate
from iaca.evaluation import ccc_of_sums, ccc_sums
from iaca.study.contrasts import PRIMARY_FILE, Estimate, estimate, holm, primary_contrasts
from iaca.study.plan import table_rows

MODELS = (Model(0.62, 0.03), Model(0.60, 0.02))


def test_95_percent_intervals_cover_in_95_percent_of_studies():
    assert 0.935 <= coverage(MODELS, people=80, seeds=5, studies=1500) <= 0.965


def test_the_error_is_the_spread_of_the_difference_over_many_studies():
    rng = np.random.default_rng(1)
    found = [estimate(*simulate(rng, MODELS, people=60, seeds=5)) for _ in range(600)]
    assert np.mean([one.error for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.1)


def test_the_value_is_the_mean_over_seeds_of_pooled_ccc():
    rng = np.random.default_rng(2)
    truths = [rng.normal(size=50) for _ in range(7)]
    said = [[[truth + rng.normal(size=50) for truth in truths] for _ in range(3)] for _ in range(2)]
    ours, other = (
        np.array([[ccc_sums(t, p) for t, p in zip(truths, seed, strict=True)] for seed in model]) for model in said
    )

    def pooled(seed):
        x, y = np.concatenate(truths), np.concatenate(seed)
        return 2 * np.cov(x, y, ddof=0)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)

    expected = np.mean([pooled(a) - pooled(b) for a, b in zip(*said, strict=True)])
    found = estimate(ours, other)
    assert found.value == pytest.approx(expected)
    # Somebody without a frame counts neither in the value nor in the number of subjects.
    nobody = np.zeros((3, 1, 6))
    with_nobody = estimate(np.concatenate((ours, nobody), axis=1), np.concatenate((other, nobody), axis=1))
    assert with_nobody == pytest.approx(found)
    assert (with_nobody.subjects, with_nobody.seeds) == (7, 3)


def test_one_seed_has_an_error_over_subjects_and_one_subject_has_none():
    rng = np.random.default_rng(3)
    ours, other = simulate(rng, MODELS, people=30, seeds=1)
    found = estimate(ours, other)
    assert found.freedom == pytest.approx(29)
    assert found.error > 0
    alone = estimate(ours[:, :1], other[:, :1])
    assert np.isnan(alone.error)
    assert np.isnan(alone.interval()).all()
    assert np.isnan(alone.p)
    assert alone.value == pytest.approx(float(ccc_of_sums(ours[0, 0]) - ccc_of_sums(other[0, 0])))


def test_the_smallest_detectable_difference_is_found_four_times_in_five():
    one = Estimate(0.0, 0.01, 30.0, 80, 5)
    critical = stats.t.ppf(0.975, 30) * one.error
    rng = np.random.default_rng(0)
    found = one.smallest_detectable + one.error * stats.t.rvs(30, size=100_000, random_state=rng)
    assert np.mean(found > critical) == pytest.approx(0.80, abs=0.005)


def test_an_interval_leaves_out_0_where_its_p_is_below_5_percent():
    for value in (0.019, 0.021):
        one = Estimate(value, 0.01, 60.0, 80, 5)
        low, _ = one.interval()
        assert (low > 0) == (one.p < 0.05)


def test_holms_adjustment_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    adjusted = holm([0.01, float("nan"), 0.02])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])
    assert holm([]) == []


def test_the_primary_contrasts_are_three_questions_of_two_bases_and_name_rows_of_the_study():
    contrasts, digest = primary_contrasts()
    assert digest == hashlib.sha256(PRIMARY_FILE.read_bytes()).hexdigest()
    assert len(contrasts) == len(set(contrasts)) == 2 * 3 * 2 * 2
    dims = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
    rows = {row.name for fusion in ("concat", "ca", "jca") for row in table_rows(fusion, dims)}
    assert {name for one in contrasts for name in (one.model, one.against)} <= rows
    assert {one.target for one in contrasts} == {"valence", "arousal"}
    assert json.loads(PRIMARY_FILE.read_text())["bases"] == ["ca", "jca"]
