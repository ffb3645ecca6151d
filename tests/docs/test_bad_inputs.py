"""The table of bad inputs is true: a sample of its rows is given to the command line again."""

from __future__ import annotations

import re

import pytest

from docs import bad_inputs
from iaca.__main__ import main
from iaca.models.fusions import registry

CASES = list(bad_inputs.cases())
ROWS = bad_inputs.TABLE.read_text(encoding="utf-8").splitlines()
EVERY = 23
"""Of so many cases one is repeated."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("IACA_DEVICE", raising=False)
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "cache"))
    # Fusions that other tests have registered are no choices of a user's.
    own = {name: fusion for name, fusion in registry._FUSIONS.items() if fusion.build.__module__.startswith("iaca.")}
    monkeypatch.setattr(registry, "_FUSIONS", own)
    place = tmp_path / "here"
    place.mkdir()
    bad_inputs.prepare(place)
    return place


@pytest.mark.slow
def test_a_sample_of_the_table_is_what_is_said(folder):
    kept = sorted(file for file in folder.rglob("*") if file.is_file())
    for case in CASES[::EVERY]:
        found = bad_inputs.outcome(case, folder)
        assert found.kind == "sentence", (case.name, found)
        assert bad_inputs.row(case, found) in ROWS, (case.name, found.said)
        written = {file for file in folder.rglob("*") if file.is_file()} - set(kept)
        bad = {f"bad.{ending}" for ending in ("safetensors", "toml", "txt", "mp4", "sqlite3")}
        assert {file.name for file in written} <= bad | {"v.mp4"}


def test_every_case_has_a_row_and_every_row_a_case():
    names = [bad_inputs.cell(case.name) for case in CASES]
    listed = [row for row in ROWS if row.startswith("| `")]
    assert len(listed) == len(names) > 1000
    assert all(row.startswith(f"| {name} | `") for row, name in zip(listed, names, strict=True))
    assert f"{len(names):,} of them" in " ".join(ROWS[:8])


def test_no_row_names_this_machine_or_a_traceback():
    text = "\n".join(ROWS)
    assert "Traceback" not in text
    assert str(bad_inputs.TABLE.parents[1]) not in text
    assert not re.search(r"/(home|root|tmp|Users)/", text)


@pytest.mark.parametrize("option", ["--seed=--", "--out=--"])
def test_two_dashes_are_no_value(option, capsys):
    """argparse hands on an empty list for them."""
    with pytest.raises(SystemExit) as ended:
        main(["predict", "--features", "f", "--checkpoint", "c", "--out", "t.csv", option])
    assert ended.value.code == 2
    assert "it is '--'; expected a value" in capsys.readouterr().err
