"""A clock that is set, forward or back, makes nothing last longer, end earlier, or go."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OF_THE_DAY = {"time.time", "time.time_ns"}
"""`datetime.now` stamps what people write, and measures nothing."""


def names(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_durations_are_measured_by_clocks_that_nobody_sets():
    files = [file for package in ("iaca", "dashboard", "benchmarks") for file in (ROOT / package).rglob("*.py")]
    found = {file: set(names(file)) for file in files}
    assert {file: said & OF_THE_DAY for file, said in found.items() if said & OF_THE_DAY} == {}
    assert any("time.monotonic" in said for said in found.values())
