"""Your video: features of a video that the user brings, made in the background; then it opens on Compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections.notices import attempt, literal
from dashboard.sections.page import Page, begin_page, last_seen_models
from dashboard.sections.progress import show_bar, watch
from dashboard.services import backbone_files, corpora, jobs, model_files, own_videos, traces
from dashboard.services.corpora import Corpus
from dashboard.services.own_videos import Backbones, Entry
from dashboard.state import session
from iaca.errors import BAD_INPUT

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from iaca.features.own_video import Outlook

# Seconds: what takes longer is told, with what to do about it.
LONG_S = 600
# Pixels on the longer side from which the size is told.
LARGE = 3000
STRIDES = (1, 2, 4, 8, 16, 32)
WHOLE = 0
MINUTES = (1, 2, 5, 10, 20)
# Session keys: how many videos were taken, and what was wrong with the last one.
TAKEN, WRONG = "_videos_taken", "_video_wrong"


def show() -> None:
    """The page."""
    st.title("Your video")
    page = begin_page()
    st.markdown(
        "Bring a video of one person who is seen and, best, heard. Its features are computed on this machine, and then "
        "it stands in the list of subjects like any other. Nothing leaves the machine."
    )
    device = page.device()
    with st.spinner("Reading the backbones"):
        backbones = attempt(lambda: _backbones(page, device), page.notices)
    if backbones is not None:
        st.caption(_about(backbones))
    _take(page.folders.cache, corpora.corpus(page.folders))
    page.show_notices(st.container())
    if backbones is not None:
        _list(page.folders.cache, backbones)


def _backbones(page: Page, device: str) -> Backbones:
    """Those that the models expect which Compare showed last, or would show first."""
    paths = [model.path for model in last_seen_models(model_files.shelf(page.folders.checkpoints))]
    wanted = [attempt(lambda path=path: model_files.checkpoint(path, device), page.notices) for path in paths]
    made_by = [model.backbones for model in wanted if model is not None]
    if any(one != made_by[0] for one in made_by):
        page.notices.append("The two shown models expect different backbones; features are made for the first of them.")
    return own_videos.expected_backbones(made_by[0] if made_by else {}, page.folders, device)


def _about(backbones: Backbones) -> str:
    told = " and ".join(f"`{one.path.name}`, trained on {literal(backbone_files.taught_by(one))}" for one in backbones)
    if any(backbone_files.is_shipped(one.sha256) for one in backbones):
        return f"Features come from {told}: **what the models say about real people means nothing.**"
    return f"Features come from {told}."


def _take(cache: Path, corpus: Corpus) -> None:
    """Ask for a video; one that was taken leaves the fields empty for the next."""
    names = {subject.name for subject in corpus.subjects}
    count = st.session_state.setdefault(TAKEN, 0)
    left, right = st.columns(2)
    with left:
        upload = st.file_uploader("Video", help="Any format that ffmpeg reads, up to 2 GB.", key=f"own_video {count}")
    with right:
        path = st.text_input(
            "Or the path of a video on this machine", help="It is read where it lies.", key=f"own_path {count}"
        )
    if upload is None and not path.strip():
        if wrong := st.session_state.get(WRONG):
            st.error(literal(wrong), icon=":material/error:")
        return
    try:
        if upload is not None:
            own_videos.add_upload(upload.name, upload, cache, names)
        else:
            own_videos.add_path(path, cache, names)
        st.session_state[WRONG] = ""
    except BAD_INPUT as error:
        st.session_state[WRONG] = str(error)
    st.session_state[TAKEN] = count + 1
    st.rerun()


def _list(cache: Path, backbones: Backbones) -> None:
    entries = own_videos.entries(cache)
    if not entries:
        return

    def draw() -> None:
        for entry in entries:
            with st.container(border=True, key=f"video {entry.folder.name}"):
                _show_entry(entry, backbones)

    watch([_job(entry, backbones) for entry in entries], draw)


def _job(entry: Entry, backbones: Backbones) -> jobs.Job | None:
    """What is being done with a video: it is extracted, or looked at first."""
    job = jobs.find(entry.job_key)
    if job is not None and not job.ended:
        return job
    if entry.features.is_file() and own_videos.is_current(entry, backbones):
        return None
    return own_videos.look(entry, backbones)


def _show_entry(entry: Entry, backbones: Backbones) -> None:
    line = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    head, place = line.container(width="stretch"), line.container(width="content")
    head.markdown(f"**{literal(entry.name)}**")
    job = jobs.find(entry.job_key)
    if job is not None and not job.ended:
        show_bar(job, job.title or "Extracting features", key=f"stop {entry.folder.name}")
        return
    if place.button("Remove", key=f"remove {entry.folder.name}", icon=":material/delete:",
                    help="Forget it and its features; a file taken by its path stays where it is."):  # fmt: skip
        own_videos.remove(entry)
        st.rerun()
    if job is not None and job.error:
        st.error(literal(job.error), icon=":material/error:")
    if entry.features.is_file() and own_videos.is_current(entry, backbones):
        _show_ready(entry)
        return
    looked = own_videos.look(entry, backbones)
    if not looked.ended:
        st.caption("Looking at it, and timing how long it will take")
    elif looked.error:
        st.error(literal(looked.error), icon=":material/error:")
    else:
        if entry.features.is_file():
            st.info("Its features were made by other backbones than those that the shown models expect.")
        _ask(entry, backbones, looked.result)


def _show_ready(entry: Entry) -> None:
    problems: list[str] = []
    content = attempt(lambda: traces.features(entry.features), problems)
    for problem in problems:
        st.error(literal(problem), icon=":material/error:")
    if content is None:
        return
    told = [f"{len(content.pts_s):,} frames, a clip every {content.clip_stride}"]
    told.append(f"a face in {content.has_face.mean():.0%} of them")
    told.append("without sound" if not content.has_audio.any() else f"sound in {content.has_audio.mean():.0%}")
    st.caption(" · ".join(told))
    st.page_link(
        "app_pages/compare.py",
        label="Open on Compare",
        icon=":material/play_circle:",
        query_params={session.SUBJECT.key: entry.subject},
    )


def _ask(entry: Entry, backbones: Backbones, outlook: Outlook) -> None:
    for sentence in _remarks(outlook):
        st.caption(sentence)
    name = entry.folder.name
    strides, parts, labels = st.columns(3)
    stride = strides.selectbox(
        "A clip every", STRIDES, index=STRIDES.index(8 if backbones.device.type == "cpu" else 1),
        format_func=lambda one: f"{one} frames" if one > 1 else "frame",
        help="Larger is faster; between clips predictions are interpolated.", key=f"stride {name}",
    )  # fmt: skip
    minutes = _part(parts, outlook, name)
    frames = None if minutes == WHOLE else int((outlook.info.pts_s < 60 * minutes).sum())
    with labels:
        _labels(entry)
    seconds = sum(outlook.seconds(stride, frames))
    if seconds > LONG_S:
        st.warning(
            f"This takes about {jobs.duration(seconds)} on this device. A larger step between clips or the first "
            "minutes alone take less; you may leave the page meanwhile.",
            icon=":material/schedule:",
        )
    line = st.container(horizontal=True, vertical_alignment="center")
    button, note = line.container(width="content"), line.container()
    if button.button("Extract features", icon=":material/play_arrow:", key=f"extract {name}"):
        own_videos.begin(entry, backbones, outlook, clip_stride=stride, frames=frames)
        st.rerun()
    note.caption(f"About {jobs.duration(seconds)} on this device.")


def _part(place: DeltaGenerator, outlook: Outlook, name: str) -> int:
    """Minutes from the start that are taken; WHOLE for all."""
    choices = [WHOLE, *(minutes for minutes in MINUTES if 60 * minutes < outlook.info.duration_s)]
    return place.selectbox(
        "Part", choices, format_func=lambda one: "the whole video" if one == WHOLE else f"the first {one} min",
        disabled=len(choices) == 1, key=f"part {name}",
    )  # fmt: skip


def _labels(entry: Entry) -> None:
    name = entry.folder.name
    file = st.file_uploader(
        "Labels (optional)", type=["txt", "csv"], key=f"labels {name}",
        help="A header, then valence,arousal for every frame, in -1 to 1; -5 where not annotated.",
    )  # fmt: skip
    try:
        if file is None:
            own_videos.set_labels(entry, None)
        else:
            own_videos.set_labels(entry, file.getvalue(), file.name)
    except BAD_INPUT as error:
        st.error(literal(str(error)))


def _remarks(outlook: Outlook) -> list[str]:
    info = outlook.info
    minutes, seconds = divmod(round(info.duration_s), 60)
    told = [
        f"{minutes}:{seconds:02d} · {outlook.frames:,} frames · {info.width} × {info.height} pixels · "
        f"{literal(info.video_codec)}, {literal(info.audio_codec or 'no sound')}"
    ]
    if info.audio_codec is None:
        told.append("It has no sound: its audio is marked as missing, and the models go by the face alone.")
    if info.rotation_degrees:
        turn = abs(info.rotation_degrees)
        told.append(f"The file says that its pictures are to be turned by {turn}°: they are looked at upright.")
    if max(info.width, info.height) > LARGE:
        told.append("Faces are looked for in a smaller copy of each picture, and cut out of the full one.")
    if not info.browser_playable:
        told.append("Browsers do not play this format: a copy is made for them.")
    return told


show()
