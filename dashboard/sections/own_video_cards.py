"""Cards of the videos that a user brought: what is known of each, what can be done with it, and how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import uploads
from dashboard.sections import face_warning, people_choice, track_choice
from dashboard.sections.notices import attempt, literal
from dashboard.sections.progress import show_bar, watch
from dashboard.services import jobs, own_video_features, own_videos, traces
from dashboard.services.own_video_features import Backbones
from dashboard.services.own_videos import Entry
from dashboard.state import session
from iaca.errors import BAD_INPUT

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from iaca.features.own_video import Outlook

LONG_S = 600
"""Seconds of extraction from which the user is warned."""

LARGE = 3000
"""Pixels on the longer side from which faces are detected in a smaller copy."""

# Session key: whether other features are wanted of a video, whose name follows.
AGAIN = "_extract_again"

STRIDES = (1, 2, 4, 8, 16, 32)
WHOLE = 0
MINUTES = (1, 2, 5, 10, 20)


def show_cards(cache: Path, backbones: Backbones) -> None:
    """A card for each video, the last one first."""
    entries = own_videos.entries(cache)
    if not entries:
        return

    def draw() -> None:
        for entry in entries:
            with st.container(border=True, key=f"video {entry.folder.name}"):
                _show_entry(entry, backbones)

    watch([_job(entry, backbones) for entry in entries], draw)


def _job(entry: Entry, backbones: Backbones) -> jobs.Job | None:
    """What is being done with a video: its features are extracted, or it is inspected first."""
    job = jobs.find(entry.job_key)
    if job is not None and not job.ended:
        return job
    if _is_ready(entry, backbones):
        return None
    return own_video_features.look(entry, backbones)


def _is_ready(entry: Entry, backbones: Backbones) -> bool:
    """Whether a video has the features that the models need, and the user wants no others."""
    wants_others = st.session_state.get(f"{AGAIN} {entry.folder.name}", False)
    return not wants_others and entry.features.is_file() and own_video_features.is_current(entry, backbones)


def _show_entry(entry: Entry, backbones: Backbones) -> None:
    line = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    head, place = line.container(width="stretch"), line.container(width="content")
    head.markdown(f"**{literal(entry.name)}**")
    job = jobs.find(entry.job_key)
    if job is not None and not job.ended:
        show_bar(job, job.title or "Extracting features", key=f"stop {entry.folder.name}")
        return
    if place.button(
        "Remove",
        key=f"remove {entry.folder.name}",
        icon=":material/delete:",
        help="Delete its features and the uploaded copy; a file given by its path stays where it is.",
    ):
        own_videos.remove(entry)
        st.rerun()
    if job is not None and job.error:
        st.error(literal(job.error), icon=":material/error:")
    if _is_ready(entry, backbones):
        _show_ready(entry)
        return
    looked = own_video_features.look(entry, backbones)
    if not looked.ended or looked.stopped:
        st.caption("Inspecting it and estimating how long extraction takes")
    elif looked.error:
        st.error(literal(looked.error), icon=":material/error:")
        if st.button(
            "Try again", key=f"look again {entry.folder.name}", icon=":material/refresh:",
            help="Inspects the file once more, as after a full disk or a lack of memory.",
        ):  # fmt: skip
            own_video_features.look_again(entry, backbones)
            st.rerun()
    else:
        if entry.features.is_file() and not own_video_features.is_current(entry, backbones):
            st.info(
                "Its features were made by other backbones than the shown models expect. Extract them again to use "
                "these models."
            )
        _ask(entry, backbones, looked.result)


def _show_ready(entry: Entry) -> None:
    problems: list[str] = []
    content = attempt(lambda: traces.features(entry.features), problems)
    for problem in problems:
        st.error(literal(problem), icon=":material/error:")
    if content is None:
        return
    facts = [f"{len(content.pts_s):,} frames, one clip every {content.clip_stride}"]
    facts.append(f"a face in {content.has_face.mean():.0%} of them")
    facts.append("no sound" if not content.has_audio.any() else f"sound in {content.has_audio.mean():.0%}")
    facts.append(own_video_features.how_computed(content))
    st.caption(" · ".join(filter(None, facts)))
    face_warning.warn(entry, content)
    people_choice.show(entry)
    line = st.container(horizontal=True, vertical_alignment="center")
    line.page_link(
        "app_pages/compare.py",
        label="Open on Compare",
        icon=":material/play_circle:",
        query_params={session.SUBJECT.key: entry.subject},
    )
    name = entry.folder.name
    if line.button(
        "Extract again", icon=":material/refresh:", key=f"again {name}",
        help="Of another person, with other clips, or with labels. These features stay until the new ones are there.",
    ):  # fmt: skip
        st.session_state[f"{AGAIN} {name}"] = True
        st.rerun()


def _ask(entry: Entry, backbones: Backbones, outlook: Outlook) -> None:
    for sentence in _remarks(outlook):
        st.caption(sentence)
    track_choice.ask(entry)
    name = entry.folder.name
    strides, parts, labels = st.columns(3)
    stride = strides.selectbox(
        "One clip every", STRIDES, index=STRIDES.index(8 if backbones.device.type == "cpu" else 1),
        format_func=lambda one: f"{one} frames" if one > 1 else "frame",
        help="Larger is faster; predictions are interpolated between clips.", key=f"stride {name}",
    )  # fmt: skip
    minutes = _part(parts, outlook, name)
    frames = None if minutes == WHOLE else int((outlook.info.pts_s < 60 * minutes).sum())
    with labels:
        _labels(entry)
    people = people_choice.ask(entry, outlook.frames if frames is None else frames)
    seconds = sum(outlook.seconds(stride, frames))
    if seconds > LONG_S:
        st.warning(
            f"This takes about {jobs.duration(seconds)} on this device. With fewer clips, or only the first "
            "minutes, it takes less. You can leave the page meanwhile.",
            icon=":material/schedule:",
        )
    line = st.container(horizontal=True, vertical_alignment="center")
    button, note = line.container(width="content"), line.container()
    if button.button("Extract features", icon=":material/play_arrow:", key=f"extract {name}"):
        own_video_features.begin(entry, backbones, outlook, clip_stride=stride, frames=frames, people=people)
        st.session_state.pop(f"{AGAIN} {name}", None)
        st.rerun()
    note.caption(f"About {jobs.duration(seconds)} on this device.")
    wants_others = st.session_state.get(f"{AGAIN} {name}", False)
    if wants_others and button.button("Keep the features", icon=":material/undo:", key=f"keep {name}"):
        st.session_state.pop(f"{AGAIN} {name}", None)
        st.rerun()


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
        help="A header line, then valence,arousal for each frame, from -1 to 1; -5 where not annotated.",
    )  # fmt: skip
    try:
        if file is None and st.session_state.get(f"{AGAIN} {name}", False):
            if entry.labels is not None:
                st.caption("The labels that were given before are used.")
        elif file is None:
            own_videos.set_labels(entry, None)
        else:
            own_videos.set_labels(entry, uploads.content(file), file.name)
    except BAD_INPUT as error:
        st.error(literal(str(error)))


def _remarks(outlook: Outlook) -> list[str]:
    info = outlook.info
    minutes, seconds = divmod(round(info.duration_s), 60)
    remarks = [
        f"{minutes}:{seconds:02d} · {outlook.frames:,} frames · {info.width} × {info.height} pixels · "
        f"{literal(info.video_codec)}, {literal(info.audio_codec or 'no sound')}"
    ]
    if info.audio_codec is None:
        remarks.append("It has no sound: its audio is marked as missing, and the models rely on the face alone.")
    if info.rotation_degrees or info.mirrored:
        marks = [f"rotated by {abs(info.rotation_degrees)}°"] if info.rotation_degrees else []
        marks += ["mirrored"] if info.mirrored else []
        remarks.append(f"The file is marked as {' and '.join(marks)}: its frames are shown and read as it says.")
    if info.variable_frame_rate:
        remarks.append("Its frames are unevenly spaced: each is shown at its own time.")
    remarks += [literal(f"{remark}.") for remark in info.remarks]
    if max(info.width, info.height) > LARGE:
        remarks.append("Faces are detected in a smaller copy of each frame and cropped from the full one.")
    if not info.browser_playable:
        remarks.append("Browsers cannot play this format: a copy is made for playback.")
    return remarks
