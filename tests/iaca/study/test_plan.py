"""The rows of the study."""

from __future__ import annotations

from iaca.config import RELATED_GATES
from iaca.study.plan import related_gates, table_rows


def test_each_gate_of_related_work_is_a_row_beside_the_plain_fusion():
    rows = table_rows("ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12})
    related = related_gates(rows)
    assert [row.config.gate for row in related] == list(RELATED_GATES)
    assert related[0].title == "CA+GMU (Arevalo 2020)"
    for row in related:
        assert (row.base, row.regime, row.training) == ("ca", "extensions", rows[0].training)
        assert row.config.iaca
        assert row.name not in {other.name for other in rows}
