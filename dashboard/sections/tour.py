"""What the tour of the page points at, and how to ask for it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from dashboard.components.guide import Step, guide
from dashboard.timeline import meanings
from dashboard.timeline.declared import Shown

ASKED = "tour_asked"
VOICE_LOST = "What if the voice is lost?"
KNOWN_WRONG = "Where something is known to be wrong"

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
        "follows to the exact frame. Press ? for all keys, Ctrl+K to find a command.",
    ),
    Step(
        ".iaca-legend",
        "What the models do, row by row",
        "Attention scores, the gates of stage 1 and stage 2, and predictions next to the annotation, each with its "
        "value at the cursor, or at the pointer. Hover over a title for its meaning and its equation. + and − zoom.",
    ),
    Step(
        ".iaca-lanes",
        KNOWN_WRONG,
        meanings.BANDS.text,
    ),
    Step(
        ".st-key-dropout_bar",
        VOICE_LOST,
        "Drop audio: this card then says what the gates made of it. Dotted lines keep the curves as they were.",
    ),
    Step(
        ".st-key-take",
        "Export",
        "Curves as CSV or Parquet, figures for a paper, a video with sound, and a link to this very frame. “About the "
        "models” says what every row means, with the equations.",
    ),
)

WITHOUT_GATES = {
    "What the models do, row by row": "Attention scores and predictions next to the annotation, each with its value at "
    "the cursor, or at the pointer. Hover over a title for its meaning and its equation. + and − zoom.",
    VOICE_LOST: "Drop audio and see the predictions move. Dotted lines keep the curves as they were.",
}
"""Title of a step -> what it says where no shown model has gates."""


def show(shown: Sequence[Shown], target: str, look_for: str = "") -> None:
    """Mount the tour on the page that it is about.

    Args:
        shown: The models on the page.
        target: Whose gates they show, valence or arousal.
        look_for: What to look for in the shown subject, in a sentence, or "".
    """
    guide(steps_of(shown, target, look_for), st.session_state.get(ASKED, 0))


def steps_of(shown: Sequence[Shown], target: str, look_for: str) -> list[Step]:
    """The steps, which claim of the gates what the shown models do; arguments are those of `show`."""
    said = {} if any(model.has_gates for model in shown) else dict(WITHOUT_GATES)
    if look_for:
        said[KNOWN_WRONG] = f"{meanings.BANDS.text} {look_for}"
    if lost := without_audio(shown, target):
        said[VOICE_LOST] = lost
    return [step._replace(text=said.get(step.title, step.text)) for step in STEPS]


def without_audio(shown: Sequence[Shown], target: str) -> str:
    """What the gates do where audio is dropped: mean weights over those frames, before and after.

    Args:
        shown: The models; the first one with gates is spoken of.
        target: Whose gates, valence or arousal.

    Returns:
        Sentences, or "" where no model has gates or no audio is dropped.
    """
    model = next((one for one in shown if one.has_gates and one.changed), None)
    if model is None:
        return ""
    columns, before = model.trace.columns, model.baseline.columns
    dropped = columns["audio_dropped"]
    if not dropped.any():
        return ""
    stages = []
    for stage in (1, 2):
        parts, moved = [], 0.0
        for gate, what in meanings.WEIGHTS.items():
            was, now = (float(one[f"{target}_{gate}"][dropped].mean()) for one in (before, columns))
            if gate.startswith(f"stage{stage}") and not math.isnan(now):
                parts.append(f"{what} {was:.2f} → {now:.2f}")
                moved = max(moved, abs(now - was))
        if parts:
            still = "" if moved >= meanings.LEAST_MOVE else ", which hardly moves"
            stages.append(f"stage {stage}{still}: {', '.join(parts)}")
    return (
        f"Mean gate weights of {model.title} for {target} in the {dropped.sum():,} frames without audio, before and "
        f"after: {'; '.join(stages)}. Dotted lines keep the curves as they were."
    )


def offer() -> None:
    """A button that starts it, from another page."""
    if st.button("Take the tour", icon=":material/tour:"):
        st.session_state[ASKED] = st.session_state.get(ASKED, 0) + 1
        st.switch_page("app_pages/compare.py")
