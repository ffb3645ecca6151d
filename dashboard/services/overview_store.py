"""Measures of subjects on disk, by what they were made of: in one SQLite file, which several servers may share."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from iaca.study.overview import Overview, OverviewError

FILE = "overviews.sqlite"
MOST = 40_000
"""Measures that are kept, of about 10 kB each; the oldest go."""

AT_ONCE = 500
"""Keys in one question: SQLite takes a limited number."""

BUSY_S = 30.0

_log = logging.getLogger(__name__)


def read(folder: Path, keys: Iterable[str]) -> dict[str, Overview]:
    """Those of the measures that are there; a damaged file holds none, and is made anew.

    Args:
        folder: Where they are kept.
        keys: What they were made of.
    """
    file, wanted = folder / FILE, list(keys)
    if not file.is_file():
        return {}
    found: dict[str, Overview] = {}
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_S)) as connection:
            for start in range(0, len(wanted), AT_ONCE):
                part = wanted[start : start + AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = connection.execute(f"SELECT key, content FROM measures WHERE key IN ({marks})", part)
                found |= {key: Overview.from_bytes(content) for key, content in rows}
    except sqlite3.OperationalError as error:  # locked for long, or no table yet
        _log.warning("measures of subjects in %s cannot be read: %s", file, error)
    except (sqlite3.DatabaseError, OverviewError) as error:
        _log.warning("measures of subjects in %s are damaged and are made anew: %s", file, error)
        file.unlink(missing_ok=True)
    return found


def write(folder: Path, made: Mapping[str, Overview]) -> None:
    """Keep measures; where the folder cannot be written, they last as long as the server."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / FILE, timeout=BUSY_S)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS measures (number INTEGER PRIMARY KEY, key TEXT UNIQUE, content BLOB)"
            )
            connection.executemany(
                "INSERT OR REPLACE INTO measures (key, content) VALUES (?, ?)",
                [(key, one.to_bytes()) for key, one in made.items()],
            )
            connection.execute("DELETE FROM measures WHERE number <= (SELECT MAX(number) FROM measures) - ?", (MOST,))
    except (OSError, sqlite3.Error) as error:
        _log.warning("measures of subjects cannot be kept in %s: %s", folder, error)
