"""The rows of the study."""

from __future__ import annotations

from iaca.config import RELATED_GATES, FusionConfig, TrainingConfig
from iaca.study.plan import alone_rows, related_gates, table_rows, told_rows


def test_each_gate_of_related_work_is_a_row_beside_the_plain_fusion():
    rows = table_rows("ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12})
    related = related_gates(rows)
    assert [row.config.gate for row in related] == list(RELATED_GATES)
    assert related[0].title == "CA+GMU (Arevalo 2020)"
    for row in related:
        assert (row.base, row.regime, row.training) == ("ca", "extensions", rows[0].training)
        assert row.config.iaca
        assert row.name not in {other.name for other in rows}


def test_the_command_without_options_trains_a_row_of_the_study():
    sizes = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
    (row,) = [row for row in table_rows("ca", sizes) if row.title == "CA+IACA (eq 5 context)"]
    assert row.config == FusionConfig(fusion="ca", iaca=True, **sizes)
    assert row.training == TrainingConfig()


def test_what_is_told_is_compared_with_the_same_row_untold_and_slow_fusions_have_neither_it_nor_controls():
    sizes = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
    rows = [row for fusion in ("concat", "ca", "rjca", "transformer") for row in table_rows(fusion, sizes)]
    assert [(row.name, row.base) for row in told_rows(rows)] == [("concat_told", "concat"), ("ca_told", "ca")]
    assert [row.name for row in rows if row.config.fusion == "rjca"] == [
        "rjca", "rjca_iaca", "rjca_strict", "rjca_iaca_strict"
    ]  # fmt: skip
    assert {row.only for row in alone_rows(sizes)} == {"audio", "visual"}
