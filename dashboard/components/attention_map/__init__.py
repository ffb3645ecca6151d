"""Attention maps side by side: a cell is one clip against another, or one feature against another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.timeline.panels import Panel

FOLDER = Path(__file__).parent

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
    ramp: Sequence[str],
    key: str,
) -> None:
    """Mount the maps.

    Args:
        panels: At most one for each model.
        limits: Values at the ends of the colours, the same for all maps.
        on_cell: Called with the second to be seen, before the run that a click starts.
        video: Address of the video, whose sound a click plays; None without.
        ramp: Colours from one limit to the other at even steps, as #rrggbb.
        key: Of these maps, where a page has several.
    """
    key = f"attention_map_{key}"

    def chosen() -> None:
        cell = (st.session_state.get(key) or {}).get("cell")
        if cell:
            on_cell(float(cell["second"]))

    shapes = [
        panel._asdict()
        | {"values": list(panel.values.shape), "rows": panel.rows._asdict(), "columns": panel.columns._asdict()}
        for panel in panels
    ]
    _component(
        key=key,
        data={
            "panels": shapes,
            "limits": limits,
            "video": video,
            "ramp": ramp,
            **{f"values_{i}": pd.DataFrame({"value": panel.values.ravel()}) for i, panel in enumerate(panels)},
        },
        on_cell_change=chosen,
    )
