"""What a study found: the facts behind the report's sentences, as study.json holds them, and the sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import pandas as pd

import iaca
from iaca.config import SYNTHETIC
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.study.formatting import markdown, with_interval
from iaca.study.plan import ALL, CLEAN, SUBJECT_GROUPS, TEST, VALIDATION, Variant

FILE = "study.json"
VERSION = 1
SYNTHETIC_NOTE = f"**{SYNTHETIC.capitalize()}**: this says how the models behave, not how they would do on people."
"""Stands above results of a synthetic corpus, Markdown."""


class FindingsError(InputError):
    """A study.json that cannot be read: the message names it and what was expected."""


class Verdict(StrEnum):
    """What a difference in CCC says, by its 95 % interval."""

    HELPS = "helps"
    HURTS = "hurts"
    UNCLEAR = "no clear difference (the interval contains 0)"
    TOO_FEW = "too few subjects"

    @classmethod
    def _missing_(cls, value: object) -> Verdict | None:
        # Tables of earlier studies have other words for it.
        return cls.UNCLEAR if value == "cannot be told apart from nothing" else None


@dataclass(frozen=True)
class Change:
    """What IACA changes on some frames.

    Attributes:
        frames: Group of frames, such as "all" or "face corrupted".
        target: valence or arousal.
        value: Mean difference of CCC over seeds; None where it is not defined.
        low: Lower bound of the 95 % interval; None for a single subject.
        high: Upper bound, likewise.
        verdict: What that says.
    """

    frames: str
    target: str
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Finding:
    """What IACA does to one base fusion in one regime, on one draw of subjects.

    Attributes:
        variant: Name of the gated model.
        base: Title of its base.
        regime: Of both.
        draw: "validation" or "test".
        overall: Over all frames, one change per target.
        episodes: How many changes by kind of episode there are.
        too_few: How many of them are of too few subjects.
        clear: Those of them whose interval leaves out 0.
    """

    variant: str
    base: str
    regime: str
    draw: str
    overall: tuple[Change, ...]
    episodes: int
    too_few: int
    clear: tuple[Change, ...]

    @property
    def sentence(self) -> str:
        """The finding in words, Markdown."""
        changes = "; ".join(
            f"{c.target} {with_interval(_number(c.value), _number(c.low), _number(c.high), sign=True)}: {c.verdict}"
            for c in self.overall
        )
        return f"**IACA on {self.base}, {self.regime}** ({self.draw}): {changes}.{self._about_episodes()}"

    def _about_episodes(self) -> str:
        """On which kinds of episode IACA makes a difference; nothing where no episodes are known."""
        if not self.episodes:
            return ""
        if self.too_few == self.episodes:
            return " Every kind of episode has too few subjects for a verdict."
        if not self.clear:
            return " No kind of episode shows a clear difference."
        parts = []
        for verdict in (Verdict.HELPS, Verdict.HURTS):
            where = [f"{c.frames} ({c.target} {_number(c.value):+.3f})" for c in self.clear if c.verdict is verdict]
            if where:
                parts.append(f"it {verdict} under {', '.join(where)}")
        return f" By episode, {'; '.join(parts)}."


@dataclass(frozen=True)
class Condition:
    """A condition under which IACA was tried.

    Attributes:
        variant: Name of the model.
        title: What tables call it.
        regime: "extensions" or "paper-strict".
        confirmed: Whether it was chosen on validation and scored on the test draw.
    """

    variant: str
    title: str
    regime: str
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class Study:
    """The facts behind a study's report.

    Attributes:
        version: Version of the file's form.
        created_by: Program and version that wrote it.
        synthetic: Whether the corpus is synthetic.
        seeds: How many seeds each model was trained with.
        training_subjects: Subjects that the models were trained on.
        validation_subjects: Subjects that they were scored on.
        test_subjects: Subjects of the confirmation; 0 where nothing was confirmed.
        annotated_frames: Of the validation subjects.
        clip_stride: Frames from one clip to the next.
        groups: Group of validation frames -> subjects that have such frames.
        findings: What IACA does, validation before test.
        conditions: Everything that was tried; empty where nothing was confirmed.
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
    findings: tuple[Finding, ...]
    conditions: tuple[Condition, ...]
    missing_subject: str | None
    attention_subjects: tuple[str, ...]

    @property
    def follows(self) -> str:
        """What follows from the scores, in words, Markdown."""
        lines = [*self._statements(VALIDATION), ""]
        if self.test_subjects:
            lines += [f"Confirmation on {self.test_subjects} test subjects, on whom nothing was chosen:", ""]
            lines += [*self._statements(TEST), ""]
            lines += [
                "Conditions tried on validation, besides the ablations below. Per base, the one with the largest mean "
                "difference was confirmed on the test draw, which was scored once:",
                "",
                markdown(pd.DataFrame(map(_condition_row, self.conditions))),
                "",
            ]
        return "\n".join(lines)

    def _statements(self, draw: str) -> list[str]:
        return [f"- {finding.sentence}" for finding in self.findings if finding.draw == draw]

    def write(self, folder: Path) -> None:
        """Write study.json into a folder."""
        write_whole(folder / FILE, (json.dumps(asdict(self), indent=1) + "\n").encode())

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
            fields["findings"] = tuple(map(_finding, fields["findings"]))
            fields["conditions"] = tuple(Condition(**one) for one in fields["conditions"])
            fields["attention_subjects"] = tuple(fields["attention_subjects"])
            return cls(**fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FindingsError(
                f"{file} cannot be read ({error}); expected what `python -m iaca reproduce` writes"
            ) from error


def findings_in(differences: pd.DataFrame, gated: Collection[str]) -> tuple[Finding, ...]:
    """What a table of differences says of IACA.

    Args:
        differences: Columns variant, base, regime, group, target, value, low, high, verdict, draw and ablation.
        gated: Names of the variants that are IACA on a base.

    Returns:
        One entry per draw and gated variant, in the order of the table.
    """
    rows = differences[~differences.ablation.astype(bool) & differences.variant.isin(gated)]
    findings = []
    for (draw, variant), own in rows.groupby(["draw", "variant"], sort=False):
        changes = [_change(row) for row in own.to_dict("records")]
        episodes = [c for c in changes if c.frames not in (*SUBJECT_GROUPS, CLEAN)]
        findings.append(
            Finding(
                variant=str(variant),
                base=str(own.base.iloc[0]),
                regime=str(own.regime.iloc[0]),
                draw=str(draw),
                overall=tuple(c for c in changes if c.frames == ALL),
                episodes=len(episodes),
                too_few=sum(c.verdict is Verdict.TOO_FEW for c in episodes),
                clear=tuple(c for c in episodes if c.verdict in (Verdict.HELPS, Verdict.HURTS)),
            )
        )
    return tuple(findings)


def conditions_in(differences: pd.DataFrame, variants: Sequence[Variant]) -> tuple[Condition, ...]:
    """Every condition under which IACA was tried, where any was confirmed on the test draw.

    Args:
        differences: Columns variant and draw.
        variants: Rows of the study.
    """
    confirmed = set(differences.variant[differences.draw == TEST])
    if not confirmed:
        return ()
    tried = [v for v in variants if v.is_gated and v.base is not None]
    return tuple(Condition(v.name, v.title, v.regime, v.name in confirmed) for v in tried)


def _condition_row(condition: Condition) -> dict[str, str]:
    return {
        "condition": f"{condition.title}, {condition.regime}",
        "file": condition.variant,
        "confirmed on the test draw": "yes" if condition.confirmed else "",
    }


def _change(row: Mapping[Any, Any]) -> Change:
    value, low, high = (float(row[name]) if math.isfinite(row[name]) else None for name in ("value", "low", "high"))
    return Change(row["group"], row["target"], value, low, high, Verdict(row["verdict"]))


def _finding(fields: dict[str, Any]) -> Finding:
    for name in ("overall", "clear"):
        fields[name] = tuple(Change(**one | {"verdict": Verdict(one["verdict"])}) for one in fields[name])
    return Finding(**fields)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
