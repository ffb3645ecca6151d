"""Writing files whole or not at all, and telling files apart."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import NamedTuple, TypeGuard

from iaca.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    _LOCKS = False
else:
    _LOCKS = True

FINGERPRINT_BYTES = 2**16
"""Bytes of the beginning, and of the end, of a file that go into its fingerprint."""


NAME_BYTES = 180
"""Bytes of a file's name in the name of the file beside it, which must not be too long for a disk."""


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
    except (OSError, ValueError):  # the latter for what cannot be a name, such as one with a zero byte
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
    with written_beside(path) as beside, open(beside, "wb") as file:
        file.write(content)


@contextmanager
def written_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Let a block write a file beside the target by its name, as an encoder does; rename it when the block ends.

    What is beside the target after the process was killed in the block is used by whoever writes the target next.

    Args:
        path: The target; its folder is made where it is missing.

    Yields:
        The file to write: a dotfile with the target's ending. If the block raises, nothing is left of it, and the
        target stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, beside = _open_beside(path)
    try:
        yield beside
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):  # the folder may be gone; what went wrong is told all the same
            beside.unlink()
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(beside)):
            raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk names no file
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _open_beside(path: Path) -> tuple[int | None, Path]:
    """An empty file beside a target, and its lock: the same one every time, or another while somebody writes to it."""
    name = os.fsdecode(os.fsencode(path.stem)[:NAME_BYTES])
    while _LOCKS:
        beside = path.with_name(f".{name}.part{path.suffix}")
        try:
            lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            break
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(beside)):
                os.truncate(lock, 0)
                return lock, beside
        except FileNotFoundError:
            pass  # somebody else has just renamed it, so that it is no longer beside
        except OSError:
            os.close(lock)
            break
        os.close(lock)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{name}.", suffix=path.suffix)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(handle)
    return None, Path(temporary)


def is_plain_name(name: object) -> TypeGuard[str]:
    """Whether a value from a file may name a file in a folder: a text that leads nowhere else and has no line ends."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and PurePath(name).name == name  # on Windows, "c:name" leads to another drive
        and "\\" not in name
        and not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name)
    )


def is_text(name: str) -> bool:
    """Whether a name can be written in a text: names of files are bytes, which need not be UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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


def keep_newest(folder: str | os.PathLike[str], pattern: str, most_bytes: int, keep: Path) -> None:
    """Delete the oldest files of a cache until the rest take no more than so much; what goes meanwhile is no error.

    Args:
        folder: The folder.
        pattern: Names that count, such as "*.wav".
        most_bytes: What they may take together.
        keep: A file that stays, however old or large.
    """
    found = []
    for file in Path(folder).glob(pattern):
        with suppress(OSError):
            stat = file.stat()
            found.append((stat.st_mtime_ns, stat.st_size, file))
    taken = sum(size for _, size, _ in found)
    for _, size, file in sorted(found, key=lambda one: one[0]):
        if taken <= most_bytes:
            break
        if file != keep:
            with suppress(OSError):
                file.unlink()
                taken -= size
