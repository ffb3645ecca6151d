"""Working ahead in a thread: decoding releases Python's lock, so it overlaps with the network."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def prefetch(items: Iterable[Item], depth: int = 4) -> Iterator[Item]:
    """Iterate over items that a thread prepares, up to `depth` ahead.

    Args:
        items: The items; only the thread iterates over them.
        depth: Items that may wait at most, which bounds the memory.

    Yields:
        Each item, in order. An exception raised by `items` is raised here.
    """
    return prefetch_all((items,), depth)


def behind(items: Iterable[Item], number: int) -> Iterator[Item]:
    """Iterate over items so that so many further ones have been made before one is handed on.

    Args:
        items: The items, such as work that a GPU has begun.
        number: Items that are held back.

    Yields:
        Each item, in order.
    """
    held: deque[Item] = deque()
    for item in items:
        held.append(item)
        if len(held) > number:
            yield held.popleft()
    yield from held


def prefetch_all(sources: Sequence[Iterable[Item]], depth: int = 4) -> Iterator[Item]:
    """Iterate over the items of several sources, each prepared in a thread of its own, as they become ready.

    Args:
        sources: The sources; only its own thread iterates over each. Items of one source keep their order.
        depth: Items of all sources together that may wait at most, which bounds the memory.

    Yields:
        Each item. An exception raised by a source is raised here.
    """
    waiting: queue.Queue = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work(items: Iterable[Item]) -> None:
        try:
            for item in items:
                if not put((item, None)):
                    return
        except BaseException as error:  # handed over, whatever it is
            put((None, error))
            return
        put(_END)

    threads = [threading.Thread(target=work, args=(s,), daemon=True, name="prefetch") for s in sources]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            entry = waiting.get()
            if entry is _END:
                running -= 1
                continue
            item, error = entry
            if error is not None:
                raise error
            yield item
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
