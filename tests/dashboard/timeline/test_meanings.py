"""What a row means is said once."""

from __future__ import annotations

from pathlib import Path

from dashboard.timeline import meanings

ROOT = Path(__file__).resolve().parents[3]


def test_the_readme_says_of_the_rows_what_the_page_says():
    assert meanings.markdown_table(meanings.ROWS) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_help_of_a_row_has_its_equations():
    assert meanings.STAGE_2.sentence == f"{meanings.STAGE_2.text} (eq 9)"
    assert meanings.TARGETS.sentence == meanings.TARGETS.text
