"""Tables 1 and 2 of the paper as it prints them, and our rows beside them: other data, never to be compared by value.

Source: Praveen & Alam, arXiv:2405.12853, Tables 1 and 2.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from iaca.config import TARGETS
from iaca.errors import InputError
from iaca.study.formatting import markdown
from iaca.study.plan import ALL, EXTENSIONS, VALIDATION

FILE = files("iaca.study") / "published.csv"
COLUMNS = ("table", "method", "fusion", "iaca", "split", "target", "ccc")
LABEL = "Aff-Wild2, other data"
NOTE = (
    "Published by Praveen & Alam (2024), Tables 1 and 2. Aff-Wild2 is other data, with other backbones and labels: "
    "compare what changes within a table, never a score of one with a score of the other."
)
OURS = {
    "Leader Follower Attention": "leader_follower",
    "LSTM + Transformers": "lstm_transformer",
    "TCN + Transformers": "tcn_transformer",
    "Transformers": "transformer",
    "JCA": "jca",
    "RJCA": "rjca",
}
"""Fusion as Table 1 names it -> name of our variant; with IACA, "_iaca" follows."""


@cache
def _read() -> pd.DataFrame:
    with FILE.open(encoding="utf-8") as file:
        table = pd.read_csv(file, keep_default_na=False)
    if tuple(table.columns) != COLUMNS or not table["ccc"].between(-1, 1).all():
        raise InputError(
            f"{FILE} has the columns {', '.join(table.columns)}; expected {', '.join(COLUMNS)}, CCC in [-1, 1]"
        )
    return table


def published_scores() -> pd.DataFrame:
    """Every score of the paper's Tables 1 and 2.

    Returns:
        One row per table (1 or 2), method, split (validation or test) and target: method and fusion as printed, whether
        with IACA ("yes", "no", or "" for methods without such a choice), CCC in [-1, 1].

    Raises:
        InputError: The file that ships is not as expected.
    """
    return _read().copy()


def relative_change(before: float, after: float) -> float:
    """Change in per cent of what was before, as Table 2 prints it; NaN where there is nothing to divide by.

    Examples:
        >>> round(relative_change(0.541, 0.632), 1)
        16.8
    """
    return 100 * (after - before) / before if before else float("nan")


def table_1(scores: pd.DataFrame | None = None) -> pd.DataFrame:
    """Table 1: the methods that the paper compares itself with.

    Args:
        scores: Ours, as `tables.scores` returns them: rows of our rebuilt fusion stages are put beside. None: none are.

    Returns:
        One row per method: method, fusion, CCC on validation and test for both targets, such as "validation valence";
        with scores also "ours valence" and "ours arousal", NaN where we have no such row.
    """
    table = published_scores()
    table = table[table["table"] == 1]
    rows = []
    for (method, fusion, iaca), part in table.groupby(["method", "fusion", "iaca"], sort=False):
        row: dict[str, object] = {"method": method, "fusion": f"{fusion}" + ("+IACA" if iaca == "yes" else "")}
        row |= {f"{one['split']} {one['target']}": one["ccc"] for one in part.to_dict("records")}
        if scores is not None:
            name = OURS[str(fusion)] + ("_iaca" if iaca == "yes" else "")
            row |= {f"ours {target}": _ours(scores, name, target) for target in TARGETS}
        rows.append(row)
    return pd.DataFrame(rows)


def table_2(scores: pd.DataFrame | None = None) -> pd.DataFrame:
    """Table 2: every base without and with IACA on the validation set, with the relative change.

    Args:
        scores: Ours, as for `table_1`.

    Returns:
        One row per fusion and target: fusion, target, without, with, change (per cent); with scores also "ours
        without", "ours with" and "ours change", NaN where we have no such row.
    """
    table = published_scores()
    table = table[table["table"] == 2]
    rows = []
    for (fusion, target), part in table.groupby(["fusion", "target"], sort=False):
        ccc = part.set_index("iaca")["ccc"]
        row = {"fusion": fusion, "target": target, **_pair("", float(ccc["no"]), float(ccc["yes"]))}
        if scores is not None:
            name = str(fusion).lower()
            row |= _pair("ours ", *(_ours(scores, one, str(target)) for one in (name, f"{name}_iaca")))
        rows.append(row)
    return pd.DataFrame(rows)


def published_section(scores: pd.DataFrame | None = None) -> str:
    """The report's section with the published Tables 1 and 2, Markdown.

    Args:
        scores: Ours, as for `table_1`; None: the published tables alone.
    """
    first, second = table_1(scores), table_2(scores)
    lines = ["## As published, and ours beside it" if scores is not None else "## As published", "", NOTE, ""]
    for number, table, about in (
        (1, first, "methods on the validation and the test set"),
        (2, second, "bases without and with IACA on the validation set; change in per cent of the score without"),
    ):
        lines += [f"### Table {number} ({LABEL})", "", f"CCC: {about}.", "", markdown(_printed(table)), ""]
    return "\n".join(lines)


def _pair(prefix: str, without: float, with_: float) -> dict[str, float]:
    change = relative_change(without, with_)
    return {f"{prefix}without": without, f"{prefix}with": with_, f"{prefix}change": change}


def _ours(scores: pd.DataFrame, variant: str, target: str) -> float:
    """Our CCC on all frames of the validation draw; NaN where there is no such row."""
    chosen = scores[
        (scores["variant"] == variant) & (scores["target"] == target) & (scores["group"] == ALL)
        & (scores["regime"] == EXTENSIONS)
    ]  # fmt: skip
    if "draw" in chosen:
        chosen = chosen[chosen["draw"] == VALIDATION]
    return float(chosen["ccc"].iloc[0]) if len(chosen) else float("nan")


def _printed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as the paper prints them: CCC with three decimals, changes with one and a sign; a dash where none is."""
    columns = {}
    for name in table.columns:
        values = table[name]
        if not pd.api.types.is_numeric_dtype(values):
            columns[name] = values.tolist()
            continue
        form = "{:+.1f} %" if name.endswith("change") else "{:.3f}"
        columns[name] = [form.format(value) if np.isfinite(value) else "–" for value in values]
    return pd.DataFrame(columns)
