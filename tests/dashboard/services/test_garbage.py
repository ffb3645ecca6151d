"""What is set aside is not looked through after every run, and garbage in it is freed all the same."""

from __future__ import annotations

import gc
import weakref

import pytest

from dashboard.services import garbage


class Ring:
    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_what_is_kept_is_left_out_of_later_collections():
    kept = [Ring() for _ in range(100)]
    garbage.set_aside()
    assert not any(isinstance(one, Ring) for one in gc.get_objects())
    assert len(kept) == 100
    assert gc.get_freeze_count() > 100


def test_garbage_that_was_set_aside_while_it_was_in_use_is_freed_the_next_time():
    ring = Ring()
    seen = weakref.ref(ring)
    garbage.set_aside()
    del ring
    gc.collect()
    assert seen() is not None
    garbage.set_aside()
    assert seen() is None
