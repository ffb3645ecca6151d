"""Notes and saved views as one file, which others take in elsewhere."""

from __future__ import annotations

import json
from typing import NamedTuple

from dashboard.services.note_store import (
    MOST_VIEWS,
    Book,
    all_notes,
    clean_address,
    insert_note,
    insert_view,
    opened,
    views_of,
)
from iaca.data.notes import FORMAT, MOST_NAME, VERSION, NamedView, Written, WrittenNote, read_shared


class Added(NamedTuple):
    """What came of a shared file: how many notes and views were added, and how many were there already."""

    notes: int
    views: int
    known: int


def written(book: Book) -> Written:
    """All notes and views of an owner.

    Raises:
        NoteError: The file cannot be read.
    """
    notes = (WrittenNote(subject, note.start_s, note.end_s, note.text) for subject, note in all_notes(book))
    return Written(tuple(notes), tuple(NamedView(view.name, view.address) for view in views_of(book)))


def shared_file(book: Book) -> bytes:
    """All notes and views of an owner as one JSON file, which `add_shared` takes elsewhere."""
    found = written(book)
    content = {
        "format": FORMAT, "version": VERSION, "notes": [note._asdict() for note in found.notes],
        "views": [view._asdict() for view in found.views],
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def add_shared(book: Book, text: str) -> Added:
    """Add what a shared file holds to what is there: all of it, or nothing.

    A view whose name is taken by another one gets a number behind it.

    Raises:
        NoteError: It is no such file, or something in it cannot be kept.
    """
    content = read_shared(text)
    added_notes = added_views = known = 0
    with opened(book) as file:
        for note in content.notes:
            same = file.execute(
                "SELECT 1 FROM notes WHERE owner = ? AND subject = ? AND start_s = ? AND end_s IS ? AND text = ?",
                (book.owner, *note),
            ).fetchone()
            if same:
                known += 1
            else:
                insert_note(file, book, note)
                added_notes += 1
        for name, given in content.views:
            address = clean_address(given)
            there = dict(file.execute("SELECT name, address FROM views WHERE owner = ?", (book.owner,)).fetchall())
            if there.get(name) == address:
                known += 1
                continue
            free = (f"{name[: MOST_NAME - 6]} ({number})" for number in range(2, MOST_VIEWS + 3))
            insert_view(file, book, name if name not in there else next(n for n in free if n not in there), address)
            added_views += 1
    return Added(added_notes, added_views, known)
