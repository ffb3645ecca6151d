"""Notes on recordings and saved views, as the page keeps them and as a shared file holds them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from iaca.errors import InputError
from iaca.headers import parse_json, shortened

FORMAT, VERSION = "iaca notes", 1
"""Of a shared file."""

STORE_VERSION = 1
"""Of the tables of the page's own file."""

MOST_TEXT, MOST_NAME, MOST_ADDRESS = 2000, 100, 8000
"""Characters of a note, of a view's name and of its address."""

MOST_NOTES, MOST_VIEWS = 5000, 500
"""Of one owner."""

MOST_BYTES = 4 * 2**20
"""Of a shared file."""

LATEST_S = 1e7
EXPECTED = "expected one that this page has written, with notes and views"
SQLITE = b"SQLite format 3\0"


class NoteError(InputError):
    """A note or a view that cannot be kept or read: the message says what was expected."""


class WrittenNote(NamedTuple):
    """A note on a time or a span of a recording.

    Attributes:
        subject: Whose recording.
        start_s: When, seconds.
        end_s: End of a span; None for a bookmark.
        text: In one line.
    """

    subject: str
    start_s: float
    end_s: float | None
    text: str


class NamedView(NamedTuple):
    """What was looked at, under a name: the page's parameters, as they stand behind the question mark."""

    name: str
    address: str


class Written(NamedTuple):
    """All that somebody has written down."""

    notes: tuple[WrittenNote, ...] = ()
    views: tuple[NamedView, ...] = ()


def checked_note(subject: Any, start_s: Any, end_s: Any, text: Any) -> WrittenNote:
    """A note of these values.

    Raises:
        NoteError: One of them cannot be.
    """
    subject = one_line(subject, "the subject of a note", MOST_NAME * 3)
    times = [start_s] if end_s is None else [start_s, end_s]
    if not all(isinstance(t, int | float) and not isinstance(t, bool) and 0 <= t <= LATEST_S for t in times) or (
        end_s is not None and not start_s < end_s
    ):
        raise NoteError(f"A note runs from {shortened(start_s)} to {shortened(end_s)}; expected seconds, in order")
    end_s = None if end_s is None else float(end_s)
    return WrittenNote(subject, float(start_s), end_s, one_line(text, "a note", MOST_TEXT))


def one_line(text: Any, what: str, most: int) -> str:
    """A text as one line, without what cannot be seen.

    Raises:
        NoteError: It is none, empty or too long.
    """
    if not isinstance(text, str):
        raise NoteError(f"The text of {what} is {shortened(text)}; expected some words")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not 0 < len(line) <= most:
        raise NoteError(f"The text of {what} has {len(line):,} characters; expected 1 to {most:,}")
    return line


def read_shared(text: str) -> Written:
    """The content of a shared file.

    Raises:
        NoteError: It is no such file, or something in it cannot be.
    """
    if len(text.encode()) > MOST_BYTES:
        raise NoteError(f"The file is larger than {MOST_BYTES // 2**20} MiB; expected one that this page has written")
    try:
        content = parse_json(text)
    except ValueError as error:
        raise NoteError(f"The file cannot be read: {error}; {EXPECTED}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise NoteError(f"The file holds no notes; {EXPECTED}")
    if content.get("version") != VERSION:
        raise NoteError(f"The file is of version {shortened(content.get('version'))}; expected {VERSION}")
    for name in ("notes", "views"):
        items = content.get(name)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise NoteError(f"The {name} of the file are no list of objects; {EXPECTED}")
    notes = (
        checked_note(item.get("subject"), item.get("start_s"), item.get("end_s"), item.get("text"))
        for item in content["notes"]
    )
    views = (_view(item.get("name"), item.get("address")) for item in content["views"])
    return Written(tuple(notes), tuple(views))


def read_notes(path: str | os.PathLike[str]) -> Written:
    """Notes and views from a shared file, or from the file in which the page keeps them.

    Of the latter, those of nobody in particular: on a page that asks to log in everybody has their own.

    Raises:
        NoteError: The file is neither, or something in it cannot be.
        OSError: It cannot be read.
    """
    path = Path(path)
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if content.startswith(SQLITE):
        return _read_store(path)
    try:
        return read_shared(content.decode())
    except UnicodeDecodeError as error:
        raise NoteError(f"{path} is no text; {EXPECTED}") from error
    except NoteError as error:
        raise NoteError(f"{path}: {error}") from error


def _read_store(path: Path) -> Written:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version != STORE_VERSION:
                raise NoteError(f"{path} holds tables of version {version}; expected {STORE_VERSION}")
            tables = {name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not {"notes", "views"} <= tables:  # a view of SQLite is a program, which need not end
                raise NoteError(f"{path} has no tables of notes and views; {EXPECTED}")
            notes = file.execute(
                "SELECT subject, start_s, end_s, text FROM notes WHERE owner = '' ORDER BY subject, start_s, id"
            ).fetchmany(MOST_NOTES + 1)
            views = file.execute("SELECT name, address FROM views WHERE owner = '' ORDER BY name, id").fetchmany(
                MOST_VIEWS + 1
            )
    except sqlite3.Error as error:
        raise NoteError(f"{path} cannot be read ({error}); expected the file in which the page keeps notes") from error
    if len(notes) > MOST_NOTES or len(views) > MOST_VIEWS:
        raise NoteError(f"{path} has too many notes or views; expected at most {MOST_NOTES:,} and {MOST_VIEWS:,}")
    try:
        return Written(tuple(checked_note(*one) for one in notes), tuple(_view(*one) for one in views))
    except NoteError as error:
        raise NoteError(f"{path}: {error}") from error


def _view(name: Any, address: Any) -> NamedView:
    return NamedView(one_line(name, "the name of a view", MOST_NAME), _address(address))


def _address(address: Any) -> str:
    if not isinstance(address, str) or len(address) > MOST_ADDRESS:
        raise NoteError(
            f"The address of a view is {shortened(address)}; expected a text of at most {MOST_ADDRESS:,} characters"
        )
    return address
