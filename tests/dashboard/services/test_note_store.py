"""Notes and saved views: kept whole, apart by owner, and safe where several write at once."""

from __future__ import annotations

import json
import sqlite3
import threading
from urllib.parse import parse_qs

import pytest

from dashboard.services import note_store, shared_notes
from dashboard.services.note_store import Book, NoteError
from dashboard.state.folders import Folders, Options
from dashboard.timeline.declared import Note
from iaca.data.notes import MOST_BYTES

TAG = "<img src=x onerror=window.ran=1>"
ADDRESS = "?subject=strong-01&frame=12&rows=%7B%7D"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "folder that is not there" / "notes.sqlite3"
    monkeypatch.setenv("IACA_NOTES", str(path))
    return path


@pytest.fixture
def mine(file):
    return Book(file)


@pytest.fixture
def hers(file):
    return Book(file, "anna@example.org")


def texts(book):
    return [note.text for note in note_store.notes_of(book, "s")]


def test_notes_are_kept_in_order_of_time_and_each_owner_sees_their_own(file, mine, hers):
    assert note_store.notes_of(mine, "s") == []
    assert not file.exists()  # whoever only looks leaves nothing
    note_store.add_note(mine, "s", 8.0, None, "later")
    note_store.add_note(mine, "s", 2.0, 5.0, f"  earlier\n{TAG}\x00 ")
    note_store.add_note(mine, "t", 1.0, None, "of another recording")
    note_store.add_note(hers, "s", 1.0, None, "of her own")
    assert [note[1:] for note in note_store.notes_of(mine, "s")] == [(2.0, 5.0, f"earlier {TAG}"), (8.0, None, "later")]
    (note,) = note_store.notes_of(hers, "s")
    note_store.delete_note(mine, note.id)
    with pytest.raises(NoteError, match="changed or deleted in another tab"):
        note_store.change_note(mine, note.id, "of her own", "taken over")
    assert texts(hers) == ["of her own"]


def test_a_change_does_not_overwrite_that_of_another_tab(mine):
    note_store.add_note(mine, "s", 1.0, None, "first")
    (note,) = note_store.notes_of(mine, "s")
    note_store.change_note(mine, note.id, "first", "second")
    with pytest.raises(NoteError, match="changed or deleted in another tab"):
        note_store.change_note(mine, note.id, "first", "third")
    assert texts(mine) == ["second"]
    note_store.delete_note(mine, note.id)
    note_store.delete_note(mine, note.id)
    assert texts(mine) == []


def test_many_tabs_write_at_once_and_nothing_is_lost(mine):
    failed = []

    def write(number):
        try:
            for i in range(10):
                note_store.add_note(mine, "s", float(i), None, f"{number}.{i}")
        except NoteError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(texts(mine)) == sorted(f"{number}.{i}" for number in range(8) for i in range(10))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1.0, None, " \n"), "has 0 characters; expected 1 to 2,000"),
        ((1.0, None, "x" * 2001), "has 2,001 characters"),
        ((1.0, None, 3), "is 3; expected some words"),
        ((5.0, 2.0, "x"), "runs from 5.0 to 2.0; expected seconds, in order"),
        ((float("nan"), None, "x"), "runs from nan"),
        ((True, None, "x"), "runs from True"),
    ],
)
def test_a_note_that_cannot_be_is_refused(values, said, mine):
    with pytest.raises(NoteError, match=said):
        note_store.add_note(mine, "s", *values)


def test_a_view_is_the_pages_own_parameters_under_a_name_that_is_free(mine, hers):
    hostile = "javascript:window.ran=1?subject=a%22b&x=1&data_roots=%2Fetc&frame=3#y"
    note_store.save_view(mine, "mine", hostile)
    (view,) = note_store.views_of(mine)
    assert parse_qs(view.address) == {"subject": ['a"b'], "frame": ["3"]}
    with pytest.raises(NoteError, match="There is a view called 'mine'; expected another name"):
        note_store.save_view(mine, "mine", ADDRESS)
    note_store.save_view(hers, "mine", ADDRESS)
    with pytest.raises(NoteError, match="names no subject"):
        note_store.save_view(mine, "other", "?frame=3")
    note_store.delete_view(mine, view.id)
    assert note_store.views_of(mine) == []


def test_a_shared_file_is_restored_elsewhere_and_once(mine, hers):
    note_store.add_note(mine, "s", 2.0, 5.0, f"a {TAG}")
    note_store.save_view(mine, "mine", ADDRESS)
    content = shared_notes.shared_file(mine).decode()
    assert shared_notes.add_shared(mine, content) == (0, 0, 2)
    note_store.save_view(hers, "mine", "?subject=other")
    assert shared_notes.add_shared(hers, content) == (1, 1, 0)
    assert [note._replace(id=0) for note in note_store.notes_of(hers, "s")] == [Note(0, 2.0, 5.0, f"a {TAG}")]
    named = {view.name: view.address for view in note_store.views_of(hers)}
    assert named == {"mine": "subject=other", "mine (2)": note_store.clean_address(ADDRESS)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[" * 5000, "cannot be read"),
        ("[]", "holds no notes"),
        (json.dumps({"format": "iaca notes", "version": 2}), "is of version 2; expected 1"),
        (json.dumps({"format": "iaca notes", "version": 1, "notes": [1], "views": []}), "are no list of objects"),
        (json.dumps({"format": "iaca notes", "version": 1, "notes": [{}], "views": []}), "expected some words"),
        ("x" * (MOST_BYTES + 1), "larger than 4 MiB"),
    ],
)
def test_another_file_is_refused(text, said, mine):
    with pytest.raises(NoteError, match=said):
        shared_notes.add_shared(mine, text)


def test_of_a_shared_file_all_is_added_or_nothing(mine):
    good = {"subject": "s", "start_s": 1.0, "end_s": None, "text": "good"}
    notes = [good, good | {"start_s": -1.0}]
    content = json.dumps({"format": "iaca notes", "version": 1, "notes": notes, "views": []})
    with pytest.raises(NoteError, match=r"runs from -1\.0"):
        shared_notes.add_shared(mine, content)
    assert texts(mine) == []


def test_a_page_of_one_user_has_one_file_and_a_locked_one_a_file_for_each_visit(file, tmp_path):
    folders = Folders((), tmp_path, tmp_path, False, tmp_path / "own")
    assert note_store.book_of(Options(), folders) == Book(file)
    assert note_store.book_of(Options(locked=True), folders).path.parent == folders.own


def test_a_damaged_file_or_one_of_a_newer_version_is_named_and_left_as_it_is(file, mine):
    file.parent.mkdir()
    file.write_bytes(b"no database, and long enough that nobody takes it for an empty one" * 20)
    before = file.read_bytes()
    with pytest.raises(NoteError, match=r"notes\.sqlite3 cannot be read or written .* move the file away"):
        note_store.notes_of(mine, "s")
    assert file.read_bytes() == before
    file.unlink()
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 7")
    with pytest.raises(NoteError, match="newer version"):
        note_store.add_note(mine, "s", 1.0, None, "x")
