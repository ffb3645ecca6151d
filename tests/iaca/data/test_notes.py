"""Notes are read from the file that is shared and from the one in which the page keeps them."""

from __future__ import annotations

import sqlite3

import pytest

from dashboard.services import note_store, shared_notes
from dashboard.services.note_store import Book
from iaca.data.notes import NoteError, read_notes


def test_both_files_say_the_same_and_notes_of_others_are_not_read(tmp_path):
    mine = Book(tmp_path / "my notes.sqlite3")
    note_store.add_note(mine, "anna", 1.0, 2.5, "a range")
    note_store.add_note(mine, "anna", 0.5, None, "=<b>")
    note_store.save_view(mine, "mine", "?subject=anna&dropout=40")
    note_store.add_note(mine._replace(owner="ben@example.org"), "anna", 3.0, None, "of somebody else")
    (tmp_path / "shared.json").write_bytes(shared_notes.shared_file(mine))
    found = read_notes(mine.path)
    assert found == read_notes(tmp_path / "shared.json")
    assert found.notes == (("anna", 0.5, None, "=<b>"), ("anna", 1.0, 2.5, "a range"))
    assert found.views == (("mine", "subject=anna&dropout=40"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "holds no notes"),
        (b"\xff\xfe", "is no text"),
        (b"SQLite format 3\0 and no more", "cannot be read"),
        (b'{"format": "iaca notes", "version": 1, "notes": [], "views": [{"name": "a", "address": 3}]}', "address"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path, content, said):
    file = tmp_path / "notes"
    file.write_bytes(content)
    with pytest.raises(NoteError, match=said) as refusal:
        read_notes(file)
    assert str(file) in str(refusal.value)


def test_tables_of_another_version_are_refused(tmp_path):
    file = sqlite3.connect(tmp_path / "new.sqlite3")
    file.execute("PRAGMA user_version = 9")
    file.close()
    with pytest.raises(NoteError, match="version 9"):
        read_notes(tmp_path / "new.sqlite3")


TABLES = "CREATE TABLE notes (id, owner, subject, start_s, end_s, text); CREATE TABLE views (owner, id, name, address);"
ENDLESS = (
    "CREATE VIEW notes AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, '' AS owner, "
    "'anna' AS subject, x AS start_s, NULL AS end_s, 'a' AS text FROM n; CREATE TABLE views (owner, id, name, address);"
)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (ENDLESS, "has no tables of notes"),
        (f"{TABLES} INSERT INTO notes VALUES (1, '', 'anna', 'abc', NULL, 'a')", "'abc'"),
        (f"{TABLES} INSERT INTO notes VALUES (1, '', NULL, 1, 2, 'a')", "the subject of a note is None"),
        (f"{TABLES} INSERT INTO notes VALUES (1, '', 'anna', 1, 2, x'00')", "the text of a note is b'"),
        (f"{TABLES} INSERT INTO views VALUES ('', 1, 'mine', 5)", "address of a view is 5"),
        (
            f"{TABLES} WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5001) "
            "INSERT INTO notes SELECT x, '', 'anna', x, NULL, 'a' FROM n",
            "too many",
        ),
    ],
)
def test_what_tables_of_strangers_hold_is_looked_at(tmp_path, statements, said):
    path = tmp_path / "strange.sqlite3"
    file = sqlite3.connect(path)
    file.executescript(f"{statements}; PRAGMA user_version = 1")
    file.close()
    with pytest.raises(NoteError, match=f"(?i){said}") as refusal:
        read_notes(path)
    assert str(path) in str(refusal.value)
