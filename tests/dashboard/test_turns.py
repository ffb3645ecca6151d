"""Who comes first, where many ask at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from dashboard.turns import RETURN_S, Superseded, Turns

PATIENCE_S = 30


class GaveUp(Exception):
    pass


class Line:
    """Turns of which one is taken until `open`, and requests that wait in an order that the test knows."""

    def __init__(self, turns):
        self.turns, self.order, self.told, self.tasks = turns, [], {}, {}
        self._go = threading.Event()
        self._pool = ThreadPoolExecutor(32)
        self.ask("nobody", "first", held=True)

    def ask(self, owner, name, *, key=None, held=False, gives_up=None):
        stands, seen = threading.Event(), self.told.setdefault(name, [])

        def waiting(ahead):
            seen.append(ahead)
            if len(seen) == 1 and ahead:
                stands.set()
            if gives_up is not None and gives_up.is_set():
                raise GaveUp

        def run():
            with self.turns.turn(owner, waiting, key=key):
                self.order.append(name)
                stands.set()
                if held:
                    assert self._go.wait(PATIENCE_S)

        self.tasks[name] = self._pool.submit(run)
        assert stands.wait(PATIENCE_S)

    def open(self):
        self._go.set()
        for task in self.tasks.values():
            with suppress(GaveUp, Superseded):
                task.result(PATIENCE_S)
        return self.order[1:]


def test_owners_take_turns_however_much_each_asks_for():
    line = Line(Turns(1))
    for number in range(5):
        line.ask("greedy", f"greedy {number}")
    line.ask("modest", "modest")
    line.ask("third", "third")
    assert line.open() == ["greedy 0", "modest", "third", "greedy 1", "greedy 2", "greedy 3", "greedy 4"]


def test_whoever_waits_is_told_how_many_are_ahead():
    line = Line(Turns(1))
    for number in range(3):
        line.ask("greedy", f"greedy {number}")
    line.ask("modest", "modest")
    assert [line.told[f"greedy {number}"][0] for number in range(3)] == [1, 2, 3]
    assert line.told["modest"][0] == 2  # the one that runs, and one of whoever has three
    assert line.turns.ahead("modest") == 2
    assert line.turns.ahead("nobody there") == 0
    line.open()
    assert line.turns.ahead("modest") == 0


def test_a_newer_request_takes_the_place_of_the_one_that_it_makes_stale():
    line = Line(Turns(1))
    line.ask("a", "stale", key="slider")
    line.ask("b", "other")
    line.ask("a", "newer", key="slider")
    with pytest.raises(Superseded):
        line.tasks["stale"].result(PATIENCE_S)
    assert line.open() == ["newer", "other"]


def test_the_place_of_a_request_that_gave_up_is_kept_for_the_next_of_its_key():
    line, gives_up = Line(Turns(1)), threading.Event()
    line.ask("a", "gone", key="page", gives_up=gives_up)
    line.ask("b", "other")
    gives_up.set()
    with pytest.raises(GaveUp):
        line.tasks["gone"].result(PATIENCE_S)
    line.ask("a", "again", key="page")
    assert line.open() == ["again", "other"]


def test_a_place_that_nobody_comes_back_to_holds_nobody_up():
    line, gives_up = Line(Turns(1)), threading.Event()
    line.ask("a", "gone", key="page", gives_up=gives_up)
    gives_up.set()
    with pytest.raises(GaveUp):
        line.tasks["gone"].result(PATIENCE_S)
    line.ask("b", "other")
    assert line.open() == ["other"]
    time.sleep(1.1 * RETURN_S)
    with line.turns.turn("b"):
        assert not line.turns._waiting


def test_as_many_run_at_a_time_as_there_are_places():
    turns, most, running, lock = Turns(3), [], [], threading.Lock()
    three = threading.Barrier(3)

    def run(number):
        with turns.turn(str(number % 4)):
            with lock:
                running.append(number)
                most.append(len(running))
            three.wait(PATIENCE_S)
            with lock:
                running.remove(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(run, range(60)))
    assert len(most) == 60
    assert max(most) == 3


def test_one_that_takes_long_counts_no_more():
    line = Line(Turns(1, patience_s=0.2))
    line.ask("b", "other")
    line.tasks["other"].result(PATIENCE_S)
    assert not line.tasks["first"].done()
    assert line.open() == ["other"]


def test_an_error_in_a_turn_ends_it():
    turns = Turns(1)
    with pytest.raises(GaveUp), turns.turn("a"):
        raise GaveUp
    with turns.turn("b"):
        pass


def test_a_step_that_a_newer_one_has_overtaken_is_not_computed(monkeypatch):
    from dashboard import steps

    turns = Turns(1)
    monkeypatch.setattr(steps, "PAGES", turns)
    computed, outcomes = [], []
    desk = steps.Desk("a step", lambda values: computed.append(values["n"]) or b"")

    def ask(number):
        try:
            outcomes.append(steps._computed("a visit", desk, number, {"n": str(number)}))
        except Superseded:
            outcomes.append("overtaken")

    desk.newest = 1
    with turns.turn("another visit"):
        first = threading.Thread(target=ask, args=(1,))
        first.start()
        while not turns.ahead("a visit"):
            time.sleep(0.001)
        desk.newest = 2
        first.join(PATIENCE_S)
        assert not first.is_alive()
    ask(2)
    assert outcomes == ["overtaken", b""]
    assert computed == ["2"]
