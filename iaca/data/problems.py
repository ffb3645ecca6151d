"""What is wrong in a data tree, as sentences for a terminal or a page."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """Something wrong in a data tree.

    Attributes:
        file: Path of the file or folder, or name of the subject.
        reason: What is wrong, one sentence.
        remedy: What to do about it, one sentence.
    """

    file: str
    reason: str
    remedy: str

    @property
    def line(self) -> str:
        """All of it on one line that any terminal can print, whatever the file is called."""
        return printable(f"{self.file}: {self.reason} {self.remedy}")


def printable(text: str) -> str:
    """The text with line ends, tabs and unprintable characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
