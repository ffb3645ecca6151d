"""Working ahead in a thread."""

from __future__ import annotations

import threading

import pytest

from iaca.compute.prefetch import behind, prefetch, prefetch_all


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
    before = set(threading.enumerate())
    running = prefetch(iter(int, 1))
    next(running)
    running.close()
    assert set(threading.enumerate()) <= before


def test_two_sources_are_made_at_once_and_each_keeps_its_order():
    met = threading.Barrier(2)  # passed only if both are at work

    def items(name):
        met.wait(60)
        yield from ((name, i) for i in range(50))

    made = list(prefetch_all((items("a"), items("b")), depth=3))
    assert len(made) == 100
    for name in "ab":
        assert [i for n, i in made if n == name] == list(range(50))


def test_an_error_in_one_source_ends_the_others():
    def items():
        yield 1
        raise OSError("no more")

    before = set(threading.enumerate())
    with pytest.raises(OSError, match="no more"):
        for _ in prefetch_all((items(), iter(int, 1))):
            pass
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("number", [0, 1, 3])
def test_so_many_items_are_made_before_one_is_handed_on(number):
    made = []

    def items():
        for i in range(5):
            made.append(i)
            yield i

    ahead = [len(made) - 1 - item for item in behind(items(), number)]
    assert ahead == [min(number, 4 - i) for i in range(5)]
