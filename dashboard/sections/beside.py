"""What opens over the lower part of the rows, so that the video stays in sight: attention, moments, or notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.state import address, session

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ATTENTION = "Attention"
MOMENTS = "Moments"
NOTES = "Notes"
OPTIONS = (ATTENTION, MOMENTS, NOTES)

KEY = "dock"
"""Class of the strip below the rows, whose height the player leaves to it."""

HELP = (
    "**Attention**: the map of the window at the cursor. **Moments**: where to look. **Notes**: "
    "yours, and saved views. Click again to give the place "
    "back to the rows."
)


def choose(place: DeltaGenerator) -> tuple[str | None, DeltaGenerator, DeltaGenerator]:
    """Ask what is open; nothing is at first, and then nothing of it is computed.

    Args:
        place: A container below the player, in the same block, which has the class `KEY`.

    Returns:
        One of `OPTIONS` or None, where it is shown, and the line of the choice, which has room for more.
    """
    address.follow_older_links(session.BESIDE, {option.lower(): option for option in OPTIONS})
    address.accept_spellings(session.BESIDE, OPTIONS)
    with place:
        strip = st.container(horizontal=True, vertical_alignment="center", key="dock_strip")
        chosen = strip.segmented_control(
            "Below the rows", OPTIONS, help=HELP, label_visibility="collapsed", **session.BESIDE.widget
        )
        return chosen, st.container(key="dock_body") if chosen else st.container(), strip
