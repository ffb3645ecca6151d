"""Robustness: how models' CCC falls as clips of a modality go missing, as in Fig 3 of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.sections import downloads, missing_panels, sweep_choice
from dashboard.sections.notices import attempt, literal
from dashboard.sections.page import begin_page
from dashboard.sections.progress import show_bar, watch
from dashboard.sections.sweep_choice import ALL, MODALITIES, STUDY, Choice
from dashboard.services import corpora, jobs, model_files, study_results, sweeps, traces
from dashboard.services.corpora import Subject
from dashboard.services.file_names import models_part, stem
from dashboard.services.model_files import Candidate
from dashboard.services.sweeps import Found, Wanted
from dashboard.state import session
from dashboard.state.folders import results_folder
from iaca.figures.roles import short_titles

# Session key: the job that this visit began last.
BEGUN = "_robustness_job"

# Session key: table and choice of the curves that were drawn last.
DRAWN = "_robustness_drawn"


def show() -> None:
    """The page."""
    st.title("Robustness")
    st.markdown(
        "How well models still agree with the annotation as a growing share of clips loses its sound or its picture: "
        "the concordance correlation coefficient (CCC), as in Fig 3 of the [paper](https://arxiv.org/abs/2405.12853). "
        "The curve of a robust model stays high."
    )
    page = begin_page()
    shelf = model_files.shelf(page.folders.checkpoints)
    page.notices.extend(shelf.problems)
    corpus = corpora.corpus(page.folders)
    subjects = {one.name: one for one in corpus.pooled if one.features}
    results = results_folder()
    stored = attempt(lambda: sweeps.stored(results), page.notices)
    stored = pd.DataFrame() if stored is None else stored
    files = sweep_choice.title_files(shelf)
    notice_place = st.container()
    choice = sweep_choice.choose(files, shelf, list(subjects), stored)
    if not choice.models:
        page.notices.append("Choose at least one model.")
    elif choice.of == STUDY:
        _show_stored(stored, choice, files, page.notices)
    else:
        shown = list(subjects.values()) if choice.of == ALL else [subjects[choice.of]]
        models = [(title, files[title].path) for title in choice.models]
        asked = sweeps.wanted(models, shown, MODALITIES[choice.missing], choice.pattern, page.device())
        _show_live(asked, shown, choice)
    page.show_notices(notice_place)


def _show_stored(stored: pd.DataFrame, choice: Choice, files: dict[str, Candidate], notices: list[str]) -> None:
    variants = {files[title].path.stem: title for title in choice.models}
    rows = stored[
        (stored["modality"] == MODALITIES[choice.missing])
        & (stored["pattern"] == choice.pattern)
        & stored["variant"].isin(list(variants))
    ]
    table = rows.assign(model=rows["variant"].map(variants))
    missing = [title for variant, title in variants.items() if variant not in set(rows["variant"])]
    if missing:
        notices.append(f"The study has no curve for {', '.join(missing)}. Choose other subjects to compute one now.")
    if table.empty:
        return
    whose = (
        "Bands are 95% intervals over subjects and seeds."
        if table["low"].notna().any()
        else "One subject: no interval."
    )
    names = ", ".join(f"`{name}`" for name in rows["variant"].unique())
    st.caption(
        f"Stored by the study: its own models ({names}), on its validation subjects; mean over seeds and "
        f"{sweeps.DRAWS} random draws of missing clips. {whose}"
    )
    _draw(table, choice)
    synthetic = attempt(lambda: study_results.is_synthetic(results_folder()), notices)
    _take(table, choice, synthetic=bool(synthetic))


def _show_live(asked: Wanted, shown: Sequence[Subject], choice: Choice) -> None:
    _leave(asked.key)
    whole = sweeps.found(asked).is_whole
    job = jobs.find(asked.key)
    if not whole and job is None:
        clips = [length[1] for one in shown if (length := traces.length(one)) is not None]
        if traces.first_in_budget(clips) == len(clips):
            job = _begin(asked)

    def draw() -> None:
        found = sweeps.found(asked)
        if not found.is_whole:
            _show_progress(jobs.find(asked.key), asked, found)
        for problem in found.problems[:3]:
            st.warning(literal(problem), icon=":material/warning:")
        if not found.is_whole and found.table["model"].nunique() < len(asked.models) and DRAWN in st.session_state:
            _draw_last()
            return
        if found.table.empty:
            return
        over = f"bands are 95% intervals over {found.subjects} subjects"
        st.caption(
            f"Computed on this machine: mean over {sweeps.DRAWS} random draws of missing clips; "
            + (over if found.subjects > 1 else f"one subject, {literal(choice.of)}: no interval")
            + "."
        )
        if found.undefined:
            st.info(
                f"CCC is undefined for {', '.join(found.undefined)}: fewer than two frames are annotated, or nothing "
                "varies."
            )
        _draw(found.table, choice)
        if found.is_whole:
            _take(found.table, choice, synthetic=any(one.synthetic for one in shown))

    watch([job], draw)


def _show_progress(job: jobs.Job | None, asked: Wanted, found: Found) -> None:
    if job is None or job.ended:
        if job is not None and job.error:
            st.error(literal(job.error))
        label = "Resume" if found.pieces else "Compute"
        missing = found.total - found.pieces
        if st.button(label, icon=":material/play_arrow:", key="robustness_go",
                     help=f"{missing:,} points to compute: models × subjects × shares."):  # fmt: skip
            _begin(asked)
            st.rerun()
        return
    already_done = found.total - job.total if job.total else 0
    show_bar(job, "Computing", "points (model × subject × share)", key="robustness_stop", already_done=already_done)


def _begin(asked: Wanted) -> jobs.Job:
    st.session_state[BEGUN] = asked.key
    return sweeps.begin(asked)


def _leave(key: str) -> None:
    """Stop what this visit began and does not want any more; what is computed of it stays."""
    begun = st.session_state.get(BEGUN)
    job = jobs.find(begun) if begun not in (None, key) else None
    if job is not None:
        job.stop()
        st.session_state[BEGUN] = None


def _draw(table: pd.DataFrame, choice: Choice) -> None:
    st.session_state[DRAWN] = (table, choice)
    table = table.assign(model=table["model"].replace(short_titles(choice.models)))
    missing_panels.draw(table, choice.missing, key="robustness", numbers=session.ROBUST_NUMBERS)


def _draw_last() -> None:
    """The curves that were drawn last: they stay in sight until each of the new ones has a point."""
    table, choice = st.session_state[DRAWN]
    st.caption(
        f"The curves of before, until the first points of the new ones are computed: {choice.missing} missing, "
        f"{choice.pattern}, {literal(choice.of)}."
    )
    _draw(table, choice)


def _take(table: pd.DataFrame, choice: Choice, *, synthetic: bool) -> None:
    names = short_titles(choice.models)
    table = table.assign(model=table["model"].replace(names))
    files = {
        ending: lambda ending=ending: sweeps.figure_file(table, ending, synthetic) for ending in downloads.FIGURES
    } | {"csv": lambda: sweeps.csv_file(table)}
    with st.container(horizontal=True):
        name = stem(f"missing-{choice.missing}-{choice.pattern}", models_part(list(names.values())), choice.of)
        downloads.offer(name, files, "robustness")


show()
