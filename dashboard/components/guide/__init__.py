"""A tour of the page: a card that points at one thing after the other. Offered once in a browser, shown on request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

FOLDER = Path(__file__).parent


class Step(NamedTuple):
    """One thing that the tour points at.

    Attributes:
        target: CSS selector of it; a step whose target is not on the page is passed over.
        title: What it is.
        text: What it is for.
    """

    target: str
    title: str
    text: str


_component = st.components.v2.component(
    "iaca_guide",
    html='<span class="iaca-guide"></span>',
    css=(FOLDER / "guide.css").read_text(encoding="utf-8"),
    js=(FOLDER / "guide.js").read_text(encoding="utf-8"),
    # The card lies over the page, so it and its styles belong to the page.
    isolate_styles=False,
)


def guide(steps: Sequence[Step], asked: int) -> None:
    """Mount the tour; call it in every run.

    Args:
        steps: What it points at.
        asked: How often the user asked for it; with every new number it starts.
    """
    _component(key="guide", data={"steps": [step._asdict() for step in steps], "asked": asked})
