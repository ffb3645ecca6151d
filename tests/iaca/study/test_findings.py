"""What a study found: the sentences follow from the facts, and the facts of what ships from its tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from iaca.study.findings import FindingsError, Study, Verdict, conditions_in, findings_in
from iaca.study.plan import table_rows

VARIANTS = table_rows("ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12})
DEMO = Path(__file__).resolve().parents[3] / "demo"
RESULTS = DEMO / "results"


def differences(verdicts, draw="validation", variant="ca_iaca"):
    row = {"variant": variant, "base": "CA", "regime": "extensions", "target": "valence", "value": 0.05, "low": -0.01}
    row |= {"high": 0.1, "draw": draw, "ablation": False}
    return pd.DataFrame([row | {"group": group, "verdict": str(verdict)} for group, verdict in verdicts.items()])


@pytest.mark.parametrize(
    ("episodes", "sentence"),
    [
        ({}, ""),
        ({"no episode": Verdict.HELPS}, ""),
        (
            {"face corrupted": Verdict.TOO_FEW, "any episode": Verdict.TOO_FEW},
            " Every kind of episode has too few subjects for a verdict.",
        ),
        (
            {"face corrupted": Verdict.TOO_FEW, "any episode": Verdict.UNCLEAR},
            " No kind of episode shows a clear difference.",
        ),
        (
            {"blur": Verdict.UNCLEAR, "any episode": Verdict.HELPS},
            " By episode, it helps under any episode (valence +0.050).",
        ),
    ],
)
def test_the_sentence_about_episodes_follows_from_the_verdicts(episodes, sentence):
    (finding,) = findings_in(differences({"all": Verdict.UNCLEAR} | episodes), ["ca_iaca"])
    assert finding.sentence == (
        "**IACA on CA, extensions** (validation): valence +0.050 [-0.010, +0.100]: no clear difference (the interval "
        f"contains 0).{sentence}"
    )


def test_verdicts_of_earlier_tables_are_read():
    (finding,) = findings_in(differences({"all": "cannot be told apart from nothing"}), ["ca_iaca"])
    assert finding.overall[0].verdict is Verdict.UNCLEAR
    with pytest.raises(ValueError, match="no idea"):
        Verdict("no idea")


def test_controls_and_ablations_are_not_findings():
    table = pd.concat(
        [
            differences({"all": Verdict.HELPS}),
            differences({"all": Verdict.HELPS}, variant="ca_blind_gates"),
            differences({"all": Verdict.HELPS}).assign(ablation=True),
        ]
    )
    assert len(findings_in(table, ["ca_iaca"])) == 1


def test_conditions_are_listed_once_one_of_them_is_confirmed():
    validation = differences({"all": Verdict.HELPS})
    assert conditions_in(validation, VARIANTS) == ()
    both = pd.concat([validation, differences({"all": Verdict.HELPS}, draw="test")])
    assert {c.variant: c.confirmed for c in conditions_in(both, VARIANTS)} == {"ca_iaca": True, "ca_iaca_strict": False}


def test_a_study_is_read_as_it_was_written(tmp_path):
    study = replace(Study.read(RESULTS), synthetic=False)
    study.write(tmp_path)
    assert Study.read(tmp_path) == study


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"version": 99}), json.dumps({"version": 1})])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "study.json").write_text(content, encoding="utf-8")
    with pytest.raises(FindingsError, match=r"study\.json cannot be read"):
        Study.read(tmp_path)
