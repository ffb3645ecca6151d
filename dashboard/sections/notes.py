"""Notes on the shown recording and saved views: what the browser asks for is done, and said in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components.note_list import NoteEntry, ViewEntry, note_list
from dashboard.sections import moments
from dashboard.sections.notices import attempt
from dashboard.services import note_store, shared_notes
from dashboard.services.note_store import Book, NoteError
from dashboard.state.folders import Folders, read_options
from dashboard.timeline.declared import Note

SAID = "_notes_said"
"""Session key: what came of the last wish."""


def book(folders: Folders) -> Book:
    """Whose notes this visit sees, and where they are."""
    return note_store.book_of(read_options(), folders)


def find(book: Book, subject: str, notices: list[str]) -> list[Note]:
    """Notes on a subject, in order of time."""
    return attempt(lambda: note_store.notes_of(book, subject), notices) or []


def all_notes(folders: Folders) -> dict[str, list[Note]]:
    """Subject -> notes of this user, in order of time; none where they cannot be read."""
    found: dict[str, list[Note]] = {}
    for name, note in attempt(lambda: list(note_store.all_notes(book(folders))), []) or []:
        found.setdefault(name, []).append(note)
    return found


def show(book: Book, notes: Sequence[Note], subject: str, pts_s: np.ndarray, notices: list[str]) -> None:
    """The lists, and a file of all of it.

    Args:
        book: Where they are kept.
        notes: Of the shown subject.
        subject: Its name.
        pts_s: (N,) seconds of its frames.
        notices: What is wrong is added here.
    """
    views = attempt(lambda: note_store.views_of(book), notices) or []

    def asked(wish: Mapping[str, Any]) -> None:
        try:
            st.session_state[SAID] = _do(wish, book, subject, pts_s)
        except NoteError as error:
            st.session_state[SAID] = f"{error}."

    note_list(
        [NoteEntry(note.id, note.start_s, _time(note), note.text) for note in notes],
        [ViewEntry(*view) for view in views],
        st.session_state.pop(SAID, ""),
        asked,
    )
    if notes or views:
        st.download_button(
            "All notes and views as a file", lambda: shared_notes.shared_file(book), "iaca-notes.json",
            "application/json", key="notes_file", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _do(wish: Mapping[str, Any], book: Book, subject: str, pts_s: np.ndarray) -> str:
    """Do what is wished for, and say what came of it.

    Raises:
        NoteError: It cannot be.
    """
    match wish:
        case {"do": "seek", "second": int() | float() as second}:
            moments.go_to(float(second))
            return ""
        case {"do": "add", "text": text, "range": [first, last]}:
            note_store.add_note(book, subject, _second(first, pts_s), _second(last, pts_s), text)
            return "Added to the range."
        case {"do": "add", "text": text, "frame": frame}:
            note_store.add_note(book, subject, _second(frame, pts_s), None, text)
            return "Added."
        case {"do": "change", "id": int() as number, "before": str() as before, "text": text}:
            note_store.change_note(book, number, before, text)
            return "Changed."
        case {"do": "delete", "id": int() as number}:
            note_store.delete_note(book, number)
            return "Deleted."
        case {"do": "save", "name": name, "address": str() as address}:
            note_store.save_view(book, name, address)
            return "Saved: its link opens what is shown now."
        case {"do": "delete view", "id": int() as number}:
            note_store.delete_view(book, number)
            return "Deleted."
        case {"do": "take", "content": str() as content}:
            notes, views, known = shared_notes.add_shared(book, content)
            there = f" Already there: {known}." if known else ""
            return f"Added: {notes} notes and {views} views.{there}"
    raise NoteError("The page was asked for something that it does not know; reload it")


def _second(frame: Any, pts_s: np.ndarray) -> float:
    if not isinstance(frame, int | float) or not 0 <= frame < len(pts_s):
        raise NoteError(f"The note is on frame {frame!r:.20}; expected one from 0 to {len(pts_s) - 1}")
    return float(pts_s[int(frame)])


def _time(note: Note) -> str:
    times = [note.start_s] if note.end_s is None else [note.start_s, note.end_s]
    return "–".join(f"{int(t // 60)}:{t % 60:04.1f}" for t in times)
