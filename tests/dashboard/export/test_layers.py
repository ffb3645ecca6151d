"""How many shadings lie over each other."""

from __future__ import annotations

import pytest

from dashboard.export.layers import shaded_spans
from dashboard.timeline.declared import Band
from tests.cases import cases


@pytest.mark.parametrize("case", cases("layers"), ids=lambda case: case["case"])
def test_at_most_two_shadings_lie_over_each_other_as_in_the_browser(case):
    bands = [Band("episode", "", one["spans"], "text", 0.1, hatched=one["hatched"]) for one in case["bands"]]
    assert [list(map(list, spans)) for spans in shaded_spans(bands)] == case["shaded"]
