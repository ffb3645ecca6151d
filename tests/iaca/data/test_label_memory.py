"""Autocorrelation of labels: known answers, masks, clocks, and when it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.label_memory import LAGS_S, MINIMUM_PAIRS, label_autocorrelation, subject_autocorrelation
from iaca.demo.labels import emotion_path

FPS = 25


def of(pts_s, *labels):
    """Value of valence at every lag, of subjects with the same clock and with valence and arousal alike."""
    found = label_autocorrelation([subject_autocorrelation(pts_s, one)] * 2 for one in labels)
    return [one.value for one in found if one.target == "valence"]


@pytest.mark.parametrize(("memory_s", "expected"), [(2.2, (0.68, 0.32, 0.02, -0.08)), (11.0, (0.86, 0.67, 0.39, 0.07))])
def test_labels_of_the_synthetic_corpus_have_the_memory_that_they_were_made_with(memory_s, expected):
    pts_s = np.arange(60 * FPS) / FPS
    rng = np.random.default_rng(3)
    labels = [np.tanh(emotion_path(rng, len(pts_s), FPS, memory_s)) for _ in range(400)]
    assert of(pts_s, *labels) == pytest.approx(expected, abs=0.05)


def test_a_sine_is_the_cosine_of_its_lag():
    pts_s = np.arange(200 * FPS) / FPS
    found = of(pts_s, 0.3 + 0.5 * np.sin(2 * np.pi * pts_s / 20))
    assert found == pytest.approx([np.cos(2 * np.pi * lag / 20) for lag in LAGS_S], abs=0.02)


def test_what_sets_people_apart_is_no_memory():
    pts_s = np.arange(60 * FPS) / FPS
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, len(pts_s)))
    assert of(pts_s, noise[0] - 0.6, noise[1] + 0.6) == pytest.approx([0] * 4, abs=0.1)


def test_frames_without_annotation_pair_with_nobody():
    pts_s = np.arange(60 * FPS) / FPS
    labels = np.sin(pts_s)
    labels[500:1000] = np.nan
    values, pairs = subject_autocorrelation(pts_s, labels)
    offset = round(5 * FPS)
    finite = np.isfinite(labels)
    assert pairs[2] == (finite[:-offset] & finite[offset:]).sum()
    assert np.isfinite(values).all()


def test_an_uneven_clock_gives_what_the_even_one_gives():
    rng = np.random.default_rng(1)
    even = np.arange(120 * FPS) / FPS
    uneven = np.sort(np.r_[0, rng.uniform(0, even[-1], len(even) - 1)])
    wave = [0.5 * np.sin(2 * np.pi * pts_s / 15) for pts_s in (even, uneven)]
    assert of(uneven, wave[1]) == pytest.approx(of(even, wave[0]), abs=0.03)


def test_frames_across_a_gap_are_no_pair():
    pts_s = np.r_[np.arange(20), 20 + 300 + np.arange(20)] / FPS  # 12 s without a frame
    assert subject_autocorrelation(pts_s, np.linspace(-1, 1, 40))[1].tolist() == [0, 0, 0, 0]


def test_too_few_pairs_constant_labels_and_nobody_say_nothing():
    short = np.arange(MINIMUM_PAIRS + round(LAGS_S[0] * FPS) - 1) / FPS
    values, pairs = subject_autocorrelation(short, np.sin(short))
    assert np.isnan(values[0])
    assert pairs[0] == MINIMUM_PAIRS - 1
    longer = np.arange(len(short) + 1) / FPS
    assert of(longer, np.sin(longer))[0] is not None
    assert of(longer, np.full(len(longer), 0.1))[0] is None
    assert of(longer, np.full(len(longer), np.nan))[0] is None
    assert {one.value for one in label_autocorrelation([])} == {None}
    with pytest.raises(ValueError, match="expected the same"):
        subject_autocorrelation(short, short[1:])


def test_a_subject_that_says_nothing_is_not_counted():
    pts_s = np.arange(60 * FPS) / FPS
    both = [[subject_autocorrelation(pts_s, one)] * 2 for one in (np.sin(pts_s), np.full(len(pts_s), 0.5))]
    found = label_autocorrelation(both)[0]
    assert (found.subjects, found.pairs) == (1, len(pts_s) - round(LAGS_S[0] * FPS))
    assert found.value == pytest.approx(np.cos(LAGS_S[0]), abs=0.02)
