"""Which subject the page shows: the selectbox Subject, with what is known of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import services, session
from dashboard.corpus_services import Corpus, Subject
from dashboard.model_choice import Chosen
from iaca.config import TARGETS

SEPARATOR = " · "


def choose_subject(corpus: Corpus, models: Sequence[Chosen], device: str, notices: list[str]) -> Subject | None:
    """Ask for a subject, and keep the address on it; None where there are none."""
    subjects = {subject.name: subject for subject in corpus.subjects}
    with st.spinner("Scoring the subjects"):
        labels = _labels(corpus.subjects, models, device)
    asked = session.asked(session.SUBJECT)
    if asked is not None and asked not in subjects:
        notices.append(f"The address asks for subject {asked!r}, which is not among the data; another one is shown.")
    kept = session.last_view()
    wanted = asked or (kept.subject if kept else None)
    is_new = _key(models) not in st.session_state
    chosen = st.selectbox(
        "Subject",
        list(subjects),
        index=list(subjects).index(wanted) if is_new and wanted in subjects else 0,
        # The browser sends labels, also those of an earlier run, when they were others.
        format_func=lambda one: labels.get(_name_in(one, subjects), one),
        help="Name · condition · length · CCC of each model for valence / arousal, for the first subjects; those "
        "of the chosen one are always in the sidebar. Type to search.",
        key=_key(models),
    )
    if chosen is None:
        return None
    name = _name_in(chosen, subjects)
    if asked not in (None, name):
        # A frame of another subject means nothing here.
        session.put_into_url(session.FRAME, None)
        session.put_into_url(session.RANGE, None)
    session.put_into_url(session.SUBJECT, name)
    return subjects[name]


def go_to(name: str, models: Sequence[Chosen]) -> None:
    """Choose a subject in place of the user, before the next run: from a callback alone."""
    st.session_state[_key(models)] = name
    if session.asked(session.SUBJECT) != name:
        session.put_into_url(session.FRAME, None)
        session.put_into_url(session.RANGE, None)
        session.put_into_url(session.SUBJECT, name)


def _key(models: Sequence[Chosen]) -> str:
    """With other models a new box: one that stays would go on showing its old label. The address knows the name."""
    return " ".join([session.SUBJECT.key, *(model.path.name for model in models)])


def _labels(subjects: Sequence[Subject], models: Sequence[Chosen], device: str) -> dict[str, str]:
    """Name, condition and length of every subject, and CCC of every model for the first of them."""
    lengths = [services.length(subject) for subject in subjects]
    num_scored = services.first_in_budget([clips for _, clips in filter(None, lengths)])
    labels = {}
    for subject, length in zip(subjects, lengths, strict=True):
        parts = [subject.name, subject.condition.replace("_", " ")]
        if length is None:
            parts.append("no features")
        else:
            seconds = int(length[0])
            parts.append(f"{seconds // 60}:{seconds % 60:02d}")
            if num_scored > 0:
                num_scored -= 1
                parts += [_scores_text(subject, model, device) for model in models]
        labels[subject.name] = SEPARATOR.join(filter(None, parts))
    return labels


def _name_in(label: str, subjects: Mapping[str, Subject]) -> str:
    """The subject whom a label is about; a name stands for itself."""
    return label if label in subjects else label.split(SEPARATOR)[0]


def _scores_text(subject: Subject, model: Chosen, device: str) -> str:
    scores = services.scores(subject, model.path, device)
    if scores is None:
        return ""
    values = " / ".join(_score_text(scores[name].ccc) for name in TARGETS if name in scores)
    return f"{model.title} {values}"


def _score_text(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−").replace("0.", ".")
