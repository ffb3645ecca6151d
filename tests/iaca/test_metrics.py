"""CCC against its definition, and where it is not defined."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from iaca.metrics import annotated, ccc, pearson, rmse
from iaca.training.losses import ccc_loss
from tests import reference
from tests.cases import cases

DRAW = np.random.default_rng(0)
TRUTH = DRAW.uniform(-1, 1, 50)
PREDICTION = TRUTH * 0.6 + DRAW.normal(size=50) * 0.2 + 0.1


SCORE = st.floats(-1, 1, width=32)
PAIRS = st.lists(st.tuples(SCORE, SCORE), min_size=2, max_size=40).map(lambda pairs: np.array(pairs, float).T)


def numbers(values):
    return np.array([np.nan if value is None else value for value in values])


@pytest.mark.parametrize("case", cases("agreement"), ids=lambda case: case["case"])
def test_agreement_is_that_of_the_cases_which_the_browser_shares(case):
    truth, prediction = numbers(case["truth"]), numbers(case["prediction"])
    assert np.isfinite(truth).sum() == case["count"]
    expected = numbers([case["ccc"], case["rmse"]])
    np.testing.assert_allclose([ccc(truth, prediction), rmse(truth, prediction)], expected, rtol=0, atol=1e-12)


def test_ccc_equals_its_definition():
    assert ccc(TRUTH, PREDICTION) == pytest.approx(reference.ccc(TRUTH, PREDICTION), rel=1e-12)


def test_ccc_is_one_for_equal_and_minus_one_for_mirrored_sequences():
    centred = TRUTH - TRUTH.mean()
    assert ccc(centred, centred) == pytest.approx(1)
    assert ccc(centred, -centred) == pytest.approx(-1)


def test_frames_without_annotation_do_not_move_ccc():
    truth = np.concatenate((TRUTH, [np.nan, np.nan]))
    assert ccc(truth, np.concatenate((PREDICTION, [5.0, np.nan]))) == pytest.approx(ccc(TRUTH, PREDICTION))


def test_masked_frames_do_not_move_ccc():
    valid = np.arange(50) < 30
    changed = np.where(valid, PREDICTION, 9.0)
    assert ccc(TRUTH, changed, valid) == pytest.approx(ccc(TRUTH[:30], PREDICTION[:30]))


@pytest.mark.parametrize("truth", [[], [0.5], [np.nan, np.nan, 0.1], [0.3, 0.3]])
def test_undefined_is_nan_and_never_zero(truth):
    assert math.isnan(ccc(truth, [0.3] * len(truth)))


@pytest.mark.parametrize("value", [0.1, 0.995, -1 / 3, float(np.float32(0.7))])
@pytest.mark.parametrize("count", [3, 7, 1001])
def test_equal_constants_are_nan_although_their_mean_is_rounded(value, count):
    constant = np.full(count, value)
    assert math.isnan(ccc(constant, constant))
    assert math.isnan(pearson(constant, TRUTH.mean() + constant))
    assert math.isnan(pearson(np.arange(count), constant))


def test_two_different_constants_agree_in_nothing():
    assert ccc(np.full(7, 0.1), np.full(7, 0.2)) == pytest.approx(0, abs=1e-12)


def test_a_prediction_that_is_nan_on_an_annotated_frame_is_not_hidden():
    assert math.isnan(ccc([0.1, 0.2, 0.3], [0.1, np.nan, 0.3]))


def test_lengths_must_be_equal():
    with pytest.raises(ValueError, match="truth has 2 frames, prediction 3"):
        ccc([1, 2], [1, 2, 3])


def test_pearson_and_rmse_equal_numpy():
    assert pearson(TRUTH, PREDICTION) == pytest.approx(np.corrcoef(TRUTH, PREDICTION)[0, 1])
    assert rmse(TRUTH, PREDICTION) == pytest.approx(np.sqrt(np.mean((TRUTH - PREDICTION) ** 2)))


def test_the_loss_is_one_minus_ccc_over_valid_places():
    truth = torch.tensor(np.concatenate((TRUTH, [np.nan] * 2)), dtype=torch.float32).reshape(2, 26)
    prediction = torch.tensor(np.concatenate((PREDICTION, [7.0] * 2)), dtype=torch.float32).reshape(2, 26)
    prediction.requires_grad_()
    loss = ccc_loss(truth, prediction, truth.isfinite())
    assert loss.item() == pytest.approx(1 - ccc(TRUTH, PREDICTION), abs=1e-5)
    loss.backward()
    assert prediction.grad[1, -2:].tolist() == [0, 0]
    assert prediction.grad.isfinite().all()


def test_the_loss_of_nothing_valid_is_zero_with_a_gradient_of_zero():
    prediction = torch.zeros(1, 3, requires_grad=True)
    loss = ccc_loss(torch.full((1, 3), float("nan")), prediction, torch.zeros(1, 3, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert prediction.grad.tolist() == [[0, 0, 0]]


def test_the_loss_of_a_mask_is_that_of_the_places_taken_out():
    generator = torch.Generator().manual_seed(3)
    truth, masked = torch.rand(2, 4, 16, generator=generator) * 2 - 1
    valid = torch.rand(4, 16, generator=generator) > 0.4
    truth[~valid] = float("nan")
    taken = masked[valid].requires_grad_()
    masked.requires_grad_()
    loss = ccc_loss(truth, masked, valid)
    covariance, prediction_variance = torch.cov(torch.stack((truth[valid], taken)), correction=0)[:, 1]
    spread = truth[valid].var(correction=0) + prediction_variance + (truth[valid].mean() - taken.mean()) ** 2
    expected = 1 - 2 * covariance / spread
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(masked.grad[valid], taken.grad, atol=1e-6, rtol=0)


def test_the_loss_never_asks_a_device_how_many_places_are_valid():
    truth, prediction = torch.zeros(2, 4, 16, device="meta")  # has shapes alone, so a question would fail
    assert ccc_loss(truth, prediction, truth.isfinite()).shape == ()


@given(pairs=PAIRS)
def test_any_ccc_is_symmetric_in_range_and_that_of_its_definition(pairs):
    truth, prediction = pairs
    agreement = ccc(truth, prediction)
    if truth.min() == truth.max() == prediction.min() == prediction.max():
        assert math.isnan(agreement)
        return
    assume(not math.isnan(agreement))  # numbers that differ by so little that their squares are 0
    assert agreement == ccc(prediction, truth)
    assert abs(agreement) <= 1 + 1e-9
    if np.ptp(pairs) > 1e-3:
        assert agreement == pytest.approx(reference.ccc(truth, prediction), abs=1e-9)


@given(pairs=PAIRS, shift=st.floats(-2, 2), scale=st.floats(0.1, 3))
def test_ccc_is_that_of_sequences_shifted_and_scaled_together_and_never_beats_pearson(pairs, shift, scale):
    truth, prediction = pairs
    assume(np.ptp(truth) > 1e-3 and np.ptp(prediction) > 1e-3)
    agreement = ccc(truth, prediction)
    assert ccc(truth * scale + shift, prediction * scale + shift) == pytest.approx(agreement, abs=1e-6)
    assert abs(agreement) <= abs(pearson(truth, prediction)) + 1e-9
    assert pearson(truth, prediction * scale + shift) == pytest.approx(pearson(truth, prediction), abs=1e-6)


@given(pairs=PAIRS, seed=st.integers(0, 99), data=st.data())
def test_frames_that_do_not_count_never_move_a_score(pairs, seed, data):
    truth, prediction = pairs
    unknown = np.array(data.draw(st.lists(st.booleans(), min_size=len(truth), max_size=len(truth))))
    masked = np.array(data.draw(st.lists(st.booleans(), min_size=len(truth), max_size=len(truth))))
    other = np.where(unknown | masked, np.random.default_rng(seed).normal(size=len(truth)) * 9, prediction)
    hidden = np.where(unknown, np.nan, truth)
    kept = ~(unknown | masked)
    for score in (ccc, pearson, rmse):
        plain = score(truth[kept], prediction[kept])
        np.testing.assert_equal(score(hidden, other, ~masked), plain)
    assert [len(side) for side in annotated(hidden, other, ~masked)] == [kept.sum()] * 2


def test_two_frames_are_enough_for_a_correlation_and_one_is_not():
    assert pearson([0.1, 0.3], [0.5, -0.5]) == pytest.approx(-1)
    assert math.isnan(pearson([0.1], [0.5]))


def test_a_side_that_is_constant_correlates_with_nothing_but_still_disagrees():
    assert math.isnan(pearson([-1, 1], [0, 0]))
    assert math.isnan(pearson([0, 0], [-1, 1]))
    assert ccc([-1, 1], [0, 0]) == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("truth", [[], [math.nan], [0.0, 1e-200]])
def test_what_is_undefined_is_so_without_a_warning(truth):
    assert math.isnan(pearson(truth, truth))
    assert math.isnan(ccc(truth, truth))
    assert math.isnan(rmse(truth, truth)) == (not np.isfinite(truth).any())


@pytest.mark.parametrize("values", [[1, 2, 3], np.arange(3, dtype=np.float32)])
def test_sides_are_compared_in_double_precision_and_a_mask_may_be_of_numbers(values):
    sides = annotated(values, values, [1, 0, 1])
    assert [side.dtype for side in sides] == [np.float64] * 2
    assert [side.tolist() for side in sides] == [[values[0], values[2]]] * 2
