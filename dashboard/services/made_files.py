"""Files that take long to make: in the background, one at a time, the newest kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dashboard.services import jobs
from dashboard.turns import Turns
from iaca.files import keep_newest
from iaca.types import Progress

MOST_BYTES = 4 * 2**30
"""What kept files of one kind may take together."""

_turns = Turns(1)


class Made(NamedTuple):
    """A file, made or not.

    Attributes:
        folder: Where files of its kind are kept; on a locked page the visit's own.
        digest: Names what is in it: equal for equal files.
        ending: Of its name.
        stem: Beginning of the name under which it is handed over.
        write: Writes it, whole or not at all.
    """

    folder: Path
    digest: str
    ending: str
    stem: str
    write: Callable[[Path, Progress], object]

    @property
    def key(self) -> str:
        """Of the job; with the folder, so that it stops when the folder goes."""
        return f"{self.ending} {self.folder} {self.digest}"

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self.folder / f"{self.digest}.{self.ending}"

    def begin(self, owner: str) -> jobs.Job:
        """Make it in the background, or join who is at it.

        Args:
            owner: The visit that asks: visits take turns.
        """

        def work(progress: Progress) -> None:
            self.write(self.file, progress)
            keep_newest(self.folder, f"[!.]*.{self.ending}", MOST_BYTES, self.file)

        return jobs.begin(self.key, work, _turns, owner)
