"""No text in a table runs when a spreadsheet opens it, and everything else stays as it is."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from dashboard.export.spreadsheet import as_csv
from dashboard.services import overviews, sweeps


@pytest.mark.parametrize("written", [as_csv, overviews.csv_file, sweeps.csv_file])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe_and_a_number_none(written):
    table = pd.DataFrame({
        "subject": ["=cmd|' /C calc'!A0", "+1+1", "-anna", "@SUM(A1)", "ben=1", None, "\t=1+1"],
        "ccc": [-0.5, np.nan, 1, 0, -1e-9, 2, 3], "end_s": ["-1.5", "+2", "3", "-inf", "", "-", "4"],
        "frames": [-1, 2, 3, 4, 5, 6, 7], "known": [True, False] * 3 + [True],
    })  # fmt: skip
    before = table.copy()
    read = pd.read_csv(io.BytesIO(written(table)), dtype={"end_s": str}, keep_default_na=False)
    assert list(read["subject"]) == ["'=cmd|' /C calc'!A0", "'+1+1", "'-anna", "'@SUM(A1)", "ben=1", "", "'\t=1+1"]
    assert list(read["end_s"]) == ["-1.5", "+2", "3", "'-inf", "", "'-", "4"]
    assert list(read["ccc"]) == ["-0.5", "", "1.0", "0.0", "-1e-09", "2.0", "3.0"]
    assert list(read["frames"]) == list(table["frames"])
    assert list(read["known"]) == list(table["known"])
    pd.testing.assert_frame_equal(table, before)
