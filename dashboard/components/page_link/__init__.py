"""The link to what is shown, with a button that copies it; and what the browser alone knows of the view."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

FOLDER = Path(__file__).parent
KEY = "page_link"


class SeenView(NamedTuple):
    """What the browser alone knows of the view.

    Attributes:
        rows: Keys of the rows that are shown and their heights in px, from above; None before the first report.
        range: First and last frame of the brushed range, or None.
    """

    rows: tuple[tuple[str, int], ...] | None = None
    range: tuple[int, int] | None = None


_component = st.components.v2.component(
    "iaca_page_link",
    html=(FOLDER / "page_link.html").read_text(encoding="utf-8"),
    css=(FOLDER / "page_link.css").read_text(encoding="utf-8"),
    js=(FOLDER / "page_link.js").read_text(encoding="utf-8"),
)


def page_link(subject: str) -> SeenView:
    """Show the link; the browser reports the view when this appears, and when it changes while it stands there.

    Args:
        subject: Name of the subject; a report about another one does not count.

    Returns:
        The view as last reported.
    """
    _component(key=KEY, data={"subject": subject}, on_view_change=lambda: None)
    report = (st.session_state.get(KEY) or {}).get("view") or {}
    if report.get("subject") != subject:
        return SeenView()
    span = report["range"]
    rows = tuple((key, int(height)) for key, height in report["rows"])
    return SeenView(rows or None, None if span is None else (span[0], span[1]))
