"""Attention maps side by side: a cell is one clip against another, or one feature against another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path(__file__).parent
KEY = "attention_map"


class Axis(NamedTuple):
    """Rows or columns of a map.

    Attributes:
        title: What they are.
        labels: A name for each, or nothing where they have none.
        spans: For clips, (first, last) second of each on the timeline of the file; None for an empty place.
        divide: Place of a line that divides them, or None.
    """

    title: str
    labels: Sequence[str] = ()
    spans: Sequence[tuple[float, float] | None] = ()
    divide: int | None = None


class Panel(NamedTuple):
    """One map.

    Attributes:
        title: Whose.
        values: (R, C) float32.
        rows: Along the vertical.
        columns: Along the horizontal.
        heard: "rows" or "columns": which of the two a click makes heard, the other is seen; "" for no click.
        seen_s: Second on the clock of the frames to which a click leads, for each clip of the axis that is seen.
        here: Place of the clip at the cursor, or None.
    """

    title: str
    values: np.ndarray
    rows: Axis
    columns: Axis
    heard: str = ""
    seen_s: Sequence[float | None] = ()
    here: int | None = None


_component = st.components.v2.component(
    "iaca_attention_map",
    html='<div class="maps" data-testid="attention"></div><p class="said" role="status"></p>',
    css=(FOLDER / "attention_map.css").read_text(encoding="utf-8"),
    js=(FOLDER / "attention_map.js").read_text(encoding="utf-8"),
)


def attention_map(
    panels: Sequence[Panel],
    limits: tuple[float, float],
    on_cell: Callable[[float], None],
    *,
    video: str | None,
    diverging: bool,
) -> None:
    """Mount the maps.

    Args:
        panels: At most one for each model.
        limits: Values at the ends of the colours, the same for all maps.
        on_cell: Called with the second to be seen, before the run that a click starts.
        video: Address of the video, whose sound a click plays; None without.
        diverging: Two colours that meet in the middle, for values of both signs.
    """

    def chosen() -> None:
        cell = (st.session_state.get(KEY) or {}).get("cell")
        if cell:
            on_cell(float(cell["second"]))

    shapes = [
        panel._replace(values=list(panel.values.shape))._asdict()
        | {"rows": panel.rows._asdict(), "columns": panel.columns._asdict()}
        for panel in panels
    ]
    _component(
        key=KEY,
        data={
            "panels": shapes,
            "limits": limits,
            "video": video,
            "diverging": diverging,
            **{f"values_{i}": pd.DataFrame({"value": panel.values.ravel()}) for i, panel in enumerate(panels)},
        },
        on_cell_change=chosen,
    )
