"""The rows of the study."""

from __future__ import annotations

import pytest

from iaca.config import PRESETS, RELATED_GATES, FusionConfig, TrainingConfig
from iaca.study.plan import alone_rows, authors_rows, related_gates, table_rows, told_rows

SIZES = {"audio_dim": 12, "visual_dim": 12, "dim": 12}


def test_each_gate_of_related_work_is_a_row_beside_the_plain_fusion():
    rows = table_rows("ca", SIZES)
    related = related_gates(rows)
    assert [row.config.gate for row in related] == list(RELATED_GATES)
    assert related[0].title == "CA+GMU (Arevalo 2020)"
    for row in related:
        assert (row.base, row.regime, row.training) == ("ca", "extensions", rows[0].training)
        assert row.config.iaca
        assert row.name not in {other.name for other in rows}


def test_the_command_without_options_trains_a_row_of_the_study():
    (row,) = [row for row in table_rows("ca", SIZES) if row.title == "CA+IACA (eq 5 context)"]
    assert row.config == FusionConfig(fusion="ca", iaca=True, **SIZES)
    assert row.training == TrainingConfig()


def test_what_is_told_is_compared_with_the_same_row_untold():
    rows = [row for fusion in ("concat", "ca", "rjca", "transformer") for row in table_rows(fusion, SIZES)]
    assert [(row.name, row.base) for row in told_rows(rows)] == [
        ("concat_told", "concat"), ("ca_told", "ca"), ("rjca_told", "rjca")
    ]  # fmt: skip
    assert {row.only for row in alone_rows(SIZES)} == {"audio", "visual"}


@pytest.mark.parametrize("fusion", ["ca", "tca", "jca", "rjca"])
def test_each_base_has_iaca_and_all_its_controls(fusion):
    names = [row.name.removeprefix(fusion) for row in table_rows(fusion, SIZES)]
    assert names == ["", "_iaca", "_iaca_own", "_constant_gates", "_blind_gates", "_strict", "_iaca_strict"]


def test_in_the_authors_regime_base_and_iaca_are_paper_strict_and_trained_alike():
    rows = {row.name: row for row in table_rows("ca", SIZES)}
    base, gated = authors_rows(list(rows.values()))
    assert (base.name, base.base, gated.name, gated.base) == ("ca_authors", None, "ca_iaca_authors", "ca_authors")
    assert (base.config, gated.config) == (rows["ca_strict"].config, rows["ca_iaca_strict"].config)
    assert base.training == gated.training == TrainingConfig(**PRESETS["authors_dca"]["training"])
