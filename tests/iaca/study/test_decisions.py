"""What a study decides: verdicts that follow from intervals, adjustment, and what there is to gain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.evaluation import ccc_of_sums, ccc_sums
from iaca.study.contrasts import Estimate, Verdict, estimate, holm, verdict_of
from iaca.study.decisions import HEADROOM_COLUMNS, compare, decide, headroom_table
from iaca.study.headroom import headroom_rows
from iaca.study.plan import ALL_FRAMES, MISLEADING_FRAMES, table_rows
from iaca.study.tables import Group, Sums
from tests.iaca.study.test_tables import PEOPLE, VARIANTS, made_up

DIMS = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
NAMES = {"concat": 0.9, "ca": 0.8, "ca_blind_gates": 0.6, "ca_iaca": 0.6}
"""Variant -> how large its errors are."""


@pytest.mark.parametrize(("difference", "verdict"), [(0.4, "helps"), (-0.4, "hurts"), (0.0, "equivalent")])
def test_the_verdict_follows_the_interval(difference, verdict):
    sums = Sums(made_up(difference)[0], "validation")
    told = compare(sums, VARIANTS, [Group("all", PEOPLE), Group("few", PEOPLE[:2])])
    assert {str(d.verdict) for d in told if d.group == "all"} == {verdict}
    assert {d.verdict for d in told if d.group == "few"} == {"too few subjects"}
    assert all(d.low <= d.value <= d.high for d in told)


@pytest.mark.parametrize(
    ("value", "error", "p", "headroom", "verdict"),
    [
        (0.05, 0.01, None, None, Verdict.HELPS),
        (-0.05, 0.01, None, 0.0, Verdict.HURTS),  # what is clear is said even where nothing could be gained
        (0.05, 0.01, 0.2, None, Verdict.UNCLEAR),  # adjusted
        (0.05, 0.01, 0.2, 0.019, Verdict.NOTHING),
        (0.05, 0.01, 0.2, 0.021, Verdict.UNCLEAR),
        (0.001, 0.004, None, None, Verdict.EQUIVALENT),
        (0.001, 0.04, None, None, Verdict.UNCLEAR),
    ],
)
def test_a_verdict_is_by_probability_then_by_what_there_was_to_gain_then_by_the_margin(
    value, error, p, headroom, verdict
):
    assert verdict_of(Estimate(value, error, 50.0, 20, 5), p, headroom) is verdict
    assert verdict_of(Estimate(value, error, 50.0, 4, 5), p, headroom) is Verdict.TOO_FEW


def four_models():
    draw = np.random.default_rng(0)
    rows = []
    for subject in PEOPLE:
        truth, noise = draw.normal(size=(2, 200))
        masks = {ALL_FRAMES: np.ones(200, bool), "face corrupted": np.arange(200) < 60}
        for seed in range(3):
            for variant, error in NAMES.items():
                prediction = truth + error * noise + 0.05 * draw.normal(size=200)
                for segment, mask in masks.items():
                    sums = ccc_sums(truth[mask], prediction[mask])
                    about = {"variant": variant, "seed": seed, "parameters": 1, "seconds": 1.0, "draw": "validation"}
                    about |= {"subject": subject, "segment": segment}
                    for target in ("valence", "arousal"):
                        moments = {f"moment_{i}": value for i, value in enumerate(sums)}
                        rows.append(about | {"target": target} | moments)
    return Sums(pd.DataFrame(rows), "validation")


GROUPS = [Group("all", PEOPLE), Group(MISLEADING_FRAMES, PEOPLE, ("face corrupted",))]
TITLES = {"concat": "Concat", "ca": "CA", "ca_blind_gates": "CA+blind gates", "ca_iaca": "CA+IACA"}


def attainable(gain):
    rows = [
        {"base": base, "row": "attainable switch", "frames": group.name, "target": target, "gain": gain}
        for base in ("concat", "ca")
        for group in GROUPS
        for target in ("valence", "arousal")
    ]
    return pd.DataFrame(rows, columns=HEADROOM_COLUMNS)


@pytest.mark.parametrize(("gain", "choice"), [(0.1, "equivalent"), (0.01, "nothing to gain here")])
def test_primary_contrasts_are_those_of_the_models_that_are_there_adjusted_together(gain, choice):
    sums = four_models()
    table = decide(sums, "validation", GROUPS, TITLES, attainable(gain))
    assert len(table) == 3 * 2 * 2  # JCA was not trained
    assert table.p_holm.tolist() == holm(table.p.tolist())
    one = table[(table.against == "ca") & (table.frames == "all") & (table.target == "valence")].iloc[0]
    expected = estimate(sums.of("ca_iaca", "valence", GROUPS[0]), sums.of("ca", "valence", GROUPS[0]))
    assert (one.value, one.low, one.high) == (expected.value, *expected.interval())
    assert set(table.verdict[table.against == "ca"]) == {"helps"}
    assert set(table.verdict[table.against == "ca_blind_gates"]) == {choice}
    # Whether attention is worth having is no question of what gates could gain.
    assert "nothing to gain here" not in set(table.verdict[table.against == "concat"])


def test_headroom_is_the_gain_over_the_row_that_knows_nothing():
    rows = [row for row in table_rows("ca", DIMS) if row.name in ("ca", "ca_iaca")]
    knowing = [row for row in headroom_rows(rows) if row.name == "ca_informed"]
    sums = four_models()
    sums._cubes |= {("ca_informed", *key[1:]): cube for key, cube in sums._cubes.items() if key[0] == "ca_iaca"}
    table = headroom_table(sums, "validation", knowing, TITLES, GROUPS)
    assert set(table.row) == {"informed switch"}
    assert set(table.base_title) == {"CA"}
    first = table.iloc[0]
    scores = [ccc_of_sums(sums.of(name, "valence", GROUPS[0]).sum(axis=1)).mean() for name in ("ca_iaca", "ca")]
    assert first.ccc == pytest.approx(scores[0])
    assert first.gain == pytest.approx(scores[0] - scores[1])
    assert first.low < first.gain < first.high
