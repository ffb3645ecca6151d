"""Events: the spans of a recording in which all of some conditions on the columns of a Trace are met."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from iaca.clips import edges_s
from iaca.config import AUDIO, TARGETS, VISUAL
from iaca.errors import InputError
from iaca.inference.influence import INFLUENCE_COLUMNS, THRESHOLD, Relationship, relationships_of
from iaca.types import EXPLANATION_COLUMNS, Episode, Trace

SENSES = {VISUAL: "face", AUDIO: "voice"}
"""Modality -> the column that says what is known of it."""

PRESENT = {VISUAL: "has_face", AUDIO: "has_audio"}

CLEAN, WRONG = "clean", "wrong"
CORRUPTED, RESTRAINED, ANOTHER, CONTRADICTING = "corrupted", "restrained", "another person", "contradicting"
STATES = (WRONG, CORRUPTED, RESTRAINED, ANOTHER, CONTRADICTING, CLEAN)
"""What a modality is known to be. Wrong is any of the four that follow; contradicting: it shows another valence."""

YES, NO = "yes", "no"

NUMBERS = (
    *TARGETS,
    *(f"{target}_truth" for target in TARGETS),
    *(f"{target}_error" for target in TARGETS),
    *(f"{target}_{name}" for target in TARGETS for name in EXPLANATION_COLUMNS),
    *INFLUENCE_COLUMNS,
    "pts_s",
    "frame",
)
FLAGS = ("has_face", "has_audio", "audio_dropped", "visual_dropped", "interpolated")
RELATIONS = tuple(f"{target}_relationship" for target in TARGETS)

CHOICES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(SENSES.values(), STATES),
    **dict.fromkeys(RELATIONS, tuple(kind.value for kind in Relationship)),
    **dict.fromkeys(FLAGS, (YES, NO)),
}
"""Columns of words -> what they can say."""

COLUMNS = (*CHOICES, *NUMBERS)
"""What conditions can be about: the columns of a Trace, those that `add_influence` adds, `<target>_relationship`,
`<target>_error` (the distance of a prediction from the annotation), and `face` and `voice`: what is known of them."""

IS, IS_NOT = "is", "is not"
WORD_COMPARISONS = (IS, IS_NOT)
NUMBER_COMPARISONS = (">", ">=", "<", "<=")
_COMPARE = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}
_SPELLINGS = {"≥": ">=", "≤": "<=", "=": IS, "==": IS, "!=": IS_NOT, "≠": IS_NOT}
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=|==|!=|>|<|≥|≤|=|≠|\bis\s+not\b|\bis\b)\s*(.*?)\s*", re.ASCII)

MOST_CONDITIONS = 12
MOST_TEXT = 200
LONGEST_S = 3600.0
TOLERANCE_S = 1e-6


class EventError(InputError):
    """Conditions that cannot be used: the message has the condition, what is wrong with it and what was expected."""


class Condition(NamedTuple):
    """One comparison of a column with a value.

    Attributes:
        column: One of `COLUMNS`.
        comparison: One of `NUMBER_COMPARISONS` for numbers, of `WORD_COMPARISONS` for words.
        value: A finite number, or one of the words of the column.
    """

    column: str
    comparison: str
    value: float | str

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else f"{self.value:.12g}"
        return f"{self.column} {self.comparison} {value}"


class Query(NamedTuple):
    """What is searched for.

    Attributes:
        conditions: All of them have to be met, in the same frames.
        at_least_s: Shortest event, seconds.
        threshold: Influence from which a modality counts for `<target>_relationship`, above 0.
    """

    conditions: tuple[Condition, ...]
    at_least_s: float = 0.0
    threshold: float = THRESHOLD

    @property
    def needs_influence(self) -> bool:
        """Whether a Trace needs the columns of `add_influence`."""
        return any(one.column in (*INFLUENCE_COLUMNS, *RELATIONS) for one in self.conditions)


class Event(NamedTuple):
    """A span in which all conditions are met.

    Attributes:
        subject: Name of the subject.
        start_s: Time of its first frame, seconds.
        end_s: When its last frame ends, that is, the next one begins.
        first_frame: From 0.
        last_frame: Itself part of the event.
    """

    subject: str
    start_s: float
    end_s: float
    first_frame: int
    last_frame: int


class Events(NamedTuple):
    """What is found in one subject.

    Attributes:
        events: In order of time.
        length_s: Length of the recording, seconds.
        known_s: For each condition, how long its column is known, seconds.
        met_s: For each condition, how long it is met, whatever the others say.
    """

    events: tuple[Event, ...]
    length_s: float
    known_s: tuple[float, ...]
    met_s: tuple[float, ...]


EVENT_COLUMNS = ("subject", "model", "start_s", "end_s", "length_s", "first_frame", "last_frame")
COUNT_COLUMNS = ("subject", "model", "events", "seconds", "share", "length_s")


def parse_condition(text: str) -> Condition:
    """Read one condition, such as `valence_stage2_visual > 0.7` or `face is corrupted`.

    The text is split into a column, a comparison and a value, each of which has to be a known one: nothing of it is
    evaluated.

    Args:
        text: Numbers are compared by >, >=, < and <=, words by `is` and `is not`; = and != are taken for these.

    Raises:
        EventError: It has another form, or there is no such column, comparison or value.

    Examples:
        >>> parse_condition("face = corrupted")
        Condition(column='face', comparison='is', value='corrupted')
    """
    shown = repr(text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}...")
    found = _FORM.fullmatch(text) if len(text) <= MOST_TEXT else None
    if found is None:
        raise EventError(
            f"the condition {shown} cannot be read; expected a column, a comparison and a value, as in "
            "'valence_stage2_visual > 0.7' or 'face is corrupted'"
        )
    column, value = found[1], found[3]
    comparison = " ".join(found[2].split())
    comparison = _SPELLINGS.get(comparison, comparison)
    if column not in COLUMNS:
        raise EventError(f"the condition {shown} names no column of a trace; expected {_expected(column)}")
    wanted = WORD_COMPARISONS if column in CHOICES else NUMBER_COMPARISONS
    if comparison not in wanted:
        raise EventError(
            f"the condition {shown} compares {column} by {comparison!r}; expected one of: {', '.join(wanted)}"
        )
    if column in CHOICES:
        if value.casefold() not in CHOICES[column]:
            raise EventError(
                f"the condition {shown} has the value {value!r}; expected one of: {', '.join(CHOICES[column])}"
            )
        return Condition(column, comparison, value.casefold())
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EventError(f"the condition {shown} has the value {value!r}; expected a number, as in 0.7")
    return Condition(column, comparison, number)


def query_of(conditions: Sequence[str], at_least_s: float = 0.0, threshold: float = THRESHOLD) -> Query:
    """What is searched for, from texts.

    Args:
        conditions: As `parse_condition` reads them; at least one.
        at_least_s: Shortest event, seconds, 0 to 3600.
        threshold: Influence from which a modality counts, above 0.

    Raises:
        EventError: One of them cannot be used.
    """
    if not 1 <= len(conditions) <= MOST_CONDITIONS:
        raise EventError(f"there are {len(conditions)} conditions; expected 1 to {MOST_CONDITIONS}")
    if not 0 <= at_least_s <= LONGEST_S:
        raise EventError(f"the shortest event is {at_least_s:g} s; expected a number from 0 to {LONGEST_S:g}")
    if not 0 < threshold < math.inf:
        raise EventError(f"the threshold of influence is {threshold:g}; expected a number above 0")
    return Query(tuple(map(parse_condition, conditions)), at_least_s, threshold)


def find_events(trace: Trace, query: Query, episodes: Sequence[Episode] | None = None) -> Events:
    """The spans of a recording in which all conditions are met.

    Choice: missing data is never a hit, not even of `is not`. That is a value that is NaN, such as an annotation or a
    gate that the model does not have; a relationship or a state that is not known; and any frame without a face or
    sound, unless a condition asks for `has_face` or `has_audio` itself.

    Args:
        trace: What a model says; with influences where `query.needs_influence`.
        query: The conditions.
        episodes: Known episodes of any subjects; None where nothing is known of this one, whose face and voice then
            are nothing at all, not clean.

    Raises:
        EventError: The trace lacks influences.
    """
    if query.needs_influence and INFLUENCE_COLUMNS[0] not in trace.columns:
        raise EventError(f"the trace of {trace.subject} has no influences; expected what `add_influence` returns")
    ends_s = edges_s(trace.columns["pts_s"])
    lasts_s = np.diff(ends_s)
    asked = {one.column for one in query.conditions}
    met_in_all = np.ones(len(lasts_s), bool)
    for column in set(PRESENT.values()) - asked:
        met_in_all &= trace.columns[column].astype(bool)
    known_s, met_s = [], []
    for condition in query.conditions:
        known, met = _frames_of(condition, trace, query.threshold, episodes)
        known_s.append(float(lasts_s[known].sum()))
        met_s.append(float(lasts_s[met].sum()))
        met_in_all &= met
    edges = np.diff(np.concatenate(([0], met_in_all.astype(np.int8), [0])))
    events = tuple(
        Event(trace.subject, float(ends_s[first]), float(ends_s[stop]), int(first), int(stop) - 1)
        for first, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
        if ends_s[stop] - ends_s[first] >= query.at_least_s - TOLERANCE_S
    )
    return Events(events, float(lasts_s.sum()), tuple(known_s), tuple(met_s))


def event_rows(found: Events, model: str) -> list[dict[str, Any]]:
    """A row of `EVENT_COLUMNS` for each event."""
    return [
        {"subject": one.subject, "model": model, "length_s": round(one.end_s - one.start_s, 6)} | one._asdict()
        for one in found.events
    ]


def count_row(found: Events, subject: str, model: str) -> dict[str, Any]:
    """A row of `COUNT_COLUMNS`: how many events a subject has, how long they last, and their share of its length."""
    seconds = sum(one.end_s - one.start_s for one in found.events)
    share = seconds / found.length_s if found.length_s else 0.0
    values = (subject, model, len(found.events), round(seconds, 6), share, found.length_s)
    return dict(zip(COUNT_COLUMNS, values, strict=True))


def _frames_of(
    condition: Condition, trace: Trace, threshold: float, episodes: Sequence[Episode] | None
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) bool twice: where the column of a condition is known, and where the condition is met."""
    column, comparison, value = condition
    if column in NUMBERS:
        values = _numbers(column, trace)
        known = np.isfinite(values)
        return known, known & _COMPARE[comparison](values, value, where=known, out=np.zeros(len(values), bool))
    if column in RELATIONS:
        kinds = relationships_of(trace, column.rpartition("_")[0], threshold)
        known, is_so = kinds != "", kinds == value
    elif column in FLAGS:
        is_so = trace.columns[column].astype(bool) == (value == YES)
        known = np.ones(len(is_so), bool)
    else:
        is_so = _in_state(str(value), column, trace, episodes or ())
        known = np.full(len(is_so), episodes is not None)
    return known, known & (is_so if comparison == IS else ~is_so)


def _numbers(column: str, trace: Trace) -> np.ndarray:
    """(N,) float64."""
    target = column.removesuffix("_error")
    if target != column:
        return np.abs(trace.columns[target].astype(np.float64) - trace.columns[f"{target}_truth"])
    return trace.columns[column].astype(np.float64)


def _in_state(state: str, sense: str, trace: Trace, episodes: Sequence[Episode]) -> np.ndarray:
    """(N,) bool: frames in which a face or a voice is known to be so."""
    pts_s = trace.columns["pts_s"]
    inside = np.zeros(len(pts_s), bool)
    for one in episodes:
        is_meant = one.subject == trace.subject and SENSES[one.modality] == sense
        if is_meant and state in (CLEAN, WRONG, state_of(one)):
            inside |= (pts_s >= one.start_s) & (pts_s < one.end_s)
    return ~inside if state == CLEAN else inside


def state_of(episode: Episode) -> str:
    """What the modality of an episode is in it: one of `STATES`; what is no other is corrupted."""
    if episode.truth_modality:
        return CONTRADICTING
    if episode.kind.startswith("stranger"):
        return ANOTHER
    return RESTRAINED if episode.kind == "restrained" else CORRUPTED


def _expected(column: str) -> str:
    near = [name for name in COLUMNS if name.endswith(f"_{column}")] or difflib.get_close_matches(column, COLUMNS, 3)
    return " or ".join(map(repr, near[:3])) if near else f"one of: {', '.join(COLUMNS)}"
