"""The report follows from tables and features: written again, that of what ships is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from iaca.__main__ import main
from iaca.study.contrasts import primary_contrasts
from iaca.study.findings import FILE, Study, digests, records

DEMO = Path(__file__).resolve().parents[3] / "demo"
RESULTS = DEMO / "results"


def copied(folder):
    for file in (*RESULTS.glob("*.parquet"), RESULTS / FILE):
        shutil.copy(file, folder)


def test_the_report_that_ships_is_written_again_from_its_facts_and_tables(tmp_path, capsys):
    copied(tmp_path)
    options = ["--features", DEMO / "study", "--out", tmp_path, "--tca-layers", 1, "--videos", DEMO, "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 0
    report = (RESULTS / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report
    assert capsys.readouterr().out.strip() == report.strip()


def test_the_facts_that_ship_are_of_the_tables_and_the_contrasts_that_ship():
    study = Study.read(RESULTS)
    assert study.tables == digests(sorted(RESULTS.glob("*.parquet")))
    assert study.primary_sha256 == primary_contrasts()[1]
    assert list(study.primary) == records(pd.read_parquet(RESULTS / "primary.parquet"))


def test_tables_of_other_models_are_refused(tmp_path, capsys):
    copied(tmp_path)
    options = ["--features", DEMO / "study", "--out", tmp_path, "--fusion", "ca", "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 1
    assert "expected the same fusions" in capsys.readouterr().err


def test_a_missing_table_is_named(tmp_path, capsys):
    options = ["--features", DEMO / "study", "--out", tmp_path, "--report-only"]
    assert main(["reproduce", *map(str, options)]) == 1
    assert "scores.parquet cannot be read" in capsys.readouterr().err
