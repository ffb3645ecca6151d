"""Moments: where to look, kind by kind or in order of time, and ticks below the scrub bar in the same colours."""

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
    from iaca.inference.moments import Moment

THIS, ALL = "this subject", "all subjects"
SEEK = "_seek"
"""Session key: (token, second) to which the player was sent last."""

LEFT = "_search_left"
"""Session key: whether a search of all subjects was stopped."""

LARGEST, BY_TIME = "largest first", "by time"

OF_TARGETS = "on the scale of valence and arousal, whose ends are 2 apart"
SIZES = {
    "gate flip": "the weight that changes sides, 0 to 1",
    "audio-visual disagreement": f"distance between the two predictions, {OF_TARGETS}",
    "largest error": f"distance from the annotation, {OF_TARGETS}",
    "gap between models": f"distance between the predictions, {OF_TARGETS}",
    "gain by IACA": f"how much nearer to the annotation, {OF_TARGETS}",
    "conflict": f"the smaller of the two influences, which have opposite signs, {OF_TARGETS}",
    "dominance": f"how much larger one influence is than the other, which does not count, {OF_TARGETS}",
}
"""What the size of a moment is. Sizes of two kinds cannot be compared, so that each kind has a ranking of its own."""

HELP = (
    "Gate flip: another side of a gate becomes the largest. Audio-visual disagreement: the prediction from audio alone "
    "against that from visual alone, by the branches of stage 2, or else without the other modality. Errors, gaps and "
    "gains are one-second means. Conflict and dominance are of the influences of audio and visual, in one-second means "
    "too, each counting from the threshold in the sidebar on. Frames without annotation, face or sound are left out. "
    "Each kind is ranked by itself: what its size is stands above it, and sizes of two kinds cannot be compared."
)


def find(selection: Selection, notices: list[str], threshold: float) -> list[Moment]:
    """Moments of the subject, ranked kind by kind, with whatever is changed.

    Args:
        selection: What is looked at.
        notices: What is wrong is added here.
        threshold: Influence from which a modality counts.
    """
    if selection.subject.features is None or not selection.models:
        return []
    found = attempt(lambda: moment_search.of_subject(selection, threshold), notices)
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


def show(here: Sequence[Moment], everybody: Sequence[Subject], selection: Selection, threshold: float) -> None:
    """The list.

    Args:
        here: Moments of the subject that is shown.
        everybody: Subjects of the whole corpus.
        selection: What is looked at.
        threshold: Influence from which a modality counts.
    """
    if st.session_state.pop(LEFT, False):
        # Not in the callback: the browser's choice would take its place, as the control lies outside the fragment.
        st.session_state[session.MOMENT_SCOPE.key] = THIS
    with st.container(horizontal=True, vertical_alignment="bottom", key="moment_choices"):
        st.pills("Kinds", list(MOMENTS), selection_mode="multi", default=list(MOMENTS), help=HELP, wrap=True,
                 **session.MOMENT_KINDS.widget)  # fmt: skip
        order = st.segmented_control(
            "Order", [LARGEST, BY_TIME], required=True, default=LARGEST, label_visibility="collapsed",
            **session.MOMENT_ORDER.widget,
        )  # fmt: skip
        scope = st.segmented_control(
            "In", [THIS, ALL], required=True, default=THIS, label_visibility="collapsed",
            **session.MOMENT_SCOPE.widget,
        )  # fmt: skip
    found: Sequence[Moment] = here
    if scope == ALL:
        job = moment_search.of_all(everybody, selection, threshold)
        if not job.ended:
            watch([job], lambda: show_bar(job, "Searching", "subjects", key="moments_stop", on_stop=_leave_search))
            return
        if job.error:
            st.error(literal(job.error))
            return
        found = job.result
        if selection.applied.corrupted:
            st.caption("Noise and blur apply to the shown subject only; all others are unchanged.")
    chosen_kinds = [one for one in found if one.kind.value in _kinds()]
    if order == BY_TIME:
        listed = [_entry(one) for one in sorted(chosen_kinds, key=lambda one: (one.subject, one.peak_s))]
    else:
        listed = [_entry(one, f"Size: {SIZES[one.kind.value]}.") for one in chosen_kinds]
    if not listed:
        st.caption("No moments of these kinds.")

    def chosen(subject: str, second: float) -> None:
        subject_choice.go_to(subject)
        go_to(second)

    moment_list(listed, chosen, with_subjects=scope == ALL)


def listed(selection: Selection, everybody: Sequence[Subject], threshold: float) -> list[Moment]:
    """The moments of the chosen kinds, of this subject or of all; none while all are still searched.

    Args:
        selection: What is looked at.
        everybody: Subjects of the whole corpus.
        threshold: Influence from which a modality counts.
    """
    if scope() == ALL:
        job = moment_search.of_all(everybody, selection, threshold)
        found: Sequence[Moment] = job.result or [] if job.ended else []
    else:
        found = find(selection, [], threshold)
    return [one for one in found if one.kind.value in _kinds()]


def scope() -> str:
    """Whose moments are listed: those of `THIS` or `ALL`."""
    return st.session_state.get(session.MOMENT_SCOPE.key) or THIS


def _leave_search() -> None:
    """Go back to the shown subject with the next run of the page: a search that was stopped would begin again."""
    st.session_state[LEFT] = True


def _kinds() -> list[str]:
    return st.session_state.get(session.MOMENT_KINDS.key, list(MOMENTS))


def _entry(moment: Moment, size: str = "") -> Entry:
    minutes, seconds = divmod(moment.peak_s, 60)
    return Entry(
        moment.subject,
        moment.peak_s,
        f"{int(minutes)}:{seconds:04.1f}",
        moment.kind.value,
        f"{moment.value:.2f}",
        moment.sentence,
        MOMENTS[moment.kind.value],
        size,
    )
