"""Verdicts: what was looked at, what was found, and what to do where it is not good."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple


class State(StrEnum):
    """How something is: good (`ok`), worth knowing (`note`), or in the way of work (`failed`)."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


class Verdict(NamedTuple):
    """What was found out about one thing.

    Attributes:
        name: What was looked at, in a word or two.
        state: How it is.
        found: What was found, in a sentence.
        remedy: What to do about it; never empty where something failed.
        seconds: How long it took, where that says something.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
    seconds: float | None = None


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing failed."""
    return all(verdict.state is not State.FAILED for verdict in verdicts)


def to_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Plain values, ready for JSON."""
    checks = [verdict._asdict() | {"state": verdict.state.value} for verdict in verdicts]
    return {"ok": passed(verdicts), "checks": checks}


def to_text(verdict: Verdict) -> str:
    """A line for reading, and a second one with the remedy."""
    took = "" if verdict.seconds is None else f" ({verdict.seconds:.1f} s)"
    line = f"{verdict.state.value:6}  {verdict.name}: {verdict.found}{took}"
    return line + (f"\n        -> {verdict.remedy}" if verdict.remedy else "")
