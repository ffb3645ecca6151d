"""The table of files in every promised form is what is read of them, without a failure."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from docs import any_file
from docs.any_file_kinds import KINDS, section
from tests.iaca.data.media.test_container import needs_ffmpeg

ROOT = Path(__file__).resolve().parents[2]


def test_every_kind_has_its_variants_and_every_test_that_is_named_is_there():
    assert len(KINDS) == 13
    for kind, variants in KINDS.items():
        assert len({one.test for one in variants}) == len(variants) >= 3, kind
        for one in variants:
            file, name = one.test.split("::")
            parsed = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {part.name for part in parsed.body if isinstance(part, ast.FunctionDef)}, one.test
    assert section() in any_file.TABLE.read_text(encoding="utf-8")


@pytest.mark.slow
@needs_ffmpeg
def test_the_page_is_what_is_printed_and_nothing_in_it_fails():
    page, failed = any_file.table()
    assert failed == 0
    assert page == any_file.TABLE.read_text(encoding="utf-8")
    groups = Counter(case.group for case in any_file.cases())
    assert list(groups.values()) == [8, 3, 2, 4, 6]
