"""What is kept for all visitors stays within its budget."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cachetools import LRUCache

from dashboard.services import memory
from iaca.compute.memory import memory_bytes, size_of


@pytest.fixture
def budget(monkeypatch):
    monkeypatch.setattr(memory, "_kept", LRUCache(10_000, getsizeof=size_of))


def test_what_was_not_asked_for_longest_goes_first_whatever_function_made_it(budget):
    made = []

    @memory.keep
    def arrays(number):
        made.append(number)
        return np.zeros(4000, np.uint8)

    @memory.keep
    def others(number):
        made.append(-number)
        return np.zeros(4000, np.uint8)

    first = arrays(1)
    others(1)
    assert arrays(1) is first
    others(2)  # the first of the others goes
    assert memory.kept_bytes() == 8000
    assert arrays(1) is first
    others(1)
    assert made == [1, -1, -2, -1]


def test_what_exceeds_the_budget_alone_is_returned_and_not_kept(budget):
    @memory.keep
    def large():
        return np.zeros(20_000, np.uint8)

    assert large() is not large()
    assert memory.kept_bytes() == 0


def test_what_has_grown_is_weighed_again_and_others_make_room(budget):
    held = {}

    @memory.keep
    def grows(name):
        return held.setdefault(name, [])

    @memory.keep
    def array():
        return np.zeros(4000, np.uint8)

    array()
    grows("a").append(np.zeros(7000, np.uint8))
    assert memory.kept_bytes() == 4000
    memory.weigh_again(grows, "a")
    assert memory.kept_bytes() == 7000
    memory.weigh_again(grows, "never kept")
    assert memory.kept_bytes() == 7000


def test_of_two_who_ask_for_the_same_one_computes_it(budget):
    made, both = [], threading.Barrier(2)

    @memory.keep
    def slow():
        made.append(1)
        threading.Event().wait(0.05)
        return np.zeros(10)

    def ask(_):
        both.wait(30)
        return slow()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, range(2))
    assert first is second
    assert len(made) == 1


def test_an_error_is_not_kept(budget):
    @memory.keep
    def fails(made=[]):  # noqa: B006  counts its calls
        made.append(1)
        raise ValueError(len(made))

    for count in (1, 2):
        with pytest.raises(ValueError, match=str(count)):
            fails()


def test_the_budget_is_what_was_asked_for_or_a_share_of_what_there_is():
    assert memory.budget_bytes(1.5) == 3 * 2**29
    assert memory.budget_bytes(0) == 0
    assert memory.budget_bytes(None) == round(memory.SHARE * memory_bytes())
