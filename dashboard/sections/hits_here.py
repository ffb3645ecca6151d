"""Hits of a search in the subject that Compare shows, and the way to those before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import streamlit as st

from dashboard.sections import event_query, moments, subject_choice
from dashboard.sections.event_query import Asked
from dashboard.sections.notices import attempt, literal
from dashboard.services import event_search
from dashboard.services.corpora import Corpus
from dashboard.services.model_files import Chosen
from dashboard.services.selection import Selection
from dashboard.timeline import event_lane
from dashboard.timeline.declared import Band, Mark
from iaca.config import WhatIf

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from iaca.types import Episode

AT = "_event_at"
"""Session key: subject and first frame of the hit that was opened or chosen last."""


class Place(NamedTuple):
    """Where a search runs.

    Attributes:
        change: Dropout and gates.
        device: Where to compute.
        cache: Where what is found is kept.
        threshold: Influence from which a modality counts.
    """

    change: WhatIf
    device: str
    cache: Path
    threshold: float


class Hits(NamedTuple):
    """Hits in the subject that Compare shows.

    Attributes:
        asked: What is searched for.
        model: In whose curves.
        spans: First frame, start and end in seconds.
    """

    asked: Asked
    model: Chosen
    spans: tuple[tuple[int, float, float], ...]

    @property
    def said(self) -> str:
        """What is searched for, in words."""
        return f"{self.asked.words} ({self.model.title})"

    @property
    def bands(self) -> list[Band]:
        """The lane."""
        return event_lane.event_bands([span[1:] for span in self.spans], self.said)

    @property
    def marks(self) -> list[Mark]:
        """Ticks below the scrub bar."""
        return event_lane.event_marks([span[1:] for span in self.spans], self.asked.words)


def find(
    asked: Asked | None,
    selection: Selection,
    known: tuple[Episode, ...] | None,
    threshold: float,
    notices: list[str],
) -> Hits | None:
    """Hits in the shown subject, with whatever is changed; None where nothing is searched for.

    Args:
        asked: What is searched for, or None.
        selection: What is looked at.
        known: Known episodes, as `event_search.known_of` has them.
        threshold: Influence from which a modality counts.
        notices: What is wrong is added here.
    """
    if asked is None or not selection.models or selection.subject.features is None:
        return None
    model = asked.model_of(selection.models)
    found = attempt(lambda: event_search.of_subject(selection, model, asked.query(threshold), known), notices)
    if found is None:
        return None
    return Hits(asked, model, tuple((one.first_frame, one.start_s, one.end_s) for one in found.events))


def show_strip(strip: DeltaGenerator, hits: Hits | None, selection: Selection, corpus: Corpus, place: Place) -> None:
    """The way to the next and the previous hit, over all subjects once they are searched; and to the end of it.

    Args:
        strip: The line below the rows.
        hits: Those of the shown subject; None draws nothing.
        selection: What is looked at.
        corpus: Whom there is.
        place: Where all subjects are searched.
    """
    if hits is None:
        return
    shown = selection.subject.name
    subjects = [one for one in corpus.subjects if one.features is not None]
    wanted = event_search.wanted(
        subjects, corpus.episodes, hits.model.path, hits.asked.query(place.threshold), place.change, place.device,
        place.cache,
    )  # fmt: skip
    seen = event_search.found(wanted)
    everywhere = {name: [(e.first_frame, e.start_s, e.end_s) for e in one.events] for name, one in seen.events.items()}
    everywhere[shown] = list(hits.spans)
    order = [one.name for one in subjects if one.name in everywhere]
    listed = [(name, frame, start_s) for name in order for frame, start_s, _ in everywhere[name]]
    at = place_in([one[:2] for one in listed])
    first_here = sum(len(everywhere[name]) for name in order[: order.index(shown)])
    if at is not None and listed[at][0] != shown:
        at = None
    before, after = (first_here - 1, first_here) if at is None else (at - 1, at + 1)

    def go(number: int) -> None:
        name, frame, start_s = listed[number]
        st.session_state[AT] = (name, frame)
        subject_choice.go_to(name)
        moments.go_to(start_s)

    def end() -> None:
        event_query.show_on_compare(False)

    with strip:
        arrow("Previous hit", ":material/skip_previous:", "hit_before", go, before, disabled=before < 0, flat=True)
        arrow("Next hit", ":material/skip_next:", "hit_after", go, after, disabled=after >= len(listed), flat=True)
        here = f"{len(hits.spans):,} hit{'' if len(hits.spans) == 1 else 's'} here"
        said = here if at is None else f"{at + 1:,} of {len(listed):,}, {here}"
        how = "" if seen.is_whole else " Only this subject is searched yet: the view “events” of Corpus searches all."
        st.caption(said, width="content", help=f"Searched: {literal(hits.said)}.{how}")
        st.button("End search", key="hit_end", icon=":material/close:", on_click=end, type="tertiary")


def arrow(
    label: str, icon: str, key: str, move: Callable[[int], None], number: int, *, disabled: bool, flat: bool = False
) -> None:
    """A button that leads to another hit: it calls `move` with a number; a flat one takes less room."""
    kind: Literal["tertiary", "secondary"] = "tertiary" if flat else "secondary"
    st.button(label, key=key, icon=icon, disabled=disabled, on_click=move, args=(number,), type=kind)


def place_in(hits: Sequence[tuple[str, int]]) -> int | None:
    """Where the hit that was opened last stands among some; None where it is none of them."""
    at = st.session_state.get(AT)
    return hits.index(at) if at in hits else None
