"""A list of moments: a button each, with its colour, its time, its kind and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

FOLDER = Path(__file__).parent
KEY = "moment_list"


class Entry(NamedTuple):
    """One moment of the list.

    Attributes:
        subject: Whose.
        second: When it is largest.
        time: The same as text.
        kind: What it is.
        value: How large, as text.
        sentence: What happens.
        colour: Of its kind: a pair for light and dark pages, or the name of one colour.
        size: Where kinds are listed one after the other, what their value is, in a sentence; else "".
    """

    subject: str
    second: float
    time: str
    kind: str
    value: str
    sentence: str
    colour: tuple[str, str] | str
    size: str = ""


_component = st.components.v2.component(
    "iaca_moment_list",
    html='<div class="moments" data-testid="moments"></div>',
    css=(FOLDER / "moment_list.css").read_text(encoding="utf-8"),
    js=(FOLDER / "moment_list.js").read_text(encoding="utf-8"),
)


def moment_list(entries: Sequence[Entry], on_chosen: Callable[[str, float], None], *, with_subjects: bool) -> None:
    """Mount the list.

    Args:
        entries: In the order in which they are shown.
        on_chosen: Called with subject and second before the run that a click starts.
        with_subjects: Whether each entry names its subject.
    """

    def chosen() -> None:
        entry = (st.session_state.get(KEY) or {}).get("chosen")
        if entry:
            on_chosen(str(entry["subject"]), float(entry["second"]))

    _component(
        key=KEY,
        data={"entries": [entry._asdict() for entry in entries], "with_subjects": with_subjects},
        on_chosen_change=chosen,
    )
