"""The whole corpus: measured subject by subject in the background, kept by the state of the files behind it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from dashboard.export.spreadsheet import as_csv
from dashboard.services import jobs, model_files, traces
from dashboard.services.corpora import Subject
from dashboard.services.measure_store import MeasureStore
from dashboard.state.known_files import known_state, shown_state
from iaca.compute.threads import side_by_side, threads_for
from iaca.config import UNCHANGED, WhatIf
from iaca.errors import BAD_INPUT
from iaca.features.feature_files import read_features
from iaca.files import FileState
from iaca.inference.influence import THRESHOLD
from iaca.study.overview import VERSION, Overview, measure
from iaca.study.overview_table import COLUMNS, Pair, subject_rows
from iaca.types import Episode, Progress

KEPT = 20_000
"""Measures that are kept in memory, of some 6 kB each."""

MOST = 40_000
"""Measures that are kept on disk, of about 10 kB each."""

TURNS_AHEAD = 2
"""Subjects of each thread that are measured in one turn on the device: visitors wait for no more."""

Keys = tuple[tuple[str, ...], ...]
"""For each state, a key for each model."""


class Person(NamedTuple):
    """A subject to measure.

    Attributes:
        name: What the page calls it.
        condition: Its condition in a synthetic corpus, or "".
        file: Its features.
        episodes: Its known episodes.
        apart: Its split where others of its corpus are there for validation, as in `corpora.Subject`; else "".
    """

    name: str
    condition: str
    file: FileState
    episodes: tuple[Episode, ...]
    apart: str


class Wanted(NamedTuple):
    """A view of a corpus.

    Attributes:
        people: Whom.
        models: Files of one or two models; the second is the one whose gates are shown.
        change: Dropout and gates.
        device: Where to compute.
        folder: Where measures are kept.
        threshold: Influence from which a modality counts for a relationship.
    """

    people: tuple[Person, ...]
    models: tuple[FileState, ...]
    change: WhatIf
    device: str
    folder: Path
    threshold: float = THRESHOLD

    @property
    def key(self) -> str:
        """Of the job."""
        names = (self.people, self.models, self.change, self.device, self.threshold)
        return "corpus " + hashlib.sha256(repr(names).encode()).hexdigest()[:32]

    @property
    def states(self) -> tuple[WhatIf, ...]:
        """What is measured: everything unchanged, and with the change where there is one."""
        return tuple(dict.fromkeys((UNCHANGED, self.change)))


class Found(NamedTuple):
    """What there is of a view by now.

    Attributes:
        pairs: Name of a subject -> its measures with the change; those that every model and state has.
        unchanged: Likewise without the change; the same where there is none.
        problems: Sentences about subjects that cannot be measured.
        done: Subjects that are measured, or cannot be.
        total: Subjects that there are.
    """

    pairs: dict[str, Pair]
    unchanged: dict[str, Pair]
    problems: tuple[str, ...]
    done: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to compute."""
        return self.done == self.total


_store = MeasureStore("measures", Overview.to_bytes, Overview.from_bytes, most_in_memory=KEPT, most_on_disk=MOST)
_rows: OrderedDict[tuple[str, ...], list[dict[str, Any]]] = OrderedDict()
_lock = threading.Lock()


def wanted(
    subjects: Sequence[Subject],
    episodes: Mapping[str, Sequence[Episode]],
    models: Sequence[Path],
    change: WhatIf,
    device: str,
    folder: Path,
    threshold: float = THRESHOLD,
) -> Wanted:
    """The view of those of the subjects that have features; noise and blur of a change do not count."""
    people = tuple(
        Person(one.name, one.condition, known_state(one.features), tuple(episodes.get(one.name, ())), one.apart)
        for one in subjects
        if one.features is not None
    )
    change = WhatIf(dropouts=change.dropouts, gates=change.gates)
    return Wanted(people, tuple(map(shown_state, models)), change, device, folder, threshold)


def begin(asked: Wanted) -> jobs.Job:
    """Measure in the background what is missing, or join who is at it. What is measured stays, also after a stop."""

    def work(progress: Progress) -> None:
        known = _look_up(asked)
        missing = [
            (person, keys)
            for person, keys in zip(asked.people, _keys(asked), strict=True)
            if not all(key in known or key in _store.failed for one in keys for key in one)
        ]
        device = traces.choose_device(asked.device)
        step = TURNS_AHEAD * threads_for(device)
        for start in range(0, len(missing), step):
            progress(start, len(missing))
            with traces.device_turn(asked.device):
                made = side_by_side(partial(_measure, asked), missing[start : start + step], device)
            _store.keep(asked.folder, {key: one for each in made for key, one in each.items()})
        progress(len(missing), len(missing))

    return jobs.begin(asked.key, work)


def found(asked: Wanted) -> Found:
    """The view as far as it is measured."""
    known = _look_up(asked)
    pairs: dict[str, Pair] = {}
    unchanged: dict[str, Pair] = {}
    problems: list[str] = []
    done = 0
    for person, keys in zip(asked.people, _keys(asked), strict=True):
        failed = next((_store.failed[key] for one in keys for key in one if key in _store.failed), "")
        if failed:
            problems.append(failed)
            done += 1
        elif all(key in known for one in keys for key in one):
            done += 1
            for place, one in ((unchanged, keys[0]), (pairs, keys[-1])):
                base = known[one[0]] if len(one) > 1 else None
                place[person.name] = Pair(base, known[one[-1]], person.condition)
    return Found(pairs, unchanged, tuple(dict.fromkeys(problems)), done, len(asked.people))


def forget() -> None:
    """Leave what is measured to the disk, as a new server finds it."""
    _store.forget()
    with _lock:
        _rows.clear()


def rows_of(asked: Wanted, seen: Found, target: str) -> pd.DataFrame:
    """The table of a view: `COLUMNS`, a row for each subject that is measured, of one target."""
    names = {person.name: keys[-1] for person, keys in zip(asked.people, _keys(asked), strict=True)}
    rows = []
    for name, pair in seen.pairs.items():
        key = (*names[name], pair.condition)
        made = _rows.get(key)
        if made is None:
            made = subject_rows(pair)
            with _lock:
                _rows[key] = made
                while len(_rows) > KEPT:
                    _rows.popitem(last=False)
        rows += [row | {"subject": name} for row in made if row["target"] == target]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def csv_file(table: pd.DataFrame) -> bytes:
    """A table as CSV; what is not defined is an empty field."""
    return as_csv(table)


@lru_cache(maxsize=4)
def _keys(asked: Wanted) -> tuple[Keys, ...]:
    """For each subject and each state, unchanged first, a key for each model."""
    common = [(VERSION, asked.device, asked.threshold, state) for state in asked.states]
    return tuple(
        tuple(tuple(_key(*one, model, person) for model in asked.models) for one in common) for person in asked.people
    )


def _key(version: int, device: str, threshold: float, change: WhatIf, model: FileState, person: Person) -> str:
    facts = (version, device, threshold, change, model, person.file, person.episodes)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _look_up(asked: Wanted) -> dict[str, Overview]:
    """What is known of a view."""
    return _store.look_up(asked.key, asked.folder, [key for one in _keys(asked) for state in one for key in state])


def _measure(asked: Wanted, piece: tuple[Person, Keys]) -> dict[str, Overview]:
    """All that is asked of a subject, by key; where something cannot be measured, it is kept why."""
    person, keys = piece
    made: dict[str, Overview] = {}
    try:
        features = read_features(person.file.path)  # past the cache: this goes through the whole corpus
        for state, own in zip(asked.states, keys, strict=True):
            for model, key in zip(asked.models, own, strict=True):
                loaded = model_files.load(model, asked.device)
                made[key] = measure(features, loaded, state, person.episodes, asked.threshold)
    except BAD_INPUT as error:
        _store.failed.update({key: str(error) for own in keys for key in own if key not in made})
    return made
