"""What the page "Results" reads: the tables and facts that a study wrote."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from iaca.errors import InputError
from iaca.files import FileState, file_state
from iaca.study.contrasts import Verdict
from iaca.study.findings import FILE, SYNTHETIC_NOTE, Study

COLUMNS = {
    "scores": ("variant", "model", "regime", "parameters", "group", "target", "ccc", "sd", "low", "high", "seeds"),
    "subjects": ("variant", "model", "regime", "subject", "target", "ccc", "frames", "reason"),
    "differences": ("variant", "title", "base", "regime", "group", "target", "value", "low", "high", "verdict", "draw"),
    "gates": ("variant", "target", "modality", "kind", "gate", "value", "low", "high", "subjects"),
}


class ResultsError(InputError):
    """A results folder that cannot be shown: the message names the file and what was expected."""


class Results(NamedTuple):
    """What a study wrote.

    Attributes:
        scores: One row per model, group of frames and target.
        subjects: One row per model, subject and target.
        differences: One row per model, group and target: what it changes against its base.
        gates: One row per gated model, target, case and gate.
        study: Facts of the study; None in a folder from before study.json was written.
        report: The whole report, Markdown.
        figures: SVG files, in order.
    """

    scores: pd.DataFrame
    subjects: pd.DataFrame
    differences: pd.DataFrame
    gates: pd.DataFrame
    study: Study | None
    report: str
    figures: tuple[Path, ...]

    @property
    def is_synthetic(self) -> bool:
        """Whether the study says that its corpus is synthetic."""
        return self.study is not None and self.study.synthetic

    @property
    def note(self) -> str:
        """What has to stand above the results, Markdown; empty where there is nothing to say."""
        return SYNTHETIC_NOTE if self.is_synthetic else ""


def results(folder: Path) -> Results:
    """The results in a folder, read once for each state of its files.

    Raises:
        ResultsError: A file is missing, cannot be read, or lacks a column.
    """
    files = [folder / f"{name}.parquet" for name in COLUMNS] + [folder / "report.md"]
    for file in files:
        if not file.is_file():
            raise ResultsError(f"{file} does not exist; expected what `python -m iaca reproduce --out {folder}` writes")
    facts = [folder / FILE] if (folder / FILE).is_file() else []
    return _read(folder, tuple(file_state(file) for file in files + facts))


def is_synthetic(folder: Path) -> bool:
    """Whether the study in a folder says that its corpus is synthetic; False where it says nothing.

    Raises:
        FindingsError: What it says cannot be read.
    """
    return (folder / FILE).is_file() and Study.read(folder).synthetic


def read_columns(file: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A table of a study that has these columns, and maybe others.

    Raises:
        ResultsError: It cannot be read, or lacks a column.
    """
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ResultsError(f"{file} cannot be read ({error}); expected a table of a study") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ResultsError(f"{file} has no column {missing[0]!r}; expected a table of this version's study")
    return table


@st.cache_resource(max_entries=8)
def _read(folder: Path, states: tuple[FileState, ...]) -> Results:
    tables = {}
    for name, columns in COLUMNS.items():
        tables[name] = read_columns(folder / f"{name}.parquet", columns)
    tables["differences"] = _with_verdicts(tables["differences"], folder / "differences.parquet")
    study = Study.read(folder) if (folder / FILE).is_file() else None
    report = (folder / "report.md").read_text(encoding="utf-8")
    return Results(**tables, study=study, report=report, figures=tuple(sorted(folder.glob("figures/*.svg"))))


def _with_verdicts(differences: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Differences whose verdicts are known words.

    Raises:
        ResultsError: One is not.
    """
    try:
        return differences.assign(verdict=[str(Verdict(one)) for one in differences.verdict])
    except ValueError as error:
        raise ResultsError(f"{file}: {error}; expected one of: {', '.join(Verdict)}") from error


def named(differences: pd.DataFrame) -> pd.DataFrame:
    """Differences with a column `line`: what a figure calls the model and its base."""
    regime = differences.regime.map(lambda name: "" if name == "extensions" else f" ({name})")
    return differences.assign(line=differences.title + " − " + differences.base + regime)


def svg_address(file: Path) -> str:
    """An SVG file as a data URL: handed text that is not SVG, Streamlit would open the file that it names.

    Raises:
        OSError: The file cannot be read.
    """
    return "data:image/svg+xml;base64," + base64.b64encode(file.read_bytes()).decode()


def figure_file(sections: Mapping[str, pd.DataFrame], file_format: str, synthetic: bool) -> bytes:
    """Sections of named differences as SVG, PDF or PNG, at the width of two columns."""
    from iaca.figures.differences import difference_figure
    from iaca.figures.print_style import render

    return render(difference_figure(sections, synthetic=synthetic), file_format, title="differences")
