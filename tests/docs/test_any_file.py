"""The table of files in every promised form is what is read of them, without a failure."""

from __future__ import annotations

from collections import Counter

import pytest

from docs import any_file
from tests.iaca.data.media.test_container import needs_ffmpeg


@pytest.mark.slow
@needs_ffmpeg
def test_the_page_is_what_is_printed_and_nothing_in_it_fails():
    page, failed = any_file.table()
    assert failed == 0
    assert page == any_file.TABLE.read_text(encoding="utf-8")
    groups = Counter(case.group for case in any_file.cases())
    assert list(groups.values()) == [8, 3, 2, 4, 6]
