"""CCC against the share of missing clips: a panel per fusion, a line per model, a row per target."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.charts import missing_curves, theme
from dashboard.sections.notices import literal
from dashboard.state import session
from iaca.config import TARGETS
from iaca.figures.palette import Style
from iaca.figures.roles import panels, styles


def draw(table: pd.DataFrame, missing: str, *, key: str, numbers: session.Field) -> None:
    """Draw the curves of one modality and pattern, with their numbers behind an expander.

    Args:
        table: Rows of model, share, target, ccc, low and high.
        missing: What is missing, in words.
        key: Tells these charts from others on the page.
        numbers: Whether their numbers are open.
    """
    by_panel, drawn = panels(table["model"]), styles(table["model"])
    targets = [target for target in TARGETS if target in set(table["target"])]
    places = st.columns(len(targets)) if len(by_panel) == 1 else [st.container() for _ in targets]
    for target, place in zip(targets, places, strict=True):
        with place:
            _draw_target(table[table["target"] == target], target, by_panel, drawn, missing, key)
    with st.expander("Numbers", icon=":material/table:", **numbers.section):
        st.dataframe(missing_curves.numbers(table), hide_index=True, key=f"{key}_numbers")


def _draw_target(
    rows: pd.DataFrame, target: str, by_panel: dict[str, list[str]], drawn: dict[str, Style], missing: str, key: str
) -> None:
    gist = missing_curves.gist(rows, target)
    st.markdown(f"**{target.capitalize()}**" + (f": {literal(gist)}" if gist else ""))
    for place, (fusion, titles) in zip(st.columns(len(by_panel)), by_panel.items(), strict=True):
        chart = missing_curves.chart(
            rows[rows["model"].isin(titles)],
            drawn,
            missing_curves.limits(rows),
            f"share of {missing} missing",
            f"CCC {target}",
            dark=st.context.theme.type == "dark",
        )
        what = f"CCC of {target} against the share of missing {missing}, {fusion}: {', '.join(titles)}"
        place.plotly_chart(chart, alt=what, config=theme.CONFIG, key=f"{key} {fusion} {target}")
