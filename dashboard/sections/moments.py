"""Moments: a ranked list of where to look, and ticks below the scrub bar in the same colours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.components.moment_list import Entry, moment_list
from dashboard.sections import subject_choice
from dashboard.sections.notices import attempt, literal
from dashboard.sections.progress import show_bar, watch
from dashboard.services import moment_search
from dashboard.services.corpora import Subject
from dashboard.services.selection import Selection
from dashboard.state import session
from dashboard.timeline.declared import Mark
from iaca.figures.palette import MOMENTS

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

    from iaca.inference.moments import Moment

THIS, ALL = "this subject", "all subjects"
SEEK = "_seek"
"""Session key: (token, second) to which the player was sent last."""

LEFT = "_search_left"
"""Session key: whether a search of all subjects was stopped."""

HELP = (
    "Gate flip: another side of a gate becomes the largest. Audio-visual disagreement: the prediction from audio alone "
    "against that from visual alone, by the branches of stage 2, or else without the other modality. Errors, gaps and "
    "gains are one-second means. Frames without annotation, face or sound are left out. The number is the weight that "
    "changes sides, or else a distance in valence or arousal."
)


def section() -> ExpanderContainer:
    """The section, closed at first; its `open` says whether it is. Closed, nothing of it is computed."""
    return st.expander("Moments: where to look", icon=":material/flag:", **session.MOMENTS.section)


def find(selection: Selection, notices: list[str]) -> list[Moment]:
    """Moments of the subject, ranked, with whatever is changed."""
    if selection.subject.features is None or not selection.models:
        return []
    found = attempt(lambda: moment_search.of_subject(selection), notices)
    return [] if found is None else found


def marks(moments: Sequence[Moment]) -> list[Mark]:
    """Ticks below the scrub bar, of the kinds that are chosen."""
    return [
        Mark(one.peak_s, one.kind.value, one.sentence, MOMENTS[one.kind.value])
        for one in moments
        if one.kind.value in _kinds()
    ]


def seek() -> tuple[str, float] | None:
    """Where the page wants the player to be: a token that is new with every wish, and the second."""
    return st.session_state.get(SEEK)


def go_to(second: float) -> None:
    """Send the player to a second, with the next run."""
    st.session_state[SEEK] = (uuid.uuid4().hex, second)


def show(here: Sequence[Moment], everybody: Sequence[Subject], selection: Selection) -> None:
    """The list.

    Args:
        here: Moments of the subject that is shown.
        everybody: Subjects of the whole corpus.
        selection: What is looked at.
    """
    if st.session_state.pop(LEFT, False):
        # Not in the callback: the browser's choice would take its place, as the control lies outside the fragment.
        st.session_state[session.MOMENT_SCOPE.key] = THIS
    left, right = st.columns([3, 1])
    with left:
        st.pills("Kinds", list(MOMENTS), selection_mode="multi", default=list(MOMENTS), help=HELP,
                 **session.MOMENT_KINDS.widget)  # fmt: skip
    with right:
        scope = st.segmented_control("In", [THIS, ALL], required=True, default=THIS, **session.MOMENT_SCOPE.widget)
    found: Sequence[Moment] = here
    if scope == ALL:
        job = moment_search.of_all(everybody, selection)
        if not job.ended:
            watch([job], lambda: show_bar(job, "Searching", "subjects", key="moments_stop", on_stop=_leave_search))
            return
        if job.error:
            st.error(literal(job.error))
            return
        found = job.result
        if selection.applied.corrupted:
            st.caption("Noise and blur apply to the shown subject only; all others are unchanged.")
    listed = [_entry(one) for one in found if one.kind.value in _kinds()]
    if not listed:
        st.caption("No moments of these kinds.")

    def chosen(subject: str, second: float) -> None:
        subject_choice.go_to(subject)
        go_to(second)

    moment_list(listed, chosen, with_subjects=scope == ALL)


def _leave_search() -> None:
    """Go back to the shown subject with the next run of the page: a search that was stopped would begin again."""
    st.session_state[LEFT] = True


def _kinds() -> list[str]:
    return st.session_state.get(session.MOMENT_KINDS.key, list(MOMENTS))


def _entry(moment: Moment) -> Entry:
    minutes, seconds = divmod(moment.peak_s, 60)
    return Entry(
        moment.subject,
        moment.peak_s,
        f"{int(minutes)}:{seconds:04.1f}",
        moment.kind.value,
        f"{moment.value:.2f}",
        moment.sentence,
        MOMENTS[moment.kind.value],
    )
