"""Clicks on the dots of a Plotly chart: Streamlit reports none from a chart on which a box can be dragged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "iaca_chart_click",
    html='<span class="chart-click"></span>',
    js=(FOLDER / "chart_click.js").read_text(encoding="utf-8"),
)


def chart_click(chart: str, on_clicked: Callable[[str], None]) -> None:
    """Listen to a chart; call it after the chart, in every run.

    Args:
        chart: Key of the chart.
        on_clicked: Called with the first of the custom data of a dot before the run that a click on it starts.
    """
    key = f"{chart}_click"

    def clicked() -> None:
        name = (st.session_state.get(key) or {}).get("clicked")
        if name:
            on_clicked(str(name))

    _component(key=key, data={"chart": chart}, on_clicked_change=clicked)
