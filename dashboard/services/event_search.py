"""Search for events: in the shown subject at once, in all subjects in the background, kept by what it was made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dashboard.services import influences, jobs, model_files, traces
from dashboard.services.corpora import Subject
from dashboard.services.measure_store import MeasureStore
from dashboard.services.model_files import Chosen
from dashboard.services.selection import Selection
from dashboard.state.known_files import known_state, shown_state
from iaca.compute.threads import side_by_side, threads_for
from iaca.config import WhatIf
from iaca.errors import BAD_INPUT, InputError
from iaca.features.feature_files import read_features
from iaca.files import FileState
from iaca.inference import add_influence, infer
from iaca.inference.conditions import (
    CHOICES,
    COLUMNS,
    EVENT_COLUMNS,
    LONGEST_S,
    MOST_CONDITIONS,
    NUMBER_COMPARISONS,
    WORD_COMPARISONS,
    Condition,
    Event,
    EventError,
    Events,
    Query,
    count_row,
    event_rows,
    find_events,
    parse_condition,
)
from iaca.types import Episode, Progress

__all__ = [
    "CHOICES", "COLUMNS", "LONGEST_S", "MOST_CONDITIONS", "NUMBER_COMPARISONS", "WORD_COMPARISONS", "Condition",
    "Event", "EventError", "Events", "Query", "parse_condition",
]  # fmt: skip

VERSION = 1
"""Of what is kept: with another one, it is searched again."""

KEPT, MOST = 60_000, 120_000
"""Subjects whose events are kept in memory, and on disk, for some searches of a large corpus."""

TURNS_AHEAD = 2
"""Subjects of each thread in one turn on the device: visitors wait for no more."""


class Person(NamedTuple):
    """A subject to search.

    Attributes:
        name: What the page calls it.
        file: Its features.
        episodes: Its known episodes; None where nothing is known of it.
    """

    name: str
    file: FileState
    episodes: tuple[Episode, ...] | None


class Wanted(NamedTuple):
    """A search.

    Attributes:
        people: Whom to search.
        model: Whose curves.
        query: For what.
        change: Dropout and gates.
        device: Where to compute.
        folder: Where what is found is kept.
    """

    people: tuple[Person, ...]
    model: FileState
    query: Query
    change: WhatIf
    device: str
    folder: Path

    @property
    def key(self) -> str:
        """Of the job."""
        facts = (self.people, self.model, self.query, self.change, self.device)
        return "events " + hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


class Found(NamedTuple):
    """What is found by now.

    Attributes:
        events: Name of a subject -> its events, of those that are searched, in the order of the list.
        problems: Sentences about subjects that cannot be searched.
        done: Subjects that are searched, or cannot be.
        total: Subjects that there are.
    """

    events: dict[str, Events]
    problems: tuple[str, ...]
    done: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to search."""
        return self.done == self.total


def _to_bytes(found: Events) -> bytes:
    return json.dumps(found).encode()


def _from_bytes(content: bytes) -> Events:
    try:
        events, length_s, known_s, met_s = json.loads(content)
        return Events(tuple(Event(*one) for one in events), length_s, tuple(known_s), tuple(met_s))
    except (ValueError, TypeError) as error:
        raise InputError(f"kept events cannot be read ({error}); expected those that `_to_bytes` wrote") from error


_store = MeasureStore("events", _to_bytes, _from_bytes, most_in_memory=KEPT, most_on_disk=MOST)


def known_of(subject: Subject, episodes: Mapping[str, Sequence[Episode]]) -> tuple[Episode, ...] | None:
    """The known episodes of a subject; None where nothing is known of it, as of real people."""
    own = episodes.get(subject.name)
    return tuple(own or ()) if own or subject.synthetic else None


def wanted(
    subjects: Sequence[Subject],
    episodes: Mapping[str, Sequence[Episode]],
    model: Path,
    query: Query,
    change: WhatIf,
    device: str,
    folder: Path,
) -> Wanted:
    """The search of those of the subjects that have features; noise and blur of a change do not count."""
    people = tuple(
        Person(one.name, known_state(one.features), known_of(one, episodes))
        for one in subjects
        if one.features is not None
    )
    change = WhatIf(dropouts=change.dropouts, gates=change.gates)
    return Wanted(people, shown_state(model), query, change, device, folder)


def begin(asked: Wanted) -> jobs.Job:
    """Search in the background whom nobody has searched yet, or join who is at it. What is found stays after a stop."""

    def work(progress: Progress) -> None:
        known = _look_up(asked)
        keys = zip(asked.people, _keys(asked), strict=True)
        missing = [one for one in keys if one[1] not in known and one[1] not in _store.failed]
        device = traces.choose_device(asked.device)
        step = TURNS_AHEAD * threads_for(device)
        for start in range(0, len(missing), step):
            progress(start, len(missing))
            with traces.device_turn(asked.device):
                made = side_by_side(partial(_search, asked), missing[start : start + step], device)
            _store.keep(asked.folder, {key: one for key, one in made if one is not None})
        progress(len(missing), len(missing))

    return jobs.begin(asked.key, work)


def found(asked: Wanted) -> Found:
    """What is found by now."""
    known = _look_up(asked)
    events: dict[str, Events] = {}
    problems: list[str] = []
    for person, key in zip(asked.people, _keys(asked), strict=True):
        if key in known:
            events[person.name] = known[key]
        elif key in _store.failed:
            problems.append(_store.failed[key])
    return Found(events, tuple(dict.fromkeys(problems)), len(events) + len(problems), len(asked.people))


def of_subject(selection: Selection, model: Chosen, query: Query, known: tuple[Episode, ...] | None) -> Events:
    """The events of the shown subject, with whatever is changed, noise and blur too.

    Args:
        selection: What is looked at.
        model: Whose curves.
        query: For what.
        known: As `known_of` has them.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    compute = influences.trace if query.needs_influence else traces.trace
    applied = selection.applied
    trace = compute(selection.subject.feature_file, model.path, selection.device, applied.change, applied.corrupted)
    return find_events(trace, query, known)


def event_table(seen: Found, names: Sequence[str], title: str) -> pd.DataFrame:
    """A row of `EVENT_COLUMNS` for each event of the named subjects, in the order of the names and of time."""
    rows = [row | {"subject": name} for name in names for row in event_rows(seen.events[name], title)]
    return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))


def count_table(seen: Found, subjects: Mapping[str, Subject], title: str) -> pd.DataFrame:
    """A row for each subject that is searched: its condition, split, events, their seconds and share of the length."""
    rows = [
        count_row(one, name, title) | {"condition": subjects[name].condition, "split": subjects[name].split}
        for name, one in seen.events.items()
    ]
    columns = ["subject", "condition", "split", "events", "seconds", "share", "length_s"]
    return pd.DataFrame(rows, columns=columns)


def forget() -> None:
    """Leave what is found to the disk, as a new server finds it."""
    _store.forget()


@lru_cache(maxsize=4)
def _keys(asked: Wanted) -> tuple[str, ...]:
    common = (VERSION, asked.device, asked.change, asked.model, asked.query)
    return tuple(
        hashlib.sha256(repr((*common, one.file, one.episodes)).encode()).hexdigest()[:32] for one in asked.people
    )


def _look_up(asked: Wanted) -> dict[str, Events]:
    return _store.look_up(asked.key, asked.folder, _keys(asked))


def _search(asked: Wanted, one: tuple[Person, str]) -> tuple[str, Events | None]:
    """The key and the events of a subject; None where it cannot be searched, and it is kept why."""
    person, key = one
    change = asked.change
    try:
        features = read_features(person.file.path)  # past the cache: this goes through the whole corpus
        model = model_files.load(asked.model, asked.device)
        trace = infer(features, model, change.dropouts, gates=change.gates)
        if asked.query.needs_influence:
            trace = add_influence(trace, features, model, change.dropouts, gates=change.gates)
        return key, find_events(trace, asked.query, person.episodes)
    except BAD_INPUT as error:
        _store.failed[key] = str(error)
        return key, None
