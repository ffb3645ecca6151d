"""The inside of a process of `iaca.compute.processes`: one job after another, until whoever started it is gone."""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import queue
import runpy
import signal
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from iaca.errors import BAD_INPUT
from iaca.logs import LogSettings, configure, log_fault

_log = logging.getLogger(__name__)

LENGTH = struct.Struct(">Q")


class Start(NamedTuple):
    """The first message to a process.

    Attributes:
        path: Folders that modules are searched in.
        main_file: A script whose fusions the jobs may need; None: none.
        modules: Modules to import first.
        memory_bytes: Memory that the process may write to; None: all there is.
        task: The pickled function, and what all of its jobs share.
        log: How whoever started it logs.
    """

    path: list[str]
    main_file: str | None
    modules: tuple[str, ...]
    memory_bytes: int | None
    task: bytes
    log: LogSettings


class Begun(NamedTuple):
    """A job was received: what ends the process from now on is its doing."""


class Told(NamedTuple):
    """Progress of a job: as `iaca.types.Progress` receives it."""

    done: int
    total: int
    title: str


class Returned(NamedTuple):
    """A job ended well."""

    result: Any


class Raised(NamedTuple):
    """A job raised an error."""

    error: Exception


class Stop(NamedTuple):
    """Asks the job that is under way to end at its next report."""


class Stopped(Exception):
    """Raised in a job that was asked to stop."""


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message to a pipe, whole or not at all.

    Raises:
        OSError: Nobody reads it any more.
        Exception: It cannot be pickled; nothing was written.
    """
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    pipe.write(LENGTH.pack(len(content)) + content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read a message from a pipe.

    Raises:
        EOFError: The other process has ended, perhaps within a message.
    """
    head = pipe.read(LENGTH.size)
    if len(head) == LENGTH.size:
        content = pipe.read(LENGTH.unpack(head)[0])
        if len(content) == LENGTH.unpack(head)[0]:
            return pickle.loads(content)
    raise EOFError("the other process has ended")


def main() -> None:
    """Do the jobs that come through standard input; answer through standard output, which nothing else may write to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches whoever started this, and the pipe closes then
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(inbox, messages), daemon=True, name="listen").start()
    work, common = _task(messages.get())

    def progress(*told: Any) -> None:
        if not messages.empty():  # another job comes only once this one has ended
            raise Stopped
        send(outbox, Told(*_three(*told)))

    while True:
        job = messages.get()
        if isinstance(job, Stop):  # it came too late
            continue
        send(outbox, Begun())
        try:
            send(outbox, Returned(work(common, job, progress)))
        except Stopped as error:
            send(outbox, Raised(error))
        except Exception as error:
            send(outbox, Raised(portable(error)))


def _listen(inbox: IO[bytes], messages: queue.SimpleQueue[Any]) -> None:
    """Pass messages on; when no more can come, end the process whatever it is doing: nobody waits for the result."""
    try:
        while True:
            messages.put(receive(inbox))
    finally:
        os._exit(1)


def _task(start: Start) -> tuple[Callable[..., Any], Any]:
    """What the jobs are for, after the process has become like the one that started it, but for its limits."""
    sys.path[:] = start.path
    configure(start.log.level, as_json=start.log.as_json)
    if start.memory_bytes is not None:
        limit_memory(start.memory_bytes)
    try:
        if start.main_file is not None:
            runpy.run_path(start.main_file, run_name="__mp_main__")
        for module in start.modules:
            with suppress(ImportError):  # whatever needs it says so by its name
                importlib.import_module(module)
        return pickle.loads(start.task)
    except Exception as error:
        return _refuse, error


def _refuse(error: Exception, job: object, progress: object) -> None:
    """What becomes of every job where the process cannot be prepared."""
    raise error


def holds_memory_limits() -> bool:
    """Whether the system holds processes to `limit_memory`: macOS takes the limit and forgets it, Windows has none."""
    return sys.platform == "linux"


def limit_memory(bytes_: int | None) -> None:
    """Limit the memory that this process may write to beyond what it has, where the system can; None: to all there is.

    A process that is kept has loaded libraries for earlier calls, which are no fault of this one.
    """
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        if bytes_ is not None:
            pages = int(Path("/proc/self/statm").read_text().split()[5])
            bytes_ += pages * resource.getpagesize()
        # Not the address space: libraries for GPUs reserve more of it than any machine has.
        resource.setrlimit(resource.RLIMIT_DATA, (most if bytes_ is None else bytes_, most))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit, and a lower one may hold already


def _three(done: int, total: int, title: str = "") -> tuple[int, int, str]:
    return int(done), int(total), title


def portable(error: Exception) -> Exception:
    """The error as another process can have it; one that nobody foresaw is written to the log as well."""
    if isinstance(error.__cause__, MemoryError):  # ffmpeg says politely what Python ends of
        return MemoryError(str(error))
    if not isinstance(error, (*BAD_INPUT, MemoryError)):
        log_fault(_log, "a job in a process of its own", error)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main()
