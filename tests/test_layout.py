"""Tests mirror the packages: a test file lies where its module lies, under its name."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("iaca", "dashboard", "docs", "benchmarks", "examples")

EXCEPTIONS = {
    "tests/docs/test_data_sets.py": "the recipes of docs/data-sets.md, a guide without a module",
    "tests/iaca/models/test_equations.py": "eqs 1-9 run through fusions, gating and trunks at once",
    "tests/iaca/models/test_equation_numbers.py": "the numbers of equations, in every file of the folder",
}
"""Tests of no single module, and why."""

VISITS = "tests/dashboard"
"""Tests that lie directly in this folder visit the page as a user does and are named for what they look at."""

TESTS = [
    file.relative_to(ROOT).as_posix() for package in PACKAGES for file in (ROOT / "tests" / package).rglob("test_*.py")
]


@pytest.mark.parametrize("test", sorted(TESTS))
def test_a_test_lies_beside_its_module(test):
    path = Path(test)
    if test in EXCEPTIONS or path.parent.as_posix() == VISITS:
        return
    folder = ROOT / path.parent.relative_to("tests")
    name = path.stem.removeprefix("test_")
    assert (folder / f"{name}.py").exists() or (folder / name).is_dir() or folder.name == name, (
        f"{test}: expected {folder.relative_to(ROOT)} to hold {name}.py or a folder {name}; move or rename the test"
    )


def test_every_exception_is_still_there():
    assert set(EXCEPTIONS) <= set(TESTS)
