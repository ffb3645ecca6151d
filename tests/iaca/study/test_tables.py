"""Scores by groups of frames, and which seed ships."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.evaluation import ccc_sums
from iaca.metrics import ccc
from iaca.study.plan import ALL_FRAMES, table_rows
from iaca.study.tables import Sums, groups_in, scores, typical_seed

PEOPLE = tuple(f"s{i:02d}" for i in range(12))
VARIANTS = table_rows("ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12})[:2]
TRUTH, NOISE = np.random.default_rng(1).normal(size=(2, 300))


def made_up(difference):
    """Two variants whose predictions are better by `difference` for every subject and seed, with noise; and truths."""
    draw = np.random.default_rng(0)
    rows, truths, predictions = [], [], []
    for subject in PEOPLE:
        truth = draw.normal(size=200)
        noise = draw.normal(size=200)
        for seed in range(3):
            for variant, error in (("ca", 0.8), ("ca_iaca", 0.8 - difference)):
                prediction = truth + error * noise + 0.05 * draw.normal(size=200)
                if (variant, seed) == ("ca", 0):
                    truths.append(truth)
                    predictions.append(prediction)
                parts = {ALL_FRAMES: np.ones(200, bool)}
                if subject < "s06":
                    parts["face corrupted"] = np.arange(200) < 50
                    parts["voice corrupted"] = np.arange(200) >= 150
                for segment, mask in parts.items():
                    sums = ccc_sums(truth[mask], prediction[mask])
                    for target in ("valence", "arousal"):
                        rows.append(
                            {
                                "variant": variant, "seed": seed, "parameters": 1, "seconds": 1.0, "draw": "validation",
                                "subject": subject, "segment": segment, "target": target,
                            }
                            | {f"moment_{i}": value for i, value in enumerate(sums)}
                        )  # fmt: skip
    return pd.DataFrame(rows), np.concatenate(truths), np.concatenate(predictions)


def test_a_score_is_the_ccc_of_pooled_frames_and_segments_count_those_who_have_them():
    results, truth, prediction = made_up(0.0)
    sums = Sums(results, "validation")
    groups = groups_in(sums, {"all": PEOPLE})
    assert [(g.name, len(g.subjects)) for g in groups] == [
        ("all", 12), ("face corrupted", 6), ("voice corrupted", 6), ("any corruption", 6),
        ("corrupted or misleading", 6), ("any episode", 6),
    ]  # fmt: skip
    frames = {g.name: sums.of("ca", "valence", g)[0, 0, 0] for g in groups}
    assert (frames["any corruption"], frames["face corrupted"]) == (100, 50)
    one = Sums(results[results.seed == 0], "validation")
    table = scores(one, VARIANTS[:1], groups[:1])
    assert table.ccc.iloc[0] == pytest.approx(ccc(truth, prediction), abs=1e-9)
    assert table.low.iloc[0] < table.ccc.iloc[0] < table.high.iloc[0]


def test_the_seed_that_ships_is_nearest_the_mean_of_both_targets():
    results = pd.DataFrame(
        [
            {"variant": "ca", "seed": seed, "parameters": 1, "seconds": 1.0, "draw": "validation", "subject": "s00",
             "segment": ALL_FRAMES, "target": target}
            | {f"moment_{i}": value for i, value in enumerate(ccc_sums(TRUTH, TRUTH + error * NOISE))}
            for seed, error in enumerate((0.9, 0.5, 0.1))
            for target in ("valence", "arousal")
        ]
    )  # fmt: skip
    assert typical_seed(Sums(results, "validation"), "ca") == 1
