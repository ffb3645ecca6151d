"""What can be shown of a change now; noise and blur are extracted first, in the background."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections.notices import attempt
from dashboard.sections.progress import show_bar, watch
from dashboard.sections.what_if import describe
from dashboard.services import corrupted_features, jobs
from dashboard.services.corrupted_features import Extraction
from dashboard.services.file_names import change_part
from dashboard.services.selection import Applied, Selection
from dashboard.services.traces import CorruptedFeatures

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.sections.what_if import Asked
    from dashboard.state.folders import Folders

BEGUN = "_corrupting"
"""Session key: extractions that this visit waits for -> running or stopped."""

RUNNING, STOPPED = "running", "stopped"


def apply(asked: Asked, selection: Selection, folders: Folders, place: DeltaGenerator, notices: list[str]) -> Selection:
    """The selection with what can be shown of a change now.

    Args:
        asked: What the user wants, and where the progress of what has to be extracted first is shown.
        selection: What is looked at.
        folders: Where backbones are looked for, and where features are kept.
        place: Where that is shown while the controls are not seen.
        notices: What is wrong is added here.
    """
    change, subject = asked.change, selection.subject
    ready: list[CorruptedFeatures] = []
    waiting: list[Extraction] = []
    for config in change.corruptions if subject.features else ():
        found = attempt(partial(corrupted_features.prepare, subject, config, folders), notices)
        if isinstance(found, CorruptedFeatures):
            ready.append(found)
        elif found is not None:
            job = jobs.find(found.key)
            if job is not None and job.error:
                notices.append(f"{subject.name} cannot be shown with {found.title}: {job.error}")
                continue
            waiting.append(found)
            if _state(found) != STOPPED:
                corrupted_features.begin(found, selection.device)
    _stop_what_is_not_wanted({extraction.key for extraction in waiting})
    for extraction in waiting:
        with asked.places.get(extraction.config.modality, place):
            watch([jobs.find(extraction.key)], partial(_show_progress, extraction))
    modalities = {one.modality for one in ready}
    shown = replace(change, corruptions=tuple(one for one in change.corruptions if one.modality in modalities))
    rest, words, named = replace(change, corruptions=()), describe(shown), change_part(shown)
    return selection._replace(applied=Applied(rest, tuple(ready), words, named, shown.corruptions))


def _stop_what_is_not_wanted(wanted: set[str]) -> None:
    """Stop what this visit began and does not want any more."""
    begun = st.session_state.get(BEGUN, {})
    for key in begun.keys() - wanted:
        job = jobs.find(key)
        if job is not None:
            job.stop()
    st.session_state[BEGUN] = {key: begun.get(key, RUNNING) for key in wanted}


def _show_progress(extraction: Extraction) -> None:
    job = jobs.find(extraction.key)
    if job is None or _state(extraction) == STOPPED:
        if st.button(f"Resume: {extraction.title}", key=f"resume {extraction.key}"):
            _set_state(extraction, RUNNING)
            st.rerun()
    else:
        stop = partial(_set_state, extraction, STOPPED)
        show_bar(job, extraction.title.capitalize(), "clips", key=f"stop {extraction.key}", on_stop=stop)


def _state(extraction: Extraction) -> str | None:
    return st.session_state.get(BEGUN, {}).get(extraction.key)


def _set_state(extraction: Extraction, state: str) -> None:
    st.session_state[BEGUN] = st.session_state.get(BEGUN, {}) | {extraction.key: state}
