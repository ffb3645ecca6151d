"""The table of a corpus: a row for each subject, of which one can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.services import corpus_views
from dashboard.state import session

HEIGHT_PX = 458
"""The header and twelve rows, as many as the demo has."""

FORMATS = {"signed": "%+.2f", "plain": "%.2f", "share": "percent"}
HELP = {
    "interval": "95% interval of the gain within this recording: a jackknife that leaves out five seconds at a time.",
    "range": "Largest less smallest weight over the clips of this recording; below 0.05 the gate does not move.",
}


ORDERS = {
    "as listed": "",
    "name": "subject",
    "condition": "condition",
    "CCC, first model": "ccc_base",
    "CCC": "ccc_gated",
    "gain": "gain",
    "length": "length_s",
    "annotated frames": "annotated_frames",
    **{title.lower(): name for name, title in corpus_views.SHARE_TITLES.items()},
    **{title.lower(): f"mean_{name}" for name, title in corpus_views.WEIGHT_TITLES.items()},
    "range, stage 1": "stage1_range",
    "range, stage 2": "stage2_range",
}
"""What rows can be sorted by -> column; the browser sorts too, but tells nobody, so that no link would hold it."""


def choose_order(listed: pd.DataFrame) -> pd.DataFrame:
    """Ask in which order subjects are listed.

    Args:
        listed: Rows of `overviews.rows_of`.

    Returns:
        The same rows, sorted; those without a value come last.
    """
    orders = [title for title, name in ORDERS.items() if not name or listed[name].notna().any()]
    with st.container(horizontal=True, vertical_alignment="bottom", key="corpus_order"):
        chosen = st.selectbox("Sorted by", orders, width=230, **session.CORPUS_SORT.widget)
        largest_first = st.toggle(
            "Largest first", session.CORPUS_LARGEST_FIRST.default, disabled=not ORDERS[chosen],
            **session.CORPUS_LARGEST_FIRST.widget,
        )  # fmt: skip
    if not ORDERS[chosen]:
        return listed
    return listed.sort_values(ORDERS[chosen], ascending=not largest_first, kind="stable", na_position="last")


def show(
    listed: pd.DataFrame, titles: Sequence[str], still: Sequence[str], target: str, threshold: float
) -> str | None:
    """Draw it.

    Args:
        listed: Rows of `overviews.rows_of`.
        titles: Of one or two models.
        still: Weights of gates that do not move over the corpus.
        target: valence or arousal.
        threshold: Influence from which a modality counts.

    Returns:
        The subject of the row that is chosen, or None.
    """
    shown = corpus_views.table_of(listed)
    number, share = st.column_config.NumberColumn, st.column_config.NumberColumn
    is_pair = len(titles) == 2
    of_share = f"Share of clips. A modality counts from an influence of {threshold:g}: how far it moves the prediction."
    columns: dict[str, Any] = {
        "subject": st.column_config.TextColumn("Subject", pinned=True),
        "condition": st.column_config.TextColumn("Condition"),
        "split": st.column_config.TextColumn("Split"),
        "ccc_base": number(f"CCC {titles[0]}", format=FORMATS["plain"]) if is_pair else None,
        "ccc_gated": number(f"CCC {titles[-1]}", format=FORMATS["plain"]),
        "gain": number("Gain", format=FORMATS["signed"]) if is_pair else None,
        "interval": st.column_config.TextColumn("95% interval", help=HELP["interval"]) if is_pair else None,
        "length_s": number("Length (s)", format="%.0f"),
        "annotated_frames": number("Annotated frames"),
        **{
            name: share(title, format=FORMATS["share"], help=of_share)
            for name, title in corpus_views.SHARE_TITLES.items()
        },
        **{
            f"mean_{name}": number(f"{title}{' (does not move)' if name in still else ''}", format=FORMATS["plain"])
            for name, title in corpus_views.WEIGHT_TITLES.items()
        },
        "stage1_range": number("Range, stage 1", format=FORMATS["plain"], help=HELP["range"]),
        "stage2_range": number("Range, stage 2", format=FORMATS["plain"], help=HELP["range"]),
    }
    order = [name for name, column in columns.items() if column is not None and shown[name].notna().any()]
    event = st.dataframe(
        shown, hide_index=True, height=HEIGHT_PX, column_order=order, column_config=columns, key="corpus_table",
        on_select="rerun", selection_mode="single-row", alt=f"Subjects, {target}", placeholder="–",
    )  # fmt: skip
    rows = event["selection"]["rows"]
    return str(shown["subject"].iloc[rows[0]]) if rows and rows[0] < len(shown) else None
