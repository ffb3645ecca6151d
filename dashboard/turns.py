"""Whose turn it is, where many ask at once: visitors one after the other, however much each of them asks for."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

LOOK_S = 0.25
"""How often whoever waits is told how many are ahead, and may give up."""

RETURN_S = 1.0
"""How long a place in the line is kept for a newer request in place of one that gave up."""


class Superseded(Exception):
    """Raised in a request that waited when a newer one of the same kind took its place in the line."""


class _Place:
    """A place in the line.

    Attributes:
        key: What is asked for; a newer request of that key takes the place over.
        holder: The request that waits at it.
        left_s: When its request gave up; None while it waits.
    """

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.holder: object = None
        self.left_s: float | None = None


class Turns:
    """A few at a time. Owners take turns, each with what it asked for first; who waits can see how many are ahead.

    Args:
        places: How many at a time.
        patience_s: After how many seconds one that goes on counts no more among these; None: never.
    """

    def __init__(self, places: int, patience_s: float | None = None) -> None:
        self._places = places
        self._patience_s = patience_s
        self._running: dict[object, float] = {}
        self._waiting: OrderedDict[str, list[_Place]] = OrderedDict()
        self._changed = threading.Condition()

    @contextmanager
    def turn(
        self, owner: str, waiting: Callable[[int], None] = lambda ahead: None, *, key: Hashable = None
    ) -> Iterator[None]:
        """Wait for a turn and keep it meanwhile.

        Args:
            owner: Who asks: one owner's requests do not delay those of another by more than one turn each.
            waiting: Called with the number of requests ahead, again and again, and once more before the turn begins.
                What it raises ends the wait; the place is kept for a moment for the next request of the same key.
            key: Of two waiting requests of one owner and key, the newer takes the older one's place. None: of no other.

        Raises:
            Superseded: A newer request took the place.
        """
        me = object()
        place = self._stand(owner, object() if key is None else key, me)
        try:
            while True:
                waiting(self._ahead(owner, place, me))
                if self._take(owner, place, me):
                    break
                self._wait(owner, place, me)
        except BaseException:
            self._leave(place, me)
            raise
        try:
            yield
        finally:
            with self._changed:
                del self._running[me]
                self._changed.notify_all()

    def ahead(self, owner: str) -> int:
        """Requests that are served before the first that an owner waits for; 0 where it waits for none."""
        with self._changed:
            places = self._waiting.get(owner)
            return self._count(owner, places[0]) if places else 0

    def _stand(self, owner: str, key: Hashable, me: object) -> _Place:
        with self._changed:
            places = self._waiting.setdefault(owner, [])
            place = next((one for one in places if one.key == key), None)
            if place is None:
                place = _Place(key)
                places.append(place)
            place.holder, place.left_s = me, None
            self._changed.notify_all()
            return place

    def _take(self, owner: str, place: _Place, me: object) -> bool:
        """Take the turn, if it has come."""
        with self._changed:
            if not self._is_next(owner, place, me):
                return False
            self._remove(owner, place)
            if owner in self._waiting:
                self._waiting.move_to_end(owner)
            self._running[me] = time.monotonic()
            self._changed.notify_all()
            return True

    def _wait(self, owner: str, place: _Place, me: object) -> None:
        with self._changed:
            if not self._is_next(owner, place, me):
                self._changed.wait(LOOK_S)

    def _leave(self, place: _Place, me: object) -> None:
        with self._changed:
            if place.holder is me:
                place.left_s = time.monotonic()
                self._changed.notify_all()

    def _is_next(self, owner: str, place: _Place, me: object) -> bool:
        if place.holder is not me:
            raise Superseded
        now = time.monotonic()
        for other, places in list(self._waiting.items()):
            for one in [one for one in places if one.left_s is not None and now - one.left_s > RETURN_S]:
                self._remove(other, one)
        # A place that is kept for somebody who may come back holds nobody up.
        waiting = ((other, one) for other, places in self._waiting.items() for one in places if one.left_s is None)
        return next(waiting, None) == (owner, place) and len(self._counted()) < self._places

    def _counted(self) -> list[float]:
        """When those began that count as running."""
        since = -float("inf") if self._patience_s is None else time.monotonic() - self._patience_s
        return [began_s for began_s in self._running.values() if began_s > since]

    def _remove(self, owner: str, place: _Place) -> None:
        self._waiting[owner].remove(place)
        if not self._waiting[owner]:
            del self._waiting[owner]

    def _ahead(self, owner: str, place: _Place, me: object) -> int:
        with self._changed:
            if place.holder is not me:
                raise Superseded
            return self._count(owner, place)

    def _count(self, owner: str, place: _Place) -> int:
        """Those that run, and those that come first: each owner before this one has a turn more than those after it."""
        rounds = self._waiting[owner].index(place)
        count, bound = len(self._counted()) + rounds, rounds + 1
        for other, places in self._waiting.items():
            if other == owner:
                bound = rounds
            else:
                count += min(bound, sum(one.left_s is None for one in places))
        return count


PAGES = Turns(max(2, min(4, os.cpu_count() or 1)), patience_s=1.0)
"""Of everything that a browser waits for. Python runs one thread at a time: of twenty runs at once, the first ends
hardly before the last. One that takes long, such as the first of a video, holds nobody up."""
