"""Writing files whole or not at all, and telling files apart."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NamedTuple, TypeGuard

from iaca.errors import InputError

FINGERPRINT_BYTES = 2**16
"""Bytes of the beginning, and of the end, of a file that go into its fingerprint."""


class FileState(NamedTuple):
    """The state of a file: the key of whatever is kept of it, which changes when the file does.

    Attributes:
        path: The file, as it was named.
        size: Bytes; 0 for a file that is not there.
        mtime_ns: When it was last changed, nanoseconds since 1970; 0 for a file that is not there.
    """

    path: str
    size: int
    mtime_ns: int

    @property
    def is_there(self) -> bool:
        """Whether the file could be looked at."""
        return bool(self.mtime_ns)

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name this state, for files that are made of it."""
        return hashlib.sha256(os.fsencode(f"{self.path}|{self.size}|{self.mtime_ns}")).hexdigest()


def file_state(path: str | os.PathLike[str]) -> FileState:
    """The state of a file or folder; a missing one has a state too, and whoever reads it names it in an error."""
    try:
        status = os.stat(path)
    except OSError:
        return FileState(os.fspath(path), 0, 0)
    return FileState(os.fspath(path), status.st_size, status.st_mtime_ns)


class OutputError(InputError):
    """A folder that cannot be written to: the message names it and what was expected."""


def check_writable(folder: str | os.PathLike[str], what: str) -> None:
    """Make a folder and check that it can be written to, before hours of work instead of after them.

    Args:
        folder: The folder.
        what: What is going to be written, in a few words for the error.

    Raises:
        OutputError: The folder cannot be made or written to.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); expected a folder for {what}") from error


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside the target, then rename it: a reader sees the old file or the new one, never half of one.

    Args:
        path: The file; its folder is made where it is missing.
        content: The new content.

    Raises:
        OSError: The file cannot be written; nothing is left of the attempt.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A dotfile, which an index of the folder skips meanwhile.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def written_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Let a block write a file beside the target by its name, as an encoder does; rename it when the block ends.

    Args:
        path: The target; its folder is made where it is missing.

    Yields:
        The file to write: a dotfile with the target's ending. If the block raises, nothing is left of it, and the
        target stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_plain_name(name: object) -> TypeGuard[str]:
    """Whether a value from a file may name a file in a folder: a text that leads nowhere else and has no line ends."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and PurePath(name).name == name  # on Windows, "c:name" leads to another drive
        and "\\" not in name
        and not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name)
    )


def fingerprint(path: str | os.PathLike[str]) -> str:
    """Fingerprint of a file's size, beginning and end: cheap for gigabytes, and the same wherever the file lies.

    Returns:
        16 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(f"{size}|".encode() + file.read(FINGERPRINT_BYTES))
        file.seek(max(0, size - FINGERPRINT_BYTES))
        digest.update(file.read(FINGERPRINT_BYTES))
    return digest.hexdigest()[:16]


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
