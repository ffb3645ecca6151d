"""Working ahead in a thread."""

from __future__ import annotations

import threading

import pytest

from iaca.data.prefetch import prefetch


def test_items_arrive_in_order():
    assert list(prefetch(range(100), depth=3)) == list(range(100))


def test_no_more_than_depth_items_wait():
    made = []

    def items():
        for i in range(100):
            made.append(i)
            yield i

    running = prefetch(items(), depth=2)
    next(running)
    threading.Event().wait(0.05)
    assert len(made) <= 5
    running.close()


def test_an_error_in_the_thread_is_raised_here():
    def items():
        yield 1
        raise OSError("no more")

    running = prefetch(items())
    assert next(running) == 1
    with pytest.raises(OSError, match="no more"):
        next(running)


def test_stopping_early_ends_the_thread():
    before = threading.active_count()
    running = prefetch(iter(int, 1))
    next(running)
    running.close()
    assert threading.active_count() == before
