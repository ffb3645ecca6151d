"""Notes, lists of episodes and weights of torch that nobody should believe: of another shape, or made to do harm."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from docs.bad_arguments import RELATIONSHIPS, REPORT
from docs.bad_files import Damaged

DRAW = ("draw", "--features", "f", "--checkpoint", "ca.safetensors", "--out", "t.zip")

NOTE = {"subject": "strong-2001", "start_s": 1.0, "end_s": 2.0, "text": "a"}
NOTES: dict[str, Any] = {
    "an empty file": "",
    "no JSON": "{",
    "a list": [],
    "another format": {"format": "notes"},
    "a later version": {"version": 2},
    "no views": {"views": None},
    "a note that is a number": {"notes": [5]},
    "a note of nobody": {"notes": [NOTE | {"subject": ""}]},
    "a note without a time": {"notes": [NOTE | {"start_s": None}]},
    "a time that is true": {"notes": [NOTE | {"start_s": True}]},
    "a time that is NaN": {"notes": [NOTE | {"start_s": float("nan")}]},
    "a time that is infinite": {"notes": [NOTE | {"end_s": float("inf")}]},
    "a span that ends before it begins": {"notes": [NOTE | {"end_s": 0.5}]},
    "a time of 400 digits": {"notes": [NOTE | {"start_s": 10**400}]},
    "a text that is a list": {"notes": [NOTE | {"text": []}]},
    "a text of nothing but a zero byte": {"notes": [NOTE | {"text": "\0"}]},
    "a text of 3000 letters": {"notes": [NOTE | {"text": "a" * 3000}]},
    "half a character": {"notes": [NOTE | {"text": "a\ud800"}]},
    "a view whose address is a number": {"views": [{"name": "a", "address": 5}]},
    "a view of 9000 letters": {"views": [{"name": "a", "address": "a" * 9000}]},
    "JSON nested 100,000 deep": "[" * 100_000,
    "5 MB": " " * 5_000_000,
}
TABLES = "CREATE TABLE notes (id, owner, subject, start_s, end_s, text); CREATE TABLE views (id, owner, name, address);"
ENDLESS = (
    "CREATE VIEW notes AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, '' AS owner, "
    "'a' AS subject, x AS start_s, NULL AS end_s, 'a' AS text FROM n; CREATE TABLE views (id, owner, name, address);"
)
STORES = {
    "tables without end": ENDLESS,
    "no tables": "",
    "a time that is a text": f"{TABLES} INSERT INTO notes VALUES (1, '', 'a', 'b', NULL, 'c')",
    "a subject that is nothing": f"{TABLES} INSERT INTO notes VALUES (1, '', NULL, 1, 2, 'c')",
    "a text that is bytes": f"{TABLES} INSERT INTO notes VALUES (1, '', 'a', 1, 2, x'00')",
    "a time beyond all": f"{TABLES} INSERT INTO notes VALUES (1, '', 'a', 9e999, NULL, 'c')",
    "a view without a name": f"{TABLES} INSERT INTO views VALUES (1, '', NULL, 'subject=a')",
    "other columns": "CREATE TABLE notes (x); CREATE TABLE views (x);",
}
HEAD = "subject,start_s,end_s,modality,kind,truth_modality\n"
EPISODES = {
    "an empty list": b"",
    "only a header": HEAD.encode(),
    "a column less": b"subject,start_s,end_s,modality,kind\na,1,2,audio,noise\n",
    "a cell less": f"{HEAD}a,1\n".encode(),
    "an end before the beginning": f"{HEAD}a,2,1,audio,noise,\n".encode(),
    "a time that is NaN": f"{HEAD}a,nan,1,audio,noise,\n".encode(),
    "an end that is infinite": f"{HEAD}a,1,inf,audio,noise,\n".encode(),
    "another modality": f"{HEAD}a,1,2,smell,noise,\n".encode(),
    "a subject that is a path": f"{HEAD}../a,1,2,audio,noise,\n".encode(),
    "no kind": f"{HEAD}a,1,2,audio,,\n".encode(),
    "a cell of 200,000 letters": f"{HEAD}{'a' * 200_000},1,2,audio,noise,\n".encode(),
    "UTF-16": HEAD.encode("utf-16"),
    "subjects of somebody else": f"{HEAD}nobody,1,2,audio,noise,\n".encode(),
}


def _named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(value: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value


PAIRS = b")" + b"".join(bytes((*b"q", k, *b"h", k)) + b"\x86" for k in range(60))
"""A tuple of two tuples of two tuples ..."""

SIZE = b"\x8a\x08" + struct.pack("<q", 10**12)
PICKLES = {
    "a call of the system": _named("os", "system") + _text(b"true") + b"\x85R.",
    "a terabyte of zeros": _named("builtins", "bytearray") + SIZE + b"\x85R.",
    "a tensor of a terabyte": _named("torch", "FloatTensor") + SIZE + b"\x85R.",
    "a number of 2 GB": (
        _named("numpy._core.multiarray", "scalar") + _named("numpy", "dtype") + _text(b"V2000000000") + b"\x85R\x85R."
    ),
    "a key that is never hashed": b"}" + PAIRS + b"K\x01s.",
    "a value without end": b"}" + _text(b"net") + PAIRS + b"s.",
    "a pickle of 9 MB": b"}" + _text(bytes(9 * 10**6)) + b"K\x01s.",
}


def lists() -> Iterator[Damaged]:
    """All of them."""
    for name, content in NOTES.items():
        whole = {"format": "iaca notes", "version": 1, "notes": [], "views": []}
        text = content if isinstance(content, str) else json.dumps(whole | content if content else content)
        for arguments in (REPORT, DRAW):
            yield _file("Notes", f"{name} ({arguments[0]})", (*arguments, "--notes", "bad.txt"), text.encode())
    for name, statements in STORES.items():
        for arguments in (REPORT, DRAW):
            yield _store(f"{name} ({arguments[0]})", (*arguments, "--notes", "bad.sqlite3"), statements)
    for name, listed in EPISODES.items():
        yield _file("Episodes", name, (*RELATIONSHIPS, "--episodes", "bad.txt"), listed)
    for name, ends in PICKLES.items():
        yield _file("Weights of torch", name, ("describe", "bad.txt"), b"\x80\x02" + ends)


def _file(group: str, name: str, arguments: tuple[str, ...], content: bytes) -> Damaged:
    def write(folder: Path) -> None:
        (folder / "bad.txt").write_bytes(content)

    return Damaged(group, name, arguments, write)


def _store(name: str, arguments: tuple[str, ...], statements: str) -> Damaged:
    def write(folder: Path) -> None:
        (folder / "bad.sqlite3").unlink(missing_ok=True)
        with closing(sqlite3.connect(folder / "bad.sqlite3")) as file:
            file.executescript(f"{statements}; PRAGMA user_version = 1")

    return Damaged("Notes", name, arguments, write)
