"""What the tour of the page points at, and how to ask for it."""

from __future__ import annotations

import streamlit as st

from dashboard.components.guide import Step, guide
from dashboard.timeline import meanings

ASKED = "tour_asked"

STEPS = (
    Step(
        "[data-testid=stMain] [data-testid=stSelectbox]",
        "One subject at a time",
        "Its name, what makes it hard, its length, and each model's agreement with the annotation (CCC for valence and "
        "arousal). Type to search.",
    ),
    Step(
        ".iaca-screen",
        "Video and curves on one clock",
        "Space plays, the arrow keys step one frame. Drag on any row, or on the bar below, to move: the picture "
        "follows to the exact frame. Press ? for all keys.",
    ),
    Step(
        ".iaca-legend",
        "What the models do, row by row",
        "Attention scores, the gates of stage 1 and stage 2, and predictions next to the annotation, each with its "
        "value at the cursor. Hover over a title for its meaning and its equation.",
    ),
    Step(
        ".iaca-lanes",
        "Where something is known to be wrong",
        meanings.BANDS.text,
    ),
    Step(
        "[data-testid=stSidebar] .st-key-drop_audio",
        "What if the voice is lost?",
        "Drop audio and watch the gates turn to the face. Dotted lines keep the curves as they were.",
    ),
    Step(
        ".st-key-take",
        "Export",
        "Curves as CSV or Parquet, figures for a paper, a video with sound, and a link to this very frame. “About the "
        "models” says what every row means, with the equations.",
    ),
)


def show() -> None:
    """Mount the tour on the page that it is about."""
    guide(STEPS, st.session_state.get(ASKED, 0))


def offer() -> None:
    """A button that starts it, from another page."""
    if st.button("Take the tour", icon=":material/tour:"):
        st.session_state[ASKED] = st.session_state.get(ASKED, 0) + 1
        st.switch_page("app_pages/compare.py")
