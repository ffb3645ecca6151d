"""Notes on recordings and saved views: one SQLite file of the user, which several tabs and servers may write.

Every change is one transaction. On a page that asks to log in everybody sees their own; on another locked one each
visit has a file of its own, which goes with whatever else it brought.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from dashboard.state import login, session
from dashboard.state.folders import Folders, Options
from dashboard.timeline.declared import Note
from iaca.data.notes import (
    MOST_ADDRESS,
    MOST_NAME,
    MOST_NOTES,
    MOST_TEXT,
    MOST_VIEWS,
    STORE_VERSION,
    NoteError,
    WrittenNote,
    checked_note,
    one_line,
)
from iaca.headers import shortened
from iaca.resources import notes_file

__all__ = ["NoteError"]

VISIT_FILE = "notes.sqlite3"
"""In the folder of a visit."""

WAIT_S = 10.0
"""How long another tab or server may write before this one gives up."""

TABLES = """
CREATE TABLE notes (
  id INTEGER PRIMARY KEY, owner TEXT NOT NULL, subject TEXT NOT NULL, start_s REAL NOT NULL, end_s REAL,
  text TEXT NOT NULL, made_at TEXT NOT NULL
) STRICT;
CREATE INDEX notes_of ON notes (owner, subject, start_s);
CREATE TABLE views (
  id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, made_at TEXT NOT NULL,
  UNIQUE (owner, name)
) STRICT;
"""

PARAMETERS = frozenset(
    field.key for field in vars(session).values() if isinstance(field, session.Field)
) - {field.key for field in session.TYPED}  # fmt: skip
"""Of an address that may stand in a view; no folder of a machine is among them."""


class Book(NamedTuple):
    """Where notes and views are kept.

    Attributes:
        path: The file, which need not exist.
        owner: Whose of them: the address of who has logged in; "" where nobody has to.
    """

    path: Path
    owner: str = ""


class SavedView(NamedTuple):
    """What was looked at, under a name.

    Attributes:
        id: Of the view.
        name: Unique among those of its owner.
        address: The page's parameters, as they stand behind the question mark.
    """

    id: int
    name: str
    address: str


def book_of(options: Options, folders: Folders) -> Book:
    """Whose notes this run of the page shows, and where they are."""
    address = login.user().get("email") if options.login else None
    if isinstance(address, str):
        return Book(notes_file(), address.strip().casefold())
    return Book(folders.own / VISIT_FILE if options.locked or options.login else notes_file())


def notes_of(book: Book, subject: str) -> list[Note]:
    """Notes on a subject, in order of time.

    Raises:
        NoteError: The file cannot be read.
    """
    return [note for _, note in all_notes(book, "AND subject = ?", subject)]


def views_of(book: Book) -> list[SavedView]:
    """Saved views, by name.

    Raises:
        NoteError: The file cannot be read.
    """
    if not book.path.is_file():
        return []
    with opened(book, to_write=False) as file:
        rows = file.execute("SELECT id, name, address FROM views WHERE owner = ? ORDER BY name, id", (book.owner,))
        return [SavedView(*row) for row in rows]


def add_note(book: Book, subject: str, start_s: float, end_s: float | None, text: str) -> None:
    """Keep a note on a time or a span.

    Raises:
        NoteError: It has no text, too much of it, or times that cannot be; or the file cannot be written.
    """
    note = checked_note(subject, start_s, end_s, text)._replace(subject=subject)
    with opened(book) as file:
        insert_note(file, book, note)


def change_note(book: Book, number: int, before: str, text: str) -> None:
    """Give a note another text.

    Raises:
        NoteError: It was changed or deleted in the meantime, or the text cannot be.
    """
    text = one_line(text, "a note", MOST_TEXT)
    with opened(book) as file:
        done = file.execute(
            "UPDATE notes SET text = ? WHERE id = ? AND owner = ? AND text = ?", (text, number, book.owner, before)
        )
        if not done.rowcount:
            raise NoteError("This note was changed or deleted in another tab; it is shown as it is now")


def delete_note(book: Book, number: int) -> None:
    """Delete a note; one that is gone stays so."""
    with opened(book) as file:
        file.execute("DELETE FROM notes WHERE id = ? AND owner = ?", (number, book.owner))


def save_view(book: Book, name: str, address: str) -> None:
    """Keep a view under a name.

    Args:
        book: Where.
        name: Not that of another of their views.
        address: The parameters of the page; of those that are not its own nothing is kept.

    Raises:
        NoteError: The name is empty or taken, or there are too many views.
    """
    name, address = one_line(name, "the name of a view", MOST_NAME), clean_address(address)
    with opened(book) as file:
        try:
            insert_view(file, book, name, address)
        except sqlite3.IntegrityError as error:
            raise NoteError(f"There is a view called {shortened(name)}; expected another name") from error


def delete_view(book: Book, number: int) -> None:
    """Delete a view; one that is gone stays so."""
    with opened(book) as file:
        file.execute("DELETE FROM views WHERE id = ? AND owner = ?", (number, book.owner))


def clean_address(text: str) -> str:
    """The parameters of the page in an address, spelled anew: nothing else of it is kept.

    Raises:
        NoteError: It is too long, or names none of them.
    """
    query = text.rpartition("?")[2].partition("#")[0]
    if len(text) > MOST_ADDRESS:
        raise NoteError(f"The address of the view has {len(text):,} characters; expected at most {MOST_ADDRESS:,}")
    try:
        pairs = parse_qsl(query, max_num_fields=200)
    except ValueError as error:
        raise NoteError(f"The address of the view cannot be read ({error})") from error
    kept = [(key, value) for key, value in pairs if key in PARAMETERS]
    if not any(key == session.SUBJECT.key for key, _ in kept):
        raise NoteError("The address of the view names no subject; expected one, as in subject=strong-01")
    return urlencode(kept)


def all_notes(book: Book, condition: str = "", *values: str) -> Iterator[tuple[str, Note]]:
    """Subject and note, by subject and time; `condition` narrows them down.

    Raises:
        NoteError: The file cannot be read.
    """
    if not book.path.is_file():
        return
    with opened(book, to_write=False) as file:
        rows = file.execute(
            f"SELECT subject, id, start_s, end_s, text FROM notes WHERE owner = ? {condition} "
            "ORDER BY subject, start_s, id",
            (book.owner, *values),
        ).fetchall()
    for subject, *note in rows:
        yield subject, Note(*note)


@contextmanager
def opened(book: Book, *, to_write: bool = True) -> Iterator[sqlite3.Connection]:
    """The file within a transaction of its own, which holds as a whole or not at all; who reads waits for nobody.

    Raises:
        NoteError: It cannot be read or written, or a newer version has written it.
    """
    path = book.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as file:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("BEGIN IMMEDIATE" if to_write else "BEGIN")
            try:
                _prepare(file, path)
                yield file
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise NoteError(
            f"Notes and views in {path} cannot be read or written ({error}); expected a file that this page has made, "
            "in a folder that it may write: move the file away to begin anew, or name another in IACA_NOTES"
        ) from error


def _prepare(file: sqlite3.Connection, path: Path) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version > STORE_VERSION:
        raise NoteError(f"{path} was written by a newer version of this page; expected one of version {STORE_VERSION}")
    if version == 0:
        for statement in TABLES.split(";"):
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {STORE_VERSION}")


def insert_note(file: sqlite3.Connection, book: Book, note: WrittenNote) -> None:
    """Add a note within a transaction.

    Raises:
        NoteError: There are too many.
    """
    _check_room(file, "notes", book, MOST_NOTES)
    file.execute(
        "INSERT INTO notes (owner, subject, start_s, end_s, text, made_at) VALUES (?, ?, ?, ?, ?, ?)",
        (book.owner, *note, _now()),
    )


def insert_view(file: sqlite3.Connection, book: Book, name: str, address: str) -> None:
    """Add a view within a transaction.

    Raises:
        NoteError: There are too many.
        IntegrityError: The name is taken.
    """
    _check_room(file, "views", book, MOST_VIEWS)
    values = (book.owner, name, address, _now())
    file.execute("INSERT INTO views (owner, name, address, made_at) VALUES (?, ?, ?, ?)", values)


def _check_room(file: sqlite3.Connection, table: str, book: Book, most: int) -> None:
    (count,) = file.execute(f"SELECT count(*) FROM {table} WHERE owner = ?", (book.owner,)).fetchone()
    if count >= most:
        raise NoteError(f"There are {count:,} {table} already; expected at most {most:,}: delete some first")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
