"""Corpus: all subjects of the data at a glance, and what the gates do over all of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.charts import corpus_scatter, gate_ridges, theme
from dashboard.components.chart_click import chart_click
from dashboard.sections import corpus_choice, corpus_table, downloads, event_hits, model_choice, sidebar, what_if
from dashboard.sections.corpus_choice import EVENTS, GATES, Choice
from dashboard.sections.hits_here import Place
from dashboard.sections.notices import attempt, literal
from dashboard.sections.page import Page, begin_page
from dashboard.sections.progress import show_bar, watch
from dashboard.services import corpora, corpus_views, jobs, model_files, overviews, own_videos, traces
from dashboard.services.corpora import Corpus, Subject
from dashboard.services.corpus_views import GROUPINGS
from dashboard.services.file_names import change_part, models_part, stem, threshold_part
from dashboard.services.model_files import Chosen
from dashboard.services.overviews import Found, Wanted
from dashboard.state import session
from iaca.config import UNCHANGED

# Session key: the job that this visit began last.
BEGUN = "_corpus_job"

# Session key: the subject whose dot was clicked, until it is opened.
CLICKED = "_corpus_clicked"

SCATTER = "corpus_scatter"

# While subjects are measured, tables grow by so many rows: they would flicker.
ROWS_SHOWN = 25


def show() -> None:
    """The page."""
    page = begin_page()
    corpus_choice.take_over(model_files.shelf(page.folders.checkpoints))
    corpus = corpora.corpus(page.folders)
    page.notices.extend(corpus.problems)
    subjects = [one for one in corpus.subjects if one.condition != own_videos.CONDITION]
    head = st.container(horizontal=True, vertical_alignment="bottom")
    with head:
        st.title("Corpus", width="content")
    notice_place = st.container()
    with st.sidebar:
        files = model_choice.choose_files(page.folders.checkpoints, page.notices)
        st.divider()
        threshold = sidebar.choose_threshold()
        st.divider()
        device = sidebar.choose_device(page)
        sidebar.choose_folders(page.folders)
    models = model_choice.load_models(files, device, page.notices)
    conditions = list(dict.fromkeys(one.condition for one in subjects))
    with head:
        change = corpus_choice.choose_change()
        export_place = st.container(width="content")
        controls = st.container(horizontal=True, vertical_alignment="bottom")
    measured = [one for one in subjects if one.features is not None]
    if not models or not measured:
        page.show_notices(notice_place, "" if models else "There is no model to show.")
        return
    folder = page.folders.cache
    compared = models[:2]  # further ones are searched for events alone
    files_of = [model.path for model in compared]
    asked = overviews.wanted(measured, corpus.episodes, files_of, change, device, folder, threshold)
    seen = overviews.found(asked)
    with controls:
        splits = sorted({one.split for one in measured} | {pair.gated.split or "" for pair in seen.pairs.values()})
        choice = corpus_choice.choose(conditions, splits)
    without = len(subjects) - len(measured)
    if without:
        page.notices.append(
            f"{without} subject{' has' if without == 1 else 's have'} no features and "
            f"{'is' if without == 1 else 'are'} not listed; `python -m iaca extract` makes them."
        )
    if choice.view == EVENTS:
        place = Place(change, device, folder, threshold)
        event_hits.show_all(measured, corpus, models, choice, place)
        page.show_notices(notice_place)
        return
    _follow(asked, measured)
    watch([jobs.find(asked.key)], partial(_show, asked, compared, choice, page, {one.name: one for one in measured}))
    page.show_notices(notice_place)
    # Last: whoever opens it waits for nothing else of the page.
    with export_place:
        export = st.popover("Export", icon=":material/download:", key="corpus_take", on_change="rerun", width="content")
    if export.open:
        with export:
            _show_export(asked, models, choice, corpus, page)


def _show_export(asked: Wanted, models: tuple[Chosen, ...], choice: Choice, corpus: Corpus, page: Page) -> None:
    # Matplotlib and the encoders are imported for those who ask.
    from dashboard.sections import corpus_export

    table = overviews.rows_of(asked, overviews.found(asked), choice.target)
    subjects = {one.name: one for one in corpus.subjects}
    names = table["subject"][choice.holds_in_box(table)]
    corpus_export.show(
        corpus_export.Listed([subjects[name] for name in names], models, asked, choice.target, corpus, page.folders)
    )


def _follow(asked: Wanted, subjects: list[Subject]) -> None:
    """Stop what this visit began and does not want any more, and begin what takes some seconds alone."""
    begun = st.session_state.get(BEGUN)
    if begun not in (None, asked.key) and (job := jobs.find(begun)) is not None:
        job.stop()
    if overviews.found(asked).is_whole or jobs.find(asked.key) is not None:
        return
    clips = [length[1] for one in subjects if (length := traces.length(one)) is not None]
    if traces.first_in_budget(clips) == len(clips):
        _begin(asked)


def _begin(asked: Wanted) -> None:
    st.session_state[BEGUN] = asked.key
    overviews.begin(asked)


def _show(asked: Wanted, models: tuple[Chosen, ...], choice: Choice, page: Page, subjects: dict[str, Subject]) -> None:
    choice = choice._replace(box=corpus_choice.asked_box())  # a brush runs this part of the page alone
    seen = overviews.found(asked)
    job = jobs.find(asked.key)
    if not seen.is_whole:
        _show_progress(job, asked, seen)
    for problem in seen.problems[:3]:
        st.warning(literal(problem), icon=":material/warning:")
    if job is not None and not job.ended:  # the table grows by steps
        kept = list(seen.pairs)[: len(seen.pairs) // ROWS_SHOWN * ROWS_SHOWN]
        seen = seen._replace(pairs={name: seen.pairs[name] for name in kept})
    if not seen.pairs:
        return
    table = overviews.rows_of(asked, seen, choice.target)
    table = table.assign(shown=choice.holds(table))
    still = corpus_views.still(asked, seen, choice.target)
    _show_summary(asked, seen, table, models, choice, still, subjects)
    if choice.view == GATES:
        _show_gates(asked, table, models, choice, still, subjects)
    else:
        _show_subjects(asked, seen, table, models, choice, still, subjects)


def _show_progress(job: jobs.Job | None, asked: Wanted, seen: Found) -> None:
    if job is not None and not job.ended:
        show_bar(
            job, "Measuring", "subjects", key="corpus_stop", already_done=seen.total - job.total if job.total else 0
        )
        return
    if job is not None and job.error:
        st.error(literal(job.error))
    left = seen.total - seen.done
    line = st.container(horizontal=True, vertical_alignment="center")
    if line.button("Resume" if seen.done else "Measure", icon=":material/play_arrow:", key="corpus_go"):
        _begin(asked)
        st.rerun()
    line.caption(f"{left:,} of {seen.total:,} subjects are not measured yet. What is measured is kept.")


def _show_summary(
    asked: Wanted, seen: Found, table: pd.DataFrame, models: tuple[Chosen, ...], choice: Choice,
    still: tuple[str, ...], subjects: dict[str, Subject],
) -> None:  # fmt: skip
    """One sentence on all that is listed, and what is to be known of it."""
    listed = table[choice.holds_in_box(table)]
    trained = {person.name for person in asked.people if person.apart}
    names = [name for name in listed["subject"] if name not in trained] or list(listed["subject"])
    said = corpus_views.summary(asked, seen, tuple(names), choice.target, tuple(model.title for model in models))
    left_out = len(listed) - len(names)
    notes = [literal(said), f"{len(listed)} of {len(table)} subjects listed"]
    if left_out:
        notes.append(f"{left_out} of training or test left out of the scores")
    if asked.change != UNCHANGED:
        notes.append(f"**What if:** {what_if.describe_all(asked.change)}")
    st.markdown(" · ".join(notes))
    for sentence in corpus_views.still_sentences(models[-1].title, choice.target, still):
        st.caption(f":material/warning: {literal(sentence)}")
    if mixed := corpora.unlike_formats(subjects[name] for name in listed["subject"]):
        st.caption(f":material/info: {literal(mixed)}")


def _show_subjects(
    asked: Wanted, seen: Found, table: pd.DataFrame, models: tuple[Chosen, ...], choice: Choice,
    still: tuple[str, ...], subjects: dict[str, Subject],
) -> None:  # fmt: skip
    if len(models) == 2:
        left, right = st.columns([2, 3])
        with left:
            _show_scatter(table, models, choice)
    else:
        right = st.container()
    listed = table[choice.holds_in_box(table)]
    with right:
        if choice.box is not None:
            st.button("Show all again", icon=":material/close:", key="corpus_unbox", on_click=_forget_box)
        listed = corpus_table.choose_order(listed)
        picked = corpus_table.show(listed, [model.title for model in models], still, choice.target, asked.threshold)
    clicked = st.session_state.pop(CLICKED, None)
    opened = clicked or picked
    if opened in subjects:
        _open(subjects[opened], models, asked, choice, right, at_once=clicked is not None)
    both = tuple(model.title for model in models)
    name = stem("corpus", models_part(both), choice.target, change_part(asked.change), threshold_part(asked.threshold))
    files: dict[str, Any] = {"csv": lambda: overviews.csv_file(_named(listed, models))}
    if len(both) == 2 and listed[["ccc_base", "ccc_gated"]].notna().all(axis=1).any():
        synthetic = _is_synthetic(subjects, listed)
        files |= {
            ending: partial(corpus_views.scores_figure, listed, (both[0], both[1]), choice.target, ending, synthetic)
            for ending in downloads.FIGURES
        }
    with st.container(horizontal=True):
        downloads.offer(name, files, "corpus")


def _show_scatter(table: pd.DataFrame, models: tuple[Chosen, ...], choice: Choice) -> None:
    titles = (models[0].title, models[1].title)
    chart = corpus_scatter.scatter(
        table, titles, choice.target, set(table["subject"][table["shown"]]), choice.box,
        dark=st.context.theme.type == "dark",
    )  # fmt: skip
    st.plotly_chart(
        chart, alt=f"CCC of {choice.target} of each subject, {titles[1]} against {titles[0]}", config=theme.CONFIG,
        key=SCATTER, on_select=_selected, selection_mode="box",
    )  # fmt: skip
    chart_click(SCATTER, _clicked)
    st.caption("Click a dot to open the subject where its difference is largest. Drag a box to list those inside.")


def _selected() -> None:
    """A box filters the table; a double click clears it."""
    selection = st.session_state[SCATTER]["selection"]
    if selection["box"]:
        xs, ys = selection["box"][0]["x"], selection["box"][0]["y"]
        corpus_choice.put_box((min(xs), max(xs), min(ys), max(ys)))
    else:
        _forget_box()


def _clicked(subject: str) -> None:
    st.session_state[CLICKED] = subject


def _forget_box() -> None:
    corpus_choice.put_box(None)


def _open(
    subject: Subject, models: tuple[Chosen, ...], asked: Wanted, choice: Choice, place: Any, *, at_once: bool
) -> None:
    """Offer to open a subject on Compare, or open it where the difference of its scores shows most."""
    shelf = model_files.shelf(models[0].path.parent)
    notices: list[str] = []
    files = [model.path for model in models]
    find = partial(corpus_views.moments, subject.feature_file, files, asked.device, asked.change, choice.target)
    moments = attempt(find, notices) or []
    if at_once:
        is_loss = corpus_views.gain_of(asked, subject.name, choice.target) < 0
        corpus_choice.open_on_compare(subject.name, moments[is_loss][1] if moments else None, models, shelf)
    with place, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(subject.name)}**")
        against = f"{models[1].title} gains most on {models[0].title}" if len(models) == 2 else "the error is smallest"
        loses = f"{models[1].title} loses most to {models[0].title}" if len(models) == 2 else "the error is largest"
        for (name, frame_number, second), why in zip(moments, (against, loses), strict=False):
            label = f"Open at its {name} moment ({int(second) // 60}:{int(second) % 60:02d})"
            if st.button(
                label, key=f"corpus_{name}", help=f"Where {why}, over a second.", icon=":material/open_in_new:"
            ):
                corpus_choice.open_on_compare(subject.name, frame_number, models, shelf)
        if not moments and st.button("Open", key="corpus_open", icon=":material/open_in_new:"):
            corpus_choice.open_on_compare(subject.name, None, models, shelf)
    for sentence in notices:
        st.warning(literal(sentence), icon=":material/warning:")


def _show_gates(
    asked: Wanted, table: pd.DataFrame, models: tuple[Chosen, ...], choice: Choice, still: tuple[str, ...],
    subjects: dict[str, Subject],
) -> None:  # fmt: skip
    title = models[-1].title
    by = st.segmented_control(
        "Clips grouped by", GROUPINGS, default=GROUPINGS[0], required=True,
        help="The condition of the subject, the kind of known episode that a clip ends in, or the relationship of its "
        "face and voice.",
        **session.CORPUS_BY.widget,
    )  # fmt: skip
    listed = table[choice.holds_in_box(table)]
    names = tuple(listed["subject"])
    gates = corpus_views.gates(asked, names, choice.target, by)
    dark = st.context.theme.type == "dark"
    if gates.empty:
        what = "known episodes" if by == "episode" and listed["mean_stage2_joint"].notna().any() else "gates to show"
        st.info(f"There are no {what} here.")
        return
    st.plotly_chart(
        gate_ridges.ridges(gates, still, dark=dark), config=theme.CONFIG, key=f"gates {by}",
        alt=f"Weights of the gates of {title} for {choice.target}, by {by}",
    )  # fmt: skip
    st.caption(
        "Outlines: all clips, the height the square root of their share. Points: mean over subjects of their means, "
        "with a 95% interval over subjects where there are at least five."
    )
    name = stem(
        "gates", models_part([title]), choice.target, by, change_part(asked.change), threshold_part(asked.threshold)
    )
    about, synthetic = f"{title}, {choice.target}", _is_synthetic(subjects, listed)
    figures: dict[str, Any] = {
        ending: partial(corpus_views.gates_figure, gates, about, still, ending, synthetic)
        for ending in downloads.FIGURES
    }
    with st.container(horizontal=True):
        downloads.offer(name, figures | {"csv": partial(overviews.csv_file, gates)}, "gates")
    follows = corpus_views.follows(asked, names)
    if follows.empty:
        return
    st.markdown(f"**Do the stage-2 weights of {literal(title)} follow what removing a modality changes?**")
    st.plotly_chart(
        gate_ridges.follow(follows, dark=dark), config=theme.CONFIG, key="follows",
        alt="Rank correlation of stage-2 weights and influences over the clips of a subject, mean over subjects",
    )  # fmt: skip
    st.caption(
        "Rank correlation over the clips of a subject between the weight of a modality and the size of its influence; "
        "mean over subjects. At 0 or below, a gate does not rely on a modality where the prediction depends on it."
    )
    with st.container(horizontal=True):
        downloads.offer(
            stem("gates-and-influence", models_part([title])), {"csv": partial(overviews.csv_file, follows)}, "follows"
        )


def _named(listed: pd.DataFrame, models: tuple[Chosen, ...]) -> pd.DataFrame:
    """A table as it is handed over: without what the page alone needs, and with the models it is about."""
    first = models[0].title if len(models) == 2 else ""
    return listed.drop(columns="shown").assign(base=first, gated=models[-1].title)


def _is_synthetic(subjects: dict[str, Subject], listed: pd.DataFrame) -> bool:
    return bool(np.any([subjects[name].synthetic for name in listed["subject"]]))


show()
