"""Your video: features of a video that the user brings, made in the background; then it opens on Compare."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import upload_room, uploads
from dashboard.sections.notices import attempt, literal
from dashboard.sections.own_video_cards import show_cards
from dashboard.sections.page import Page, begin_page, last_seen_models
from dashboard.services import backbone_files, corpora, model_files, own_video_features, own_videos
from dashboard.services.corpora import Corpus
from dashboard.services.own_video_features import Backbones
from dashboard.state import visit
from dashboard.state.folders import Folders, read_options
from iaca.errors import BAD_INPUT

# Session keys: how many videos were taken, what was wrong with the last one, and how large the next may be.
TAKEN, WRONG, ROOM = "_videos_taken", "_video_wrong", "_video_room"


def show() -> None:
    """The page."""
    st.title("Your video")
    page = begin_page()
    st.markdown(
        "Bring a video of one person whose face can be seen and, ideally, whose voice can be heard; where several are "
        "seen, you choose. Its features are computed on this machine; then it appears in the list of subjects like any "
        "other. Nothing leaves the machine."
        + (" It is yours alone, and is deleted once you have closed the page." if page.folders.locked else "")
    )
    with st.spinner("Reading the backbones"):
        backbones = attempt(lambda: _backbones(page), page.notices)
    if backbones is not None:
        st.caption(_about(backbones))
    _take(page.folders, corpora.corpus(page.folders))
    page.show_notices(st.container())
    if backbones is not None:
        show_cards(page.folders.own, backbones)


def _backbones(page: Page) -> Backbones:
    """Those that the models expect which Compare showed last, or would show first."""
    device = page.device()
    paths = [model.path for model in last_seen_models(model_files.shelf(page.folders.checkpoints))]
    wanted = [attempt(partial(model_files.checkpoint, path, device), page.notices) for path in paths]
    made_by = [model.backbones for model in wanted if model is not None]
    if any(one != made_by[0] for one in made_by):
        page.notices.append("The two shown models expect different backbones; features are made for the first model.")
    return own_video_features.expected_backbones(made_by[0] if made_by else {}, page.folders, device)


def _about(backbones: Backbones) -> str:
    names = " and ".join(
        f"{literal(one.path.name)} (trained on {literal(backbone_files.training_data(one))})" for one in backbones
    )
    if any(backbone_files.is_shipped(one.sha256) for one in backbones):
        return f"Features come from {names}: **what the models say about real people means nothing.**"
    return f"Features come from {names}."


def _take(folders: Folders, corpus: Corpus) -> None:
    """Ask for a video; one that was taken leaves the fields empty for the next."""
    names = {subject.name for subject in corpus.subjects}
    count = st.session_state.setdefault(TAKEN, 0)
    left, right = (st.container(), None) if folders.locked else st.columns(2)
    quota = upload_room.quota_of(read_options())
    # Asked once for each video: a limit that changes would empty the field while a file arrives.
    try:
        room = st.session_state.setdefault(f"{ROOM} {count}", upload_room.room(visit.current(), quota))
    except OSError as error:
        st.error(literal(f"No video can be kept: {error}"), icon=":material/error:")
        return
    upload = None
    with left:
        if room < uploads.MIB:
            st.info(
                f"There is no room for another video: one visitor's may take {quota.visit / 2**30:g} GB, those of all "
                f"{quota.all / 2**30:g} GB. Remove one, then load the page again.",
                icon=":material/hard_drive:",
            )
        else:
            upload = st.file_uploader(
                "Video",
                help="Any format that ffmpeg reads.",
                max_upload_size=min(st.get_option("server.maxUploadSize"), room // uploads.MIB),
                key=f"own_video {count}",
            )
    path = ""
    if right is not None:
        path = right.text_input(
            "Or the path of a video on this machine",
            help="It is read where it is, not copied.",
            key=f"own_path {count}",
        )
    if upload is None and not path.strip():
        if wrong := st.session_state.get(WRONG):
            st.error(literal(wrong), icon=":material/error:")
        return
    try:
        if upload is not None:
            own_videos.add_upload(upload.name, uploads.take(upload), folders.own, names)
        else:
            own_videos.add_path(path, folders.own, names)
        st.session_state[WRONG] = ""
    except BAD_INPUT as error:
        st.session_state[WRONG] = str(error)
    st.session_state[TAKEN] = count + 1
    st.rerun()


show()
