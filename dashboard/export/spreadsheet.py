"""Tables for whoever opens them in a spreadsheet, which runs a text that begins like a formula."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """A value as it stands in a CSV file: an apostrophe before what a spreadsheet would take for a formula."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_number(value) else value
    )


def as_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV, without its index; a value that is not defined is an empty field."""
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    shown = table.assign(**{name: table[name].map(cell, na_action="ignore") for name in texts})
    content: str = shown.to_csv(index=False, lineterminator="\n")
    return content.encode()


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
