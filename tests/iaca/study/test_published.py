"""The paper's tables as it prints them, and ours beside them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from iaca.study.published import LABEL, published_scores, published_section, relative_change, table_1, table_2

CHANGES = {
    "CA": ("+16.8", "+15.5"),
    "TCA": ("+12.9", "+15.8"),
    "JCA": ("+5.5", "+5.0"),
    "RJCA": ("+3.9", "+4.5"),
}
"""The row Δ of Table 2, per cent of valence and of arousal."""


def score(variant, target, ccc, **other):
    return {"variant": variant, "target": target, "ccc": ccc, "group": "all", "regime": "extensions"} | other


SCORES = pd.DataFrame(
    [
        score("ca", "valence", 0.5),
        score("ca_iaca", "valence", 0.55),
        score("ca", "valence", 0.9, group="weak"),
        score("ca_strict", "valence", 0.8, regime="paper-strict"),
        score("transformer", "arousal", 0.625),
    ]
)


@pytest.mark.parametrize("fusion", CHANGES)
def test_the_changes_are_those_that_the_paper_prints(fusion):
    table = table_2().set_index(["fusion", "target"])
    assert tuple(f"{table.change[fusion, target]:+.1f}" for target in ("valence", "arousal")) == CHANGES[fusion]


def test_table_1_has_a_row_per_method_and_ends_with_the_paper():
    table = table_1()
    assert len(table) == 8
    assert table.iloc[-1].tolist() == ["Praveen & Alam 2024", "RJCA+IACA", 0.749, 0.725, 0.505, 0.474]
    assert table.notna().all(axis=None)


def test_our_rows_stand_beside_and_are_missing_where_there_are_none():
    table = table_2(SCORES).set_index(["fusion", "target"])
    assert table.loc[("CA", "valence"), "ours change"] == pytest.approx(10.0)
    assert math.isnan(table.loc[("CA", "arousal"), "ours with"])
    first = table_1(SCORES).set_index("method")
    assert first.loc["Zhang et al. 2023", "ours arousal"] == 0.625
    assert math.isnan(first.loc["Zhou et al. 2023", "ours arousal"])


def test_of_two_draws_the_validation_draw_counts():
    scores = pd.DataFrame([score("ca", "valence", 0.1, draw="test"), score("ca", "valence", 0.5, draw="validation")])
    assert table_2(scores)["ours without"].iloc[0] == 0.5


def test_the_section_says_that_it_is_other_data_and_prints_both_tables():
    section = published_section(SCORES)
    assert section.count(LABEL) == 2
    assert "| CA | valence | 0.541 | 0.632 | +16.8 % | 0.500 | 0.550 | +10.0 % |" in section
    assert "| CA | arousal | 0.517 | 0.597 | +15.5 % | – | – | – |" in section
    assert "| CA | valence | 0.541 | 0.632 | +16.8 % |\n" in published_section()


def test_a_change_from_nothing_is_undefined_and_nobody_changes_what_ships():
    assert math.isnan(relative_change(0.0, 0.5))
    changed = published_scores()
    changed["ccc"] = 0.0
    assert published_scores()["ccc"].min() > 0.3
