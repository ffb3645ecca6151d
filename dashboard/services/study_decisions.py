"""What a study decides, what there is to gain, and which gates live: tables that a folder of results may hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.services.study_results import read_columns
from iaca.config import TARGETS
from iaca.errors import BAD_INPUT
from iaca.files import FileState, file_state
from iaca.study import published
from iaca.study.contrasts import LEAST_HEADROOM
from iaca.study.formatting import counted

DRAWS = ("validation", "test")
ATTAINABLE = "attainable switch"
ALL = "all"
COLUMNS = {
    "primary": (
        "question", "model_title", "against_title", "frames", "target", "draw", "value", "low", "high", "p_holm",
        "smallest_detectable", "subjects", "seeds", "verdict",
    ),
    "headroom": ("base_title", "row", "frames", "target", "draw", "ccc", "gain", "low", "high"),
    "memory": ("memory_s", "model", "target", "ccc", "low", "high"),
    "autocorrelation": ("memory_s", "lag_s", "target", "value"),
    "health": ("model", "seed", "target", "gate", "range", "column", "dead"),
    "missing": ("model", "regime", "modality", "pattern", "share", "target", "ccc", "low", "high"),
}  # fmt: skip
"""Table -> columns that the page reads."""


class Decisions(NamedTuple):
    """Tables of a study, each None where the folder has none, or none that can be read.

    Attributes:
        primary: The primary contrasts, a row per contrast and draw.
        headroom: What knowing or learning the episodes gains, a row per base, row, frames, target and draw.
        memory: CCC against the memory of the labels, a row per memory, model and target.
        autocorrelation: Of the labels with each memory, a row per lag and target.
        health: How much each gate moves, a row per model, seed, target and gate.
        missing: CCC against the share of missing clips, a row per model, regime, modality, pattern, share and target.
        problems: Why a table cannot be shown, a sentence each.
    """

    primary: pd.DataFrame | None
    headroom: pd.DataFrame | None
    memory: pd.DataFrame | None
    autocorrelation: pd.DataFrame | None
    health: pd.DataFrame | None
    missing: pd.DataFrame | None
    problems: tuple[str, ...] = ()


def decisions(folder: Path) -> Decisions:
    """The tables in a folder of results, read once for each state of its files."""
    return _read(tuple(file_state(folder / f"{name}.parquet") for name in COLUMNS))


@st.cache_resource(max_entries=8)
def _read(states: tuple[FileState, ...]) -> Decisions:
    tables: dict[str, pd.DataFrame | None] = {}
    problems = []
    for (name, columns), state in zip(COLUMNS.items(), states, strict=True):
        tables[name] = None
        if not state.is_there:
            continue
        try:
            table = read_columns(Path(state.path), columns)
        except BAD_INPUT as error:
            problems.append(str(error))
            continue
        tables[name] = table if len(table) else None
    return Decisions(**tables, problems=tuple(problems))


def frames_title(frames: str) -> str:
    """What to call a group of frames."""
    return "all frames" if frames == ALL else frames


def draws_of(table: pd.DataFrame) -> list[str]:
    """The draws of subjects in a table, validation first."""
    return [draw for draw in DRAWS if (table["draw"] == draw).any()]


class Answer(NamedTuple):
    """What the primary contrasts say to one question.

    Attributes:
        question: Of the study, such as "Does the wrapper help?".
        verdicts: Which models are compared, and how many contrasts have each verdict on each draw, in a sentence.
    """

    question: str
    verdicts: str


def answers(primary: pd.DataFrame) -> list[Answer]:
    """What the study decides, question by question."""
    found = []
    for question, part in primary.groupby("question", sort=False):
        pairs = dict.fromkeys(part["model_title"] + " − " + part["against_title"])
        counts = [f"{draw}, {_verdict_counts(part[part['draw'] == draw])}" for draw in draws_of(part)]
        found.append(Answer(str(question).capitalize(), f"{' and '.join(pairs)}: {'; '.join(counts)}."))
    return found


def compared_on(primary: pd.DataFrame) -> str:
    """How many subjects and seeds each draw of the contrasts has."""
    parts = []
    for draw in draws_of(primary):
        own = primary[primary["draw"] == draw]
        parts.append(f"{draw}: {counted(own['subjects'].max(), 'subject')}, {counted(own['seeds'].max(), 'seed')}")
    return "; ".join(parts).capitalize()


def _verdict_counts(contrasts: pd.DataFrame) -> str:
    counts = contrasts["verdict"].map(lambda word: str(word).partition(" (")[0]).value_counts(sort=False)
    return ", ".join(f"{word} in {count} of {len(contrasts)}" for word, count in counts.items())


def primary_rows(primary: pd.DataFrame) -> pd.DataFrame:
    """The contrasts as the page lists them: a row each, the draws side by side."""
    rows = []
    draws = draws_of(primary)
    keys = ["question", "model_title", "against_title", "frames", "target"]
    for (question, model, against, frames, target), part in primary.groupby(keys, sort=False):
        row: dict[str, object] = {
            "question": question,
            "contrast": f"{model} − {against}",
            "frames": frames_title(str(frames)),
            "target": target,
        }
        of_draw = {draw: next(iter(part[part["draw"] == draw].to_dict("records")), {}) for draw in draws}
        for draw, cells in of_draw.items():
            difference = _with_interval(cells.get("value"), cells.get("low"), cells.get("high"))
            row |= {draw: difference, f"{draw}: verdict": str(cells.get("verdict", "–")).partition(" (")[0]}
        for draw, cells in of_draw.items():
            row |= {
                f"{draw}: Holm p": cells.get("p_holm", np.nan),
                f"{draw}: detectable": cells.get("smallest_detectable", np.nan),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def headroom_rows(headroom: pd.DataFrame, frames: str) -> pd.DataFrame:
    """What there is to gain on some frames: a row per base and way to know; CCC, and its gain over the base."""
    rows = []
    chosen = headroom[headroom["frames"] == frames]
    for (base, way), part in chosen.groupby(["base_title", "row"], sort=False):
        row = {"over": base, "who knows": way}
        for draw in draws_of(chosen):
            for target in TARGETS:
                own = part[(part["draw"] == draw) & (part["target"] == target)]
                cells = own.iloc[0].to_dict() if len(own) else {}
                gain = _with_interval(cells.get("gain"), cells.get("low"), cells.get("high"))
                row[f"{draw}: {target}"] = f"{cells['ccc']:.3f} ({gain})" if cells else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def nothing_to_gain(headroom: pd.DataFrame, frames: str) -> tuple[list[str], list[str]]:
    """Where a detector that was taught the episodes gains too little for a verdict on gates, and where enough.

    Returns:
        Bases with target and draw, such as "CA, valence (test)"; those with nothing to gain, then the others.
    """
    attainable = headroom[(headroom["frames"] == frames) & (headroom["row"] == ATTAINABLE)]
    little: list[str] = []
    enough: list[str] = []
    for row in attainable.to_dict("records"):
        where = little if row["gain"] < LEAST_HEADROOM else enough
        where.append(f"{row['base_title']}, {row['target']} ({row['draw']}, {_signed(row['gain'])})")
    return little, enough


def label_rows(autocorrelation: pd.DataFrame) -> pd.DataFrame:
    """Autocorrelation of labels: a row per memory and target, a column per lag."""
    rows = []
    for (memory_s, target), part in autocorrelation.groupby(["memory_s", "target"], sort=False):
        row = {"memory of the labels": f"{memory_s:g} s", "target": target}
        rows.append(row | {f"{one['lag_s']:g} s apart": one["value"] for one in part.to_dict("records")})
    return pd.DataFrame(rows)


def health_rows(health: pd.DataFrame) -> pd.DataFrame:
    """Which gates live: a row per model, target and gate."""
    rows = []
    for (model, target, gate), part in health.groupby(["model", "target", "gate"], sort=False):
        is_dead = part["dead"].astype(bool)
        rows.append(
            {
                "model": model,
                "target": target,
                "gate": gate,
                "seeds dead": f"{is_dead.sum()} of {len(part)}",
                "dead on": ", ".join(sorted(set(part["column"][is_dead].astype(str)))),
                "least range": float(part["range"].min()),
                "largest range": float(part["range"].max()),
            }
        )
    return pd.DataFrame(rows)


def published_tables(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables 1 and 2 of the paper with our rows beside them: see `iaca.study.published`."""
    return published.table_1(scores), published.table_2(scores)


PUBLISHED_LABEL, PUBLISHED_NOTE = published.LABEL, published.NOTE


def contrasts_file(primary: pd.DataFrame, file_format: str, synthetic: bool) -> bytes:
    """The primary contrasts as SVG, PDF or PNG, at the width of two columns."""
    from iaca.figures.contrast_forest import contrast_figure

    return _rendered(lambda: contrast_figure(primary, synthetic=synthetic), file_format, "contrasts")


def memory_file(tables: Decisions, file_format: str, synthetic: bool) -> bytes:
    """The curve of label memory as SVG, PDF or PNG, at the width of two columns."""
    from iaca.figures.memory_curve import memory_figure

    return _rendered(
        lambda: memory_figure(tables.memory, tables.autocorrelation, synthetic=synthetic), file_format, "label-memory"
    )


def missing_of(table: pd.DataFrame, regime: str, modality: str, pattern: str | None = None) -> pd.DataFrame:
    """The curves of one regime and modality, and of one pattern or of all; models under their plain titles."""
    own = table[(table["regime"] == regime) & (table["modality"] == modality)]
    own = own if pattern is None else own[own["pattern"] == pattern]
    return own.assign(model=own["model"].str.removesuffix(f" ({regime})"))


def missing_file(table: pd.DataFrame, file_format: str, synthetic: bool) -> bytes:
    """The curves of one regime and modality as SVG, PDF or PNG, as Fig 3 is printed."""
    from iaca.figures.paper import figure_3

    return _rendered(lambda: figure_3(table, synthetic=synthetic), file_format, "missing-clips")


def _rendered(draw: Callable, file_format: str, title: str) -> bytes:
    from iaca.figures.print_style import render

    return render(draw(), file_format, title=title)


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    """A signed number with its interval; a dash where it is not defined."""
    numbers = [np.nan if one is None else float(one) for one in (value, low, high)]
    if not np.isfinite(numbers[0]):
        return "–"
    bounds = f" [{_signed(numbers[1])}, {_signed(numbers[2])}]" if np.isfinite(numbers[1:]).all() else ""
    return f"{_signed(numbers[0])}{bounds}"


def _signed(value: float) -> str:
    """Three decimals with a sign, a minus as axes have it."""
    return f"{value:+.3f}".replace("-", "−")
