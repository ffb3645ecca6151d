"""Which subject the page shows: the selectbox Subject, with what is known of each."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.services import traces
from dashboard.services.corpora import Corpus, Subject
from dashboard.services.first_views import FirstView
from dashboard.services.model_files import Chosen
from dashboard.state import address, session
from iaca.config import TARGETS

SEPARATOR = " · "

SCORED_AT_ONCE_S = 0.15
"""How long the curves of the chosen subject may wait for scores of the listed ones; the rest is scored after them."""


class _Entry(NamedTuple):
    """A line of the list: the length is None where there are no features; for the first ones models are scored."""

    subject: Subject
    length_s: float | None
    is_scored: bool


def choose_subject(
    corpus: Corpus, models: Sequence[Chosen], device: str, first: FirstView | None = None
) -> Subject | None:
    """Ask for a subject, and keep the address on it; None where there are none.

    Args:
        corpus: Whom there is to choose from.
        models: Who scores them for the list.
        device: Where.
        first: What to show until somebody chooses, unless the user's own data are there; or None.
    """
    subjects = {subject.name: subject for subject in corpus.subjects}
    entries = _entries(corpus.subjects)
    until_s = time.monotonic() + SCORED_AT_ONCE_S
    unscored = _unscored(entries, models, device)
    while unscored and time.monotonic() < until_s:
        traces.scores(*unscored.pop(0))
    labels = _labels(entries, models, device)
    asked = session.asked(session.SUBJECT)
    if asked is not None and asked not in subjects:
        address.report(f"Subject {asked!r} in this link is not in the data; showing another one.")
    kept = session.last_view()
    wanted = asked or (kept.subject if kept else None)
    if wanted is None and first is not None and corpus.subjects and corpus.subjects[0].synthetic:
        wanted = first.subject
    # With other models or scores a new box: one that stays would go on showing its old label. The address knows the
    # name.
    key = " ".join([session.SUBJECT.key, *(model.path.name for model in models), str(len(unscored))])
    now = _name_in(st.session_state[key], subjects) if st.session_state.get(key) is not None else wanted
    chosen = st.selectbox(
        "Subject",
        list(subjects),
        label_visibility="collapsed",
        # Of every run: a browser that is slow may see the box for the first time as a later run draws it.
        index=list(subjects).index(now) if now in subjects else 0,
        # The browser sends labels, also those of an earlier run, when they were others.
        format_func=lambda one: labels.get(_name_in(one, subjects), one),
        help="Name · condition or split · length · CCC of each model (valence / arousal). CCC is listed for the first "
        "subjects; the player has that of the chosen one. Type to search.",
        key=key,
    )
    st.session_state[session.SUBJECT_BOX] = key
    if chosen is None:
        return None
    name = _name_in(chosen, subjects)
    if asked not in (None, name):
        # A frame of another subject means nothing here.
        address.put_into_url(session.FRAME, None)
        address.put_into_url(session.RANGE, None)
    address.put_into_url(session.SUBJECT, name)
    return subjects[name]


def score_rest(corpus: Corpus, models: Sequence[Chosen], device: str) -> None:
    """Score the subjects that the list shows without; then the page runs again. For the end of a page.

    Whatever the user does meanwhile comes first: it ends the run, and the next one goes on here.
    """
    unscored = _unscored(_entries(corpus.subjects), models, device)
    place = st.empty()
    for number, pair in enumerate(unscored):
        place.caption(f"Scoring subjects for the list: {number} of {len(unscored)}")
        traces.scores(*pair)
    if unscored:
        st.rerun()


def go_to(name: str) -> None:
    """Choose a subject in place of the user, before the next run: from a callback alone."""
    st.session_state[st.session_state[session.SUBJECT_BOX]] = name
    if session.asked(session.SUBJECT) != name:
        address.put_into_url(session.FRAME, None)
        address.put_into_url(session.RANGE, None)
        address.put_into_url(session.SUBJECT, name)


def _entries(subjects: Sequence[Subject]) -> list[_Entry]:
    """The first subjects are scored: as many as take some seconds."""
    lengths = [traces.length(subject) for subject in subjects]
    num_scored = traces.first_in_budget([clips for _, clips in filter(None, lengths)])
    entries = []
    for subject, length in zip(subjects, lengths, strict=True):
        entries.append(_Entry(subject, None if length is None else length[0], length is not None and num_scored > 0))
        num_scored -= length is not None
    return entries


def _unscored(entries: Sequence[_Entry], models: Sequence[Chosen], device: str) -> list[tuple[Subject, Path, str]]:
    """Subjects and models that `traces.scores` has not scored yet."""
    pairs = [(entry.subject, model.path, device) for entry in entries if entry.is_scored for model in models]
    return [pair for pair in pairs if not traces.is_scored(*pair)]


def _labels(entries: Sequence[_Entry], models: Sequence[Chosen], device: str) -> dict[str, str]:
    """Name, condition and length of every subject, and for the first of them CCC of every model, where it is known."""
    labels = {}
    for subject, length_s, is_scored in entries:
        parts = [subject.name, subject.condition.replace("_", " "), subject.apart]
        parts.append("no features" if length_s is None else f"{int(length_s) // 60}:{int(length_s) % 60:02d}")
        parts += [
            _scores_text(subject, model, device)
            for model in models
            if is_scored and traces.is_scored(subject, model.path, device)
        ]
        labels[subject.name] = SEPARATOR.join(filter(None, parts))
    return labels


def _name_in(label: str, subjects: Mapping[str, Subject]) -> str:
    """The subject whom a label is about; a name stands for itself."""
    if label in subjects:
        return label
    named = [name for name in subjects if label.startswith(f"{name}{SEPARATOR}")]  # a name may hold the separator
    return max(named, key=len, default=label.split(SEPARATOR)[0])


def _scores_text(subject: Subject, model: Chosen, device: str) -> str:
    scores = traces.scores(subject, model.path, device)
    if scores is None or not any(score.valid_frames for score in scores.values()):
        return ""
    values = " / ".join(_score_text(scores[name].ccc) for name in TARGETS if name in scores)
    return f"{model.title} {values}"


def _score_text(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−").replace("0.", ".")
