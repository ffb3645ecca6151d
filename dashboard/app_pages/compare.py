"""Compare: one subject, its video, and what two models make of it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.components.player import PlayerData, PlayerState, player, player_state
from dashboard.sections import attention, exports, model_choice, moments, sidebar, subject_choice, tour, what_if
from dashboard.sections.notices import attempt
from dashboard.sections.page import begin_page
from dashboard.services import corpora, own_videos, recordings, traces
from dashboard.services.corpora import Subject
from dashboard.services.model_files import Chosen
from dashboard.state import address, session
from dashboard.state.folders import Folders
from dashboard.timeline import rows, transport
from dashboard.timeline.declared import Figure, Shown

SYNTHETIC = (
    "**Synthetic corpus.** Rendered faces and voices say nothing about real people. Your own data: “Use your "
    "Aff-Wild2” in `README.md` (`python -m iaca index`)."
)

OWN = (
    "**Your video.** The backbones that made its features learnt from rendered faces and voices: what the models say "
    "about real people means nothing."
)


def show() -> None:
    """The page. The player stands at one fixed place of the script, whatever else is shown."""
    page = begin_page()
    folders, notices = page.folders, page.notices
    corpus = corpora.corpus(folders)
    notices += corpus.problems
    banner, head, notice_place, stage, foot = (st.container() for _ in range(5))

    with st.sidebar:
        files = model_choice.choose_files(folders.checkpoints, notices)
        score_place = st.container()
        progress_place = st.container()
        st.divider()
        what_if_place = st.container()
        st.divider()
        display_place = st.container()
        st.divider()
        device = sidebar.choose_device(page)
        sidebar.choose_folders(folders)
    models = model_choice.load_models(files, device, notices)
    with display_place:
        display = sidebar.choose_display(models)
    head = head.container(horizontal=True, vertical_alignment="bottom")
    subject_place, take_place = head.container(), head.container(width="content")
    with subject_place:
        subject = subject_choice.choose_subject(corpus, models, device)
    truth = None if subject is None else attempt(lambda: recordings.truth(subject), notices)
    with what_if_place:
        change = what_if.choose(_range_s(subject, truth))
    if subject is None:
        notices.append("There is no subject to show.")
        page.show_notices(notice_place)
        return

    # At once: whoever leaves while the rest is computed finds it so.
    session.remember(session.LastView(subject.name, tuple(model.path for model in models), device))
    if subject.synthetic:
        banner.caption(SYNTHETIC)
    elif subject.condition == own_videos.CONDITION and own_videos.taught_by_synthetic(subject.features):
        banner.caption(OWN)
    applied = what_if.apply(change, subject, folders, device, progress_place, notices)
    shown = _shown_models(subject, models, device, applied, notices) if truth is not None and subject.features else []
    if truth is not None:
        with foot:
            attention_place, moments_place = attention.section(), moments.section()
        here = moments.find(subject, models, device, applied, notices) if moments_place.open else []
        video = _video(subject, folders, notices)
        figure = rows.compare_figure(
            subject.name,
            truth,
            shown,
            **display._asdict(),
            episodes=corpus.episodes.get(subject.name, ()),
        )
        content = _player_data(figure, video)
        with stage:
            state = player(
                content._replace(marks=moments.marks(here), seek=moments.seek(), follows=attention_place.open)
            )
        if attention_place.open and subject.features:
            frame = address.asked_frames(len(truth))[0] if state.frame is None else state.frame
            with attention_place:
                attention.show(subject, models, device, frame or 0, display.target, applied, video, notices)
        if moments_place.open:
            with moments_place:
                moments.show(here, corpus.pooled, models, device, applied)
    page.show_notices(notice_place)
    with score_place:
        if shown:
            st.markdown(sidebar.score_table(shown))
            frames = max(score.valid_frames for score in shown[0].trace.scores.values())
            st.caption(
                f"over {frames:,} annotated of {len(truth):,} frames" if frames else "no frame is annotated: no CCC"
            )
            if applied.words:
                st.caption(f"**What if:** {applied.words}")
    with foot:
        if shown:
            st.caption(_provenance(shown, models))
    if truth is not None:
        # Last: whoever opens it waits for nothing else of the page.
        with take_place:
            exports.show_exports(
                subject.name,
                figure,
                shown,
                truth,
                synthetic=subject.synthetic,
                video=subject.recording.video_file if subject.recording else None,
                cache=folders.cache,
                **display._asdict(),
            )
    tour.show()
    subject_choice.score_rest(corpus, models, device)


def _shown_models(
    subject: Subject,
    models: Sequence[Chosen],
    device: str,
    applied: what_if.Applied,
    notices: list[str],
) -> list[Shown]:
    shown = []
    for model in models:
        path = model.path
        baseline = attempt(lambda path=path: traces.trace(subject.features, path, device), notices)
        if baseline is None:
            continue
        trace = baseline
        if applied.reaches(model.checkpoint.config):
            trace = traces.trace(subject.features, path, device, applied.change, applied.corrupted)
        shown.append(Shown(model.title, trace, baseline, model.style, applied.baseline_name))
    return shown


def _range_s(subject: Subject | None, truth: pd.DataFrame | None) -> tuple[float, float] | None:
    """First and last second of the brushed range, as the player reported it last, or else as the address has it."""
    if truth is None:
        return None
    place = player_state(subject.name)
    if place.frame is not None:
        session.keep_range(subject.name, place.range)
    frames = place.range or session.kept_range(subject.name) or address.asked_frames(len(truth))[1]
    return None if frames is None else tuple(float(truth["pts_s"].iloc[frame]) for frame in frames)


def _video(subject: Subject, folders: Folders, notices: list[str]) -> recordings.Video | None:
    file = subject.recording.video_file if subject.recording else None
    return attempt(lambda: recordings.video(file, folders.cache), notices) if file else None


def _player_data(figure: Figure, video: recordings.Video | None) -> PlayerData:
    tables, live = transport.tables(figure)
    address.check_rows()
    return PlayerData(
        spec=transport.spec(figure),
        clock=transport.clock(figure, None if video is None else video.media_s),
        tables=tables,
        live=live,
        video=None if video is None else video.address,
        sound=None if video is None else video.sound,
        start=PlayerState(*address.asked_frames(len(figure.pts_s))),
    )


def _provenance(shown: list[Shown], models: Sequence[Chosen]) -> str:
    stride = shown[0].trace.clip_stride
    between = "" if stride == 1 else ", linear in between; gates and scores are held"
    files = ", ".join(f"{model.title} = {model.path.name}" for model in models)
    return f"One prediction every {stride} frames{between}. Models: {files}."


show()
