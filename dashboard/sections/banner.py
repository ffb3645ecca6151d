"""What a user has to know about a subject before reading anything off its curves."""

from __future__ import annotations

import streamlit as st

from dashboard.sections.notices import literal
from dashboard.services import own_video_features, own_videos
from dashboard.services.corpora import Subject

SYNTHETIC = (
    "**Synthetic corpus**: nothing here applies to real people. For your own data, see “Use your Aff-Wild2” in "
    "`README.md` (`python -m iaca index`)."
)

OWN = (
    "**Your video.** Its features come from backbones that were trained on rendered faces and synthesised voices: what "
    "the models say about real people means nothing."
)


PAGE = "One video, read by two models frame by frame."


def show_banner(subject: Subject, look_for: str = "") -> None:
    """Say what the page is and, where rendered faces and voices are behind the curves, that they are.

    Args:
        subject: Who is shown.
        look_for: What to look for, in a sentence, or "".
    """
    lines = [f"{PAGE} {literal(look_for)}".strip()]
    if subject.synthetic:
        lines.append(SYNTHETIC)
    elif (
        subject.condition == own_videos.CONDITION
        and subject.features is not None
        and own_video_features.trained_on_synthetic(subject.features)
    ):
        lines.append(OWN)
    st.caption("  \n".join(lines))
