"""The number of an equation leads to the line that computes it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parents[3] / "iaca" / "models"


def lines_of_code(file: Path) -> set[int]:
    """Lines on which a statement stands that is no docstring."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Return):
            found |= set(range(node.lineno, node.end_lineno + 1))
    return found


@pytest.mark.parametrize("number", range(1, 10))
def test_every_equation_of_the_paper_is_found_at_the_line_that_computes_it(number):
    places = []
    for file in MODELS.rglob("*.py"):
        code = lines_of_code(file)
        for i, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(rf"# .*\beq {number}\b", line):
                assert i in code, f"{file}:{i}"
                assert not line.strip().startswith("#"), f"{file}:{i}"
                places.append((file.name, i))
    assert places
