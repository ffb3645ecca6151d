"""Export of the page Corpus: curves of the listed subjects, a moment of each, and a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st

from dashboard.sections import made_file, moment_zip, notes, what_if
from dashboard.sections.notices import attempt, literal
from dashboard.services import curve_files, moment_zips, overviews, report_files
from dashboard.services.corpora import Corpus, Subject
from dashboard.services.file_names import change_part
from dashboard.services.model_files import Chosen
from dashboard.services.moment_zips import Wanted, Wish
from dashboard.services.selection import Applied
from dashboard.state import session
from dashboard.state.folders import Folders
from iaca.config import WhatIf

INFLUENCE = (
    "How far each modality moves a prediction, and how the two relate from the threshold in the sidebar on: four "
    "passes of each model instead of one."
)


NOTES = "Each with a figure of its moment, where its subject is listed."


class Listed(NamedTuple):
    """What the page lists.

    Attributes:
        subjects: Whom, in the order of the table.
        models: One or two.
        asked: The view of the corpus.
        target: valence or arousal.
        corpus: All subjects, with their episodes.
        folders: Where zips and notes are kept.
    """

    subjects: Sequence[Subject]
    models: tuple[Chosen, ...]
    asked: overviews.Wanted
    target: str
    corpus: Corpus
    folders: Folders

    @property
    def device(self) -> str:
        """Where the models run."""
        return self.asked.device

    @property
    def change(self) -> WhatIf:
        """Dropout and gates."""
        return self.asked.change


def show(listed: Listed) -> None:
    """Draw what a popover offers."""
    _show_curves(listed)
    st.markdown("**Moments** as one zip, one of each listed subject")
    kinds = (moment_zips.BEST, moment_zips.WORST)
    offers: dict[str, Callable[[], Wanted]] = {
        f"{kind}s of {listed.target}": partial(_moments, listed, kind) for kind in kinds
    }
    moment_zip.show(offers, "corpus_zip")
    _show_report(listed)


def _show_curves(listed: Listed) -> None:
    st.markdown("**Curves** of all listed subjects, one row per frame")
    with_influence = st.toggle("With influences of audio and visual", key="corpus_curves_influence", help=INFLUENCE)
    threshold = listed.asked.threshold if with_influence else None
    made = curve_files.made(
        listed.subjects, listed.models, listed.device, listed.change, listed.folders.own, threshold=threshold
    )
    count = len(listed.subjects)
    label = f"Make Parquet of {count:,} subject{'' if count == 1 else 's'}"
    made_file.show(made, label, "subjects", key="corpus_curves", why_not="" if count else "No subject is listed.")


def _show_report(listed: Listed) -> None:
    st.markdown("**Report** as one page that opens without a server, with hashes of models and data")
    with_notes = st.toggle("With your notes and saved views", True, key="corpus_report_notes", help=NOTES)
    words, problems = what_if.describe_all(listed.change), list[str]()
    report = partial(report_files.made, listed.asked, listed.subjects, listed.models, words)
    book = notes.book(listed.folders) if with_notes else None
    made = attempt(lambda: report(book, listed.folders.own), problems)
    for sentence in problems:
        st.warning(literal(sentence), icon=":material/warning:")
    if made is None:
        made = report(None, listed.folders.own)
    none = "" if listed.subjects else "No subject is listed."
    made_file.show(made, "Make HTML report", "figures of notes", key="corpus_report", why_not=none)


def _moments(listed: Listed, kind: str) -> Wanted:
    pair = len(listed.models) == 2
    first, judged = listed.models[0].title, listed.models[-1].title
    about = {
        moment_zips.BEST: f"where {judged} gains most on {first}" if pair else "where the error is smallest",
        moment_zips.WORST: f"where {judged} loses most to {first}" if pair else "where the error is largest",
    }[kind]
    return Wanted(
        wishes=moment_zips.listed([Wish(one, kind, about=f"{listed.target}: {about}") for one in listed.subjects]),
        models=listed.models,
        device=listed.device,
        applied=Applied(listed.change, named=change_part(listed.change)),
        corrupted_of="",
        words=what_if.describe_all(listed.change),
        target=listed.target,
        score=session.SCORE.default,
        scaled=session.SCALED.default,
        smooth=False,
        influence=None,
        rows=None,
        episodes=listed.corpus.episodes,
        notes=notes.all_notes(listed.folders),
        kinds=(),
        width="",
        around_s=0.0,
        folder=listed.folders.own,
        cache=listed.folders.cache,
    )
