"""Notes on the shown recording and saved views: lists of them, and forms for new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

FOLDER = Path(__file__).parent
KEY = "note_list"


class NoteEntry(NamedTuple):
    """One note.

    Attributes:
        id: Of the note.
        second: Where it begins.
        time: When, as text.
        text: What it says.
    """

    id: int
    second: float
    time: str
    text: str


class ViewEntry(NamedTuple):
    """One saved view.

    Attributes:
        id: Of the view.
        name: Of the view.
        address: Parameters of the page that opens it.
    """

    id: int
    name: str
    address: str


_component = st.components.v2.component(
    "iaca_note_list",
    html=(FOLDER / "note_list.html").read_text(encoding="utf-8"),
    css=(FOLDER / "note_list.css").read_text(encoding="utf-8"),
    js=(FOLDER / "note_list.js").read_text(encoding="utf-8"),
)


def note_list(
    notes: Sequence[NoteEntry],
    views: Sequence[ViewEntry],
    said: str,
    on_asked: Callable[[Mapping[str, Any]], None],
) -> None:
    """Mount the lists.

    Args:
        notes: Of the shown recording, in order of time.
        views: Saved views, in order.
        said: What came of the last wish, in a sentence, or "".
        on_asked: Called with a wish before the run that it starts: what to `do`, and its values as the browser sent
            them, which may be anything.
    """

    def asked() -> None:
        wish = (st.session_state.get(KEY) or {}).get("asked")
        if wish:
            on_asked(dict(wish))

    _component(
        key=KEY,
        data={
            "notes": [note._asdict() for note in notes],
            "views": [view._asdict() for view in views],
            "said": said,
        },
        on_asked_change=asked,
    )
