"""What a user has to know about a subject before reading anything off its curves."""

from __future__ import annotations

import streamlit as st

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


def show_banner(subject: Subject) -> None:
    """Say where rendered faces and voices are behind the curves."""
    if subject.synthetic:
        st.caption(SYNTHETIC)
    elif (
        subject.condition == own_videos.CONDITION
        and subject.features is not None
        and own_video_features.trained_on_synthetic(subject.features)
    ):
        st.caption(OWN)
