"""Measures of subjects, by what they were made of: in memory, and on disk for other servers and the next one."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Generic, TypeVar

from iaca.errors import InputError

FILE = "overviews.sqlite"

AT_ONCE = 500
"""Keys in one question: SQLite takes a limited number."""

BUSY_S = 30.0

LOOK_S = 5.0
"""How often the disk is asked for what is missing in memory, at most."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class MeasureStore(Generic[T]):
    """Measures of one kind.

    Attributes:
        failed: Key -> why it could not be made, since the server started.
    """

    def __init__(
        self,
        table: str,
        to_bytes: Callable[[T], bytes],
        from_bytes: Callable[[bytes], T],
        *,
        most_in_memory: int,
        most_on_disk: int,
    ) -> None:
        """Declare a kind; nothing is opened yet.

        Args:
            table: Its table in the file, a name that this program gives.
            to_bytes: Writes a measure.
            from_bytes: Reads one; an InputError says that it is damaged.
            most_in_memory: Measures that are kept in memory; all others are on disk.
            most_on_disk: Measures that are kept on disk; the oldest go.
        """
        self.failed: dict[str, str] = {}
        self._table, self._to_bytes, self._from_bytes = table, to_bytes, from_bytes
        self._most_in_memory, self._most_on_disk = most_in_memory, most_on_disk
        self._known: OrderedDict[str, T] = OrderedDict()
        self._looked_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def look_up(self, view: str, folder: Path, keys: Iterable[str]) -> dict[str, T]:
        """Those of the measures that are known; what is on disk comes into memory.

        Args:
            view: Who asks: the disk is asked once in `LOOK_S` for each.
            folder: Where they are kept.
            keys: What they were made of.
        """
        keys = list(keys)
        with self._lock:
            known = {key: self._known[key] for key in keys if key in self._known}
        missing = [key for key in keys if key not in known and key not in self.failed]
        now = time.monotonic()
        if missing and now - self._looked_s.get(view, -LOOK_S) >= LOOK_S:
            self._looked_s[view] = now
            read = self._read(folder, missing)
            known |= read
            self._remember(read)
        return known

    def keep(self, folder: Path, made: Mapping[str, T]) -> None:
        """Keep measures; where the folder cannot be written, they last as long as the server."""
        self._remember(made)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(folder / FILE, timeout=BUSY_S)) as connection, connection:
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {self._table} (number INTEGER PRIMARY KEY, key TEXT UNIQUE, "
                    "content BLOB)"
                )
                connection.executemany(
                    f"INSERT OR REPLACE INTO {self._table} (key, content) VALUES (?, ?)",
                    [(key, self._to_bytes(one)) for key, one in made.items()],
                )
                connection.execute(
                    f"DELETE FROM {self._table} WHERE number <= (SELECT MAX(number) FROM {self._table}) - ?",
                    (self._most_on_disk,),
                )
        except (OSError, sqlite3.Error) as error:
            _log.warning("%s of subjects cannot be kept in %s: %s", self._table, folder, error)

    def forget(self) -> None:
        """Leave what is known to the disk, as a new server finds it."""
        with self._lock:
            self._known.clear()
            self._looked_s.clear()

    def _remember(self, made: Mapping[str, T]) -> None:
        with self._lock:
            self._known.update(made)
            while len(self._known) > self._most_in_memory:
                self._known.popitem(last=False)

    def _read(self, folder: Path, keys: list[str]) -> dict[str, T]:
        """Those that are on disk; a damaged file holds none, and is made anew."""
        file = folder / FILE
        if not file.is_file():
            return {}
        found: dict[str, T] = {}
        try:
            with closing(sqlite3.connect(file, timeout=BUSY_S)) as connection:
                named = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self._table,))
                if named.fetchone() is None:
                    return {}
                for start in range(0, len(keys), AT_ONCE):
                    part = keys[start : start + AT_ONCE]
                    marks = ",".join("?" * len(part))
                    rows = connection.execute(f"SELECT key, content FROM {self._table} WHERE key IN ({marks})", part)
                    found |= {key: self._from_bytes(content) for key, content in rows}
        except sqlite3.OperationalError as error:  # locked for long
            _log.warning("%s of subjects in %s cannot be read: %s", self._table, file, error)
        except (sqlite3.DatabaseError, InputError) as error:
            _log.warning("%s of subjects in %s are damaged and are made anew: %s", self._table, file, error)
            file.unlink(missing_ok=True)
        return found
