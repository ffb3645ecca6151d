"""The report follows from tables and features: written again, that of what ships is the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from iaca.__main__ import main
from iaca.study.findings import Study

DEMO = Path(__file__).resolve().parents[3] / "demo"
RESULTS = DEMO / "results"


def test_the_report_that_ships_is_written_again_from_its_tables(tmp_path, capsys):
    for file in RESULTS.glob("*.parquet"):
        shutil.copy(file, tmp_path)
    options = ["--features", DEMO / "study", "--out", tmp_path, "--videos", DEMO, "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 0
    shipped = Study.read(RESULTS)
    assert replace(Study.read(tmp_path), created_by=shipped.created_by) == shipped
    report = (RESULTS / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report
    assert capsys.readouterr().out.strip() == report.strip()


def test_tables_of_other_models_are_refused(tmp_path, capsys):
    for file in RESULTS.glob("*.parquet"):
        shutil.copy(file, tmp_path)
    options = ["--features", DEMO / "study", "--out", tmp_path, "--fusion", "ca", "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 1
    assert "expected the same fusions" in capsys.readouterr().err


def test_a_missing_table_is_named(tmp_path, capsys):
    options = ["--features", DEMO / "study", "--out", tmp_path, "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 1
    assert "scores.parquet cannot be read" in capsys.readouterr().err
