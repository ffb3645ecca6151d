"""Notes and saved views as one file, which others take in elsewhere."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from dashboard.services.note_store import (
    MOST_NAME,
    MOST_VIEWS,
    Book,
    NoteError,
    all_notes,
    checked_note,
    clean_address,
    insert_note,
    insert_view,
    one_line,
    opened,
    views_of,
)
from iaca.headers import parse_json, shortened

FORMAT, VERSION = "iaca notes", 1
MOST_BYTES = 4 * 2**20


class Added(NamedTuple):
    """What came of a shared file: how many notes and views were added, and how many were there already."""

    notes: int
    views: int
    known: int


def shared_file(book: Book) -> bytes:
    """All notes and views of an owner as one JSON file, which `add_shared` takes elsewhere."""
    notes = [{"subject": subject, **note._asdict()} for subject, note in all_notes(book)]
    for note in notes:
        del note["id"]
    views = [{"name": view.name, "address": view.address} for view in views_of(book)]
    content = {"format": FORMAT, "version": VERSION, "notes": notes, "views": views}
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def add_shared(book: Book, text: str) -> Added:
    """Add what a shared file holds to what is there: all of it, or nothing.

    A view whose name is taken by another one gets a number behind it.

    Raises:
        NoteError: It is no such file, or something in it cannot be kept.
    """
    if len(text.encode()) > MOST_BYTES:
        raise NoteError(f"The file is larger than {MOST_BYTES // 2**20} MiB; expected one that this page has written")
    content = _shared_content(text)
    added_notes = added_views = known = 0
    with opened(book) as file:
        for item in content["notes"]:
            subject = one_line(item.get("subject"), "the subject of a note", MOST_NAME * 3)
            note = checked_note(subject, item.get("start_s"), item.get("end_s"), item.get("text"))
            same = file.execute(
                "SELECT 1 FROM notes WHERE owner = ? AND subject = ? AND start_s = ? AND end_s IS ? AND text = ?",
                (book.owner, subject, note.start_s, note.end_s, note.text),
            ).fetchone()
            if same:
                known += 1
            else:
                insert_note(file, book, subject, note)
                added_notes += 1
        for item in content["views"]:
            name = one_line(item.get("name"), "the name of a view", MOST_NAME)
            address = clean_address(str(item.get("address")))
            there = dict(file.execute("SELECT name, address FROM views WHERE owner = ?", (book.owner,)).fetchall())
            if there.get(name) == address:
                known += 1
                continue
            free = (f"{name[: MOST_NAME - 6]} ({number})" for number in range(2, MOST_VIEWS + 3))
            insert_view(file, book, name if name not in there else next(n for n in free if n not in there), address)
            added_views += 1
    return Added(added_notes, added_views, known)


def _shared_content(text: str) -> dict[str, Any]:
    expected = "expected one that this page has written, with notes and views"
    try:
        content = parse_json(text)
    except ValueError as error:
        raise NoteError(f"The file cannot be read: {error}; {expected}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise NoteError(f"The file holds no notes; {expected}")
    if content.get("version") != VERSION:
        raise NoteError(f"The file is of version {shortened(content.get('version'))}; expected {VERSION}")
    for name in ("notes", "views"):
        items = content.get(name)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise NoteError(f"The {name} of the file are no list of objects; {expected}")
    return content
