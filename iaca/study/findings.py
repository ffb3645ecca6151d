"""What a study found: its facts and its decisions, as study.json holds them, and the sentences that follow."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

import iaca
from iaca.config import SYNTHETIC
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.study.contrasts import LEAST_HEADROOM, Verdict
from iaca.study.formatting import with_interval
from iaca.study.headroom import ATTAINABLE, INFORMED
from iaca.study.plan import ALL, TEST, VALIDATION

FILE = "study.json"
VERSION = 2
SYNTHETIC_NOTE = f"**{SYNTHETIC.capitalize()}**: this says how the models behave, not how they would do on people."
"""Stands above results of a synthetic corpus, Markdown."""

Record = dict[str, Any]


class FindingsError(InputError):
    """A study.json that cannot be read: the message names it and what was expected."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """The facts behind a study's report, and what it decided.

    Attributes:
        version: Version of the file's form.
        created_by: Program and version that wrote it.
        synthetic: Whether the corpus is synthetic.
        seeds: How many seeds each model was trained with.
        training_subjects: Subjects that the models were trained on.
        validation_subjects: Subjects that they were scored on.
        test_subjects: Subjects of the test draw, on whom nothing was chosen; 0 without one.
        annotated_frames: Of the validation subjects.
        clip_stride: Frames from one clip to the next.
        groups: Group of validation frames -> subjects that have such frames.
        primary_sha256: Of the file that fixes the primary contrasts.
        primary: The primary contrasts, of each draw: rows of `decisions.decide`.
        headroom: What there is to gain: rows of `decisions.headroom_table`.
        memory: The label-memory curve: rows of `label_curve.memory_curve`; empty where it was not asked for.
        gate_health: Whether each gate moves, in each seed: rows of `gate_truth.Gates.health`.
        typical_seeds: Model -> the seed that is nearest the mean of all.
        tables: Parquet file beside this one -> its SHA-256.
        missing_subject: Whose clips are taken away for Fig 3; None: all validation subjects'.
        attention_subjects: Whose attention scores Fig 1 shows; empty where it is not drawn.
    """

    version: int = VERSION
    created_by: str = f"iaca {iaca.__version__}"
    synthetic: bool
    seeds: int
    training_subjects: int
    validation_subjects: int
    test_subjects: int
    annotated_frames: int
    clip_stride: int
    groups: Mapping[str, int]
    primary_sha256: str
    primary: Sequence[Record] = field(default_factory=list)
    headroom: Sequence[Record] = field(default_factory=list)
    memory: Sequence[Record] = field(default_factory=list)
    gate_health: Sequence[Record] = field(default_factory=list)
    typical_seeds: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    missing_subject: str | None
    attention_subjects: Sequence[str]

    @property
    def draws(self) -> tuple[str, ...]:
        """The draws that were scored."""
        return (VALIDATION, TEST) if self.test_subjects else (VALIDATION,)

    @property
    def follows(self) -> str:
        """What follows from the scores, in words, Markdown: one sentence a base and draw, every contrast in it."""
        if not self.primary:
            return "The study holds none of the models of the primary contrasts: nothing is decided.\n"
        lines = []
        for draw in self.draws:
            subjects = self.test_subjects if draw == TEST else self.validation_subjects
            lines += [f"On {subjects} {draw} subjects:", ""]
            lines += [f"- {sentence}" for sentence in [*self._contrasts(draw), *self._headroom(draw)]]
            lines.append("")
        return "\n".join(lines)

    def _contrasts(self, draw: str) -> list[str]:
        rows = [row for row in self.primary if row["draw"] == draw]
        pairs = dict.fromkeys((row["model_title"], row["against_title"], row["question"]) for row in rows)
        sentences = []
        for model, against, question in pairs:
            own = [row for row in rows if (row["model_title"], row["against_title"]) == (model, against)]
            parts = "; ".join(
                f"{row['target']}, {row['frames'] if row['frames'] != ALL else 'all frames'} "
                f"{with_interval(*(_number(row[name]) for name in ('value', 'low', 'high')), sign=True)} "
                f"({row['verdict']})"
                for row in own
            )
            sentences.append(f"**{model} - {against}** ({question}): {parts}.")
        return sentences

    def _headroom(self, draw: str) -> list[str]:
        """Where there is nothing to gain, said before anybody asks why nothing was gained."""
        sentences = []
        rows = [row for row in self.headroom if row["draw"] == draw and row["frames"] == ALL]
        for base in dict.fromkeys(row["base_title"] for row in rows if row["row"] == ATTAINABLE.title):
            parts = []
            for target in dict.fromkeys(row["target"] for row in rows):
                gains = {row["row"]: row for row in rows if (row["base_title"], row["target"]) == (base, target)}
                known, taught = gains[INFORMED.title], gains[ATTAINABLE.title]
                less = "nothing to gain here" if taught["gain"] < LEAST_HEADROOM else "something to gain"
                parts.append(
                    f"{target} {_gain(known)} for who knows the episodes, {_gain(taught)} for a detector that was "
                    f"taught them ({less})"
                )
            sentences.append(f"**Headroom over {base}**: {'; '.join(parts)}.")
        return sentences

    def write(self, folder: Path) -> None:
        """Write study.json into a folder."""
        content = json.dumps(_plain(asdict(self)), allow_nan=False, separators=(",", ":"))
        write_whole(folder / FILE, content.encode())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read study.json of a folder.

        Raises:
            FindingsError: The file is missing or damaged, or is of another version.
        """
        file = folder / FILE
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            if fields["version"] != VERSION:
                raise ValueError(f"it is of version {fields['version']}, not {VERSION}")
            study = cls(**fields)
            study._check()
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise FindingsError(
                f"{file} cannot be read ({error}); expected what `python -m iaca reproduce` writes"
            ) from error
        return study

    def _check(self) -> None:
        """Raise where a sentence or a number could not be made.

        Raises:
            KeyError: A field of a record is missing.
            ValueError: A verdict that there is none of.
            TypeError: A list that is none.
        """
        for row in self.primary:
            Verdict(row["verdict"])
        for draw in self.draws:
            self._contrasts(draw)
            self._headroom(draw)


def records(table: pd.DataFrame) -> list[Record]:
    """Rows of a table for study.json."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def digests(files: Sequence[Path]) -> dict[str, str]:
    """Name of each table -> its SHA-256: what study.json says of the files beside it."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _plain(value: Any) -> Any:
    """The same without NaN, which JSON does not have: None stands for it."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _gain(row: Record) -> str:
    return with_interval(*(_number(row[name]) for name in ("gain", "low", "high")), sign=True)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
