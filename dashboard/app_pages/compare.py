"""Compare: one subject, its video, and what two models make of it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.sections import (
    attention,
    beside,
    event_query,
    exports,
    hear_and_see,
    hits_here,
    live_steps,
    look_for,
    model_choice,
    moments,
    notes,
    playback,
    sidebar,
    subject_choice,
    tour,
    what_if,
    what_if_applied,
)
from dashboard.sections.banner import show_banner
from dashboard.sections.notices import attempt, literal
from dashboard.sections.page import begin_page
from dashboard.services import corpora, event_search, first_views, own_videos, recordings, traces
from dashboard.services.selection import Selection
from dashboard.state import activity, session
from dashboard.state.folders import Folders, results_folder
from dashboard.timeline import note_lane, rows, smoothing

COMPARED = 2  # models that other pages go on with, and that score the list of subjects; others are shown here alone


def show() -> None:
    """The page. The player stands at one fixed place of the script, whatever else is shown."""
    page = begin_page(has_steps=True)
    corpus = corpora.corpus(page.folders)
    page.notices.extend(corpus.problems)
    first = attempt(lambda: first_views.first_view(results_folder()), page.notices)
    banner_place = st.container(key="banner")
    head, notice_place = st.container(), st.container()
    stage = st.container(key="stage")
    foot = st.container()

    with st.sidebar:
        files = model_choice.choose_files(page.folders.checkpoints, page.notices, first)
        st.divider()
        what_if_place = st.container()
        st.divider()
        display_place = st.container()
        st.divider()
        device = sidebar.choose_device(page)
        sidebar.choose_folders(page.folders)
    seeds = session.chosen(session.SEEDS) in (True, "true")
    models = model_choice.load_models(files, device, page.notices, seeds=seeds)
    with display_place:
        display = sidebar.choose_display(models, first)
    head = head.container(horizontal=True, vertical_alignment="center", key="head")
    subject_place = head.container(key="subject_place")
    bar = head.container(horizontal=True, vertical_alignment="center", width="content", key="dropout_bar")
    export_place = head.container(width="content")
    with subject_place:
        subject = subject_choice.choose_subject(corpus, models[:COMPARED], device, first)
    truth = None if subject is None else attempt(lambda: recordings.truth(subject), page.notices)
    with what_if_place:
        range_s = playback.brushed_range_s(subject, truth) if subject and truth is not None else None
        asked = what_if.choose(range_s, bar)
    if subject is None:
        page.show_notices(notice_place, "There is no subject to show.")
        return

    # At once: whoever leaves while the rest is computed finds it so.
    is_own = subject.condition == own_videos.CONDITION
    activity.note("own video" if is_own else subject.name, [model.path.stem for model in models])
    session.remember(session.LastView(subject.name, tuple(model.path for model in models[:COMPARED]), device))
    if truth is None:
        with banner_place:
            show_banner(subject)
        page.show_notices(notice_place)
        subject_choice.score_rest(corpus, models[:COMPARED], device)
        return
    selection = Selection(subject, models, device)
    selection = what_if_applied.apply(asked, selection, page.folders, notice_place, page.notices)
    shown = playback.shown_models(selection, page.notices, display.influence, seeds=display.seeds)
    episodes = corpus.episodes.get(subject.name, ())
    book = notes.book(page.folders)
    written = notes.find(book, subject.name, page.notices)
    noted = note_lane.note_bands(written, truth["pts_s"].to_numpy())
    search, known = event_query.on_compare(), event_search.known_of(subject, corpus.episodes)
    hits = hits_here.find(search, selection, known, display.threshold, page.notices)
    said = look_for.sentence(shown, episodes, truth["pts_s"].to_numpy(), display.target)
    with banner_place:
        show_banner(subject, said)
    player_place, beside_place = stage.container(), stage.container(key=beside.KEY)
    opened, opened_place, strip = beside.choose(beside_place)
    where = hits_here.Place(selection.applied.change, device, page.folders.cache, display.threshold)
    hits_here.show_strip(strip, hits, selection, corpus, where)
    given = hear_and_see.choose(strip, selection, page.folders, float(truth["pts_s"].iloc[-1]), page.notices)
    here = moments.find(selection, page.notices, display.threshold) if opened == beside.MOMENTS else []
    video = playback.load_video(subject, page.folders, page.notices)
    figure = rows.compare_figure(
        subject.name, truth, shown, target=display.target, score=display.score, scaled=display.scaled,
        episodes=episodes, noted=[*noted, *(hits.bands if hits else ())],
    )  # fmt: skip
    seen = smoothing.smoothed(figure) if display.smooth else figure
    offered = (
        live_steps.offer(asked.values, selection, truth, episodes, display, range_s, noted, search, known)
        if shown
        else None
    )
    with player_place:
        place = playback.show_player(
            seen,
            video,
            marks=[*moments.marks(here), *note_lane.note_marks(written), *(hits.marks if hits else ())],
            seek=moments.seek(),
            follows=opened == beside.ATTENTION,
            steps=offered,
            given=given,
        )
    with opened_place:
        if opened == beside.ATTENTION:
            attention.show(selection, place.frame, display.target, video, page.notices)
        elif opened == beside.MOMENTS:
            moments.show(here, corpus.pooled, selection, display.threshold)
        elif opened == beside.NOTES:
            notes.show(book, written, subject.name, truth["pts_s"].to_numpy(), page.notices)
    if shown and selection.applied.words:
        notice_place.caption(f"**What if:** {selection.applied.words}")
    page.show_notices(notice_place)
    if shown:
        foot.caption(literal(playback.provenance(selection, shown)))
        for sentence in (sentence for one in shown for sentence in traces.idle_gates(one.title, one.baseline)):
            foot.caption(literal(f"{sentence}."))
    # Last: whoever opens it waits for nothing else of the page.
    with export_place:
        cache = page.folders.cache_of(subject.features)
        exports.show_exports(
            subject, seen, figure, shown, truth, display, cache, selection.applied.named, written,
            more=partial(_show_zips, selection, display, corpus, page.folders),
        )  # fmt: skip
    tour.show(shown, display.target, said)
    subject_choice.score_rest(corpus, models[:COMPARED], device)


def _show_zips(
    selection: Selection, display: sidebar.Display, corpus: corpora.Corpus, folders: Folders,
    rows: tuple[tuple[str, int], ...] | None,
) -> None:  # fmt: skip
    # Matplotlib and the encoders are imported for those who ask.
    from dashboard.sections import compare_zip

    if selection.models and selection.subject.features is not None:
        compare_zip.show(selection, display, corpus, folders, rows)


show()
