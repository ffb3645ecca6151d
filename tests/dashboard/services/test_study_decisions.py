"""What the page reads of a study's decisions: words and numbers come from the tables alone."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.services import study_decisions
from dashboard.services.study_decisions import COLUMNS, decisions
from tests.dashboard.study_tables import UNCLEAR, decision_tables

TABLES = decision_tables()


def test_draws_stand_side_by_side_with_verdict_holm_p_and_detectable_difference():
    rows = study_decisions.primary_rows(TABLES["primary"]).set_index("target")
    assert rows.loc["valence", "contrast"] == "CA+IACA − CA"
    assert rows.loc["valence", "frames"] == "all frames"
    assert rows.loc["valence", "validation"] == "+0.050 [+0.040, +0.060]"
    assert rows.loc["valence", ["validation: verdict", "test: verdict"]].tolist() == ["helps", "hurts"]
    assert rows.loc["arousal", ["validation: verdict", "test: verdict"]].tolist() == [
        "equivalent",
        "no clear difference",
    ]
    assert rows.loc["arousal", "test: Holm p"] == 0.02
    assert rows.loc["arousal", "test: detectable"] == 0.014


def test_a_loss_has_the_minus_of_the_axes():
    primary = TABLES["primary"].assign(value=-0.0114, low=-0.024, high=0.001)
    assert study_decisions.primary_rows(primary)["test"].tolist() == ["−0.011 [−0.024, +0.001]"] * 2


def test_a_contrast_that_one_draw_lacks_has_dashes_there():
    primary = TABLES["primary"]
    rows = study_decisions.primary_rows(primary[(primary.draw == "validation") | (primary.target == "valence")])
    arousal = rows.set_index("target").loc["arousal"]
    assert (arousal["test"], arousal["test: verdict"]) == ("–", "–")
    assert pd.isna(arousal["test: Holm p"])


def test_each_question_has_its_answer_on_both_draws():
    primary = TABLES["primary"]
    other = primary.assign(question="is it worth having?", against_title="Concat", verdict=UNCLEAR)
    first, second = study_decisions.answers(pd.concat([primary, other]))
    assert first.verdicts == (
        "CA+IACA − CA: validation, helps in 1 of 2, equivalent in 1 of 2; "
        "test, hurts in 1 of 2, no clear difference in 1 of 2."
    )
    assert second.question == "Is it worth having?"
    assert second.verdicts.startswith("CA+IACA − Concat: validation, no clear difference in 2 of 2; ")
    assert study_decisions.compared_on(primary).startswith("Validation: 80 subjects, 5 seeds; test: ")


def test_headroom_below_the_least_is_nothing_to_gain():
    little, enough = study_decisions.nothing_to_gain(TABLES["headroom"], "all")
    assert little == ["CA, valence (validation, +0.010)"]
    assert enough == ["CA, arousal (validation, +0.030)"]
    rows = study_decisions.headroom_rows(TABLES["headroom"], "all").set_index("who knows")
    assert rows.loc["informed switch", "validation: valence"] == "0.660 (+0.060 [+0.050, +0.070])"
    assert rows.loc["informed switch", "validation: arousal"] == "–"


def test_dead_gates_are_counted_by_seed():
    rows = study_decisions.health_rows(TABLES["health"]).set_index("gate")
    assert rows["seeds dead"].to_dict() == {"stage 1, audio": "0 of 2", "stage 2": "1 of 2"}
    assert rows.loc["stage 2", "dead on"] == "visual"
    assert rows.loc["stage 2", ["least range", "largest range"]].tolist() == [0.01, 0.3]


def test_labels_have_a_column_per_lag():
    rows = study_decisions.label_rows(TABLES["autocorrelation"])
    assert list(rows) == ["memory of the labels", "target", "1.28 s apart", "5 s apart"]
    assert rows["5 s apart"].tolist() == [0.25] * 4


def test_missing_empty_and_damaged_tables_are_none_and_only_damage_is_told(tmp_path):
    assert decisions(tmp_path) == (None,) * len(COLUMNS) + ((),)
    TABLES["primary"].to_parquet(tmp_path / "primary.parquet")
    TABLES["memory"].iloc[:0].to_parquet(tmp_path / "memory.parquet")
    TABLES["health"].drop(columns="dead").to_parquet(tmp_path / "health.parquet")
    (tmp_path / "headroom.parquet").write_bytes(b"nothing")
    found = decisions(tmp_path)
    assert found.primary is not None
    assert found.memory is found.health is found.headroom is None
    assert len(found.problems) == 2
    assert any("no column 'dead'" in problem for problem in found.problems)


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_figures_are_made_of_the_tables(ending):
    found = study_decisions.Decisions(**TABLES)
    for content in (
        study_decisions.contrasts_file(TABLES["primary"], ending, True),
        study_decisions.memory_file(found, ending, True),
    ):
        assert content.startswith(b"<?xml" if ending == "svg" else b"%PDF")
