"""The zips that Compare offers: of the listed moments, and of the user's notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard.sections import beside, moment_zip, moments, notes, what_if
from dashboard.sections.sidebar import Display
from dashboard.services import moment_zips
from dashboard.services.corpora import Corpus, Subject
from dashboard.services.moment_zips import Wanted, Wish
from dashboard.services.selection import Selection
from dashboard.state import session
from dashboard.state.folders import Folders

Rows = tuple[tuple[str, int], ...] | None


def show(selection: Selection, display: Display, corpus: Corpus, folders: Folders, rows: Rows) -> None:
    """Offer them.

    Args:
        selection: What is looked at, with at least one model.
        display: What is drawn.
        corpus: Whom there is.
        folders: Where zips and notes are kept.
        rows: The rows as the page shows them, or None.
    """
    section = st.expander("Many moments as one zip", key="take_zip_section", on_change="rerun")
    if not section.open:  # moments are looked for once somebody asks
        return
    subjects = {one.name: one for one in corpus.subjects}
    noted = notes.all_notes(folders)

    def wanted(find: Callable[[], Iterable[Wish]]) -> Wanted:
        applied = selection.applied
        return Wanted(
            wishes=moment_zips.listed(list(find())),
            models=selection.models,
            device=selection.device,
            applied=applied,
            corrupted_of=selection.subject.name if applied.corrupted else "",
            words=what_if.describe_all(replace(applied.change, corruptions=applied.corruptions)),
            target=display.target,
            score=display.score,
            scaled=display.scaled,
            smooth=display.smooth,
            influence=display.influence,
            rows=rows,
            episodes=corpus.episodes,
            notes=noted,
            kinds=(),
            width="",
            around_s=0.0,
            folder=folders.own,
            cache=folders.cache_of(selection.subject.features),
        )

    def of_notes(names: Iterable[str]) -> Iterable[Wish]:
        for name in names:
            subject = subjects.get(name, Subject(name, "", None, None, False))
            yield from (Wish(subject, "note", note.start_s, note.end_s, note.text) for note in noted[name])

    def of_moments() -> Iterable[Wish]:
        for one in moments.listed(selection, corpus.pooled, display.threshold):
            yield Wish(subjects.get(one.subject, selection.subject), one.kind.value, one.peak_s, None, one.sentence)

    own = selection.subject.name
    offers = {f"moments, {moments.scope()}": partial(wanted, of_moments)}
    if own in noted:
        offers["notes, this subject"] = partial(wanted, partial(of_notes, [own]))
    if noted.keys() - {own}:
        offers["notes, all subjects"] = partial(wanted, partial(of_notes, list(noted)))
    if st.session_state.get(session.BESIDE.key) == beside.NOTES:  # those that are looked at come first
        offers = dict(sorted(offers.items(), key=lambda one: not one[0].startswith("notes")))
    with section:
        moment_zip.show(offers, "take_zip")
