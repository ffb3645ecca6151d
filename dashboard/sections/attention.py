"""Attention: the map of the window at the cursor, of every model that is shown, side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard.components.attention_map import attention_map
from dashboard.sections import downloads, moments
from dashboard.sections.notices import attempt, literal
from dashboard.services import recordings, traces, window_maps
from dashboard.services.file_names import models_part, stem
from dashboard.services.selection import Selection
from dashboard.state import address, session
from dashboard.timeline.panels import Axis, Panel
from iaca.config import AUDIO, CLIP_FRAMES, MODALITIES, SYNTHETIC, VISUAL
from iaca.figures import palette

if TYPE_CHECKING:
    from iaca.inference.attention_maps import Ordered, WindowMaps

OVER_CLIPS = (
    "Each column shows how much every clip contributes to the attended {modality} feature of one clip: it sums to 1; "
    "even attention would be {even:.2f} everywhere. The frame marks the clip at the cursor. Click a cell, or use the "
    "arrow keys and Enter, to hear its audio clip and see its visual clip."
)
OVER_FEATURES = (
    "Each cell shows how one {modality} feature goes with an audio (left) or visual (right) feature over the window, "
    "from −1 to 1; blocks are groups that vary together. Features have no natural order: each map is arranged by "
    "average-linkage clustering of its own, so cells of two maps cannot be compared."
)
OTHER = {AUDIO: VISUAL, VISUAL: AUDIO}


def show(
    selection: Selection,
    frame: int | None,
    target: str,
    video: recordings.Video | None,
    notices: list[str],
) -> None:
    """The maps.

    Args:
        selection: What is looked at.
        frame: At the cursor; None before the player has reported it.
        target: Whose attention, where a model has one trunk for each.
        video: Whose sound a click plays; None without.
        notices: What is wrong is added here.
    """
    subject = selection.subject
    file = subject.features
    features = None if file is None else attempt(lambda: traces.features(file), notices)
    if features is None:
        return
    if frame is None:
        frame = address.asked_frames(len(features.pts_s))[0] or 0
    maps_place, words_place = st.columns([5, 2])
    modality = words_place.segmented_control(
        "Attended feature", list(MODALITIES), required=True, default=AUDIO, **session.ATTENTION_OF.widget
    )
    found = {}
    for model in selection.models:
        maps = attempt(partial(window_maps.maps, selection, model.path, frame, target), notices)
        if maps is None:
            continue
        if modality in maps[0].maps:
            found[model.title] = maps
        else:
            words_place.caption(literal(f"{model.title} has no attention to show."))
    for over_clips in (True, False):
        same = {title: maps for title, maps in found.items() if maps[0].over_clips is over_clips}
        if same:
            with maps_place:
                panels, limits = _show_alike(same, modality, features.pts_s, video, over_clips=over_clips)
            words_place.caption(_words(panels, modality, over_clips=over_clips))
            heading = f"{subject.name}, {features.pts_s[frame]:.2f} s: attention of the {modality} feature"
            name = stem(subject.name, models_part(list(same)), selection.applied.named, f"{modality}-attention-{frame}")
            with words_place:
                _take(panels, limits, heading + (f", {SYNTHETIC}" if subject.synthetic else ""), name)


def _show_alike(
    found: dict[str, tuple[WindowMaps, dict[str, Ordered]]],
    modality: str,
    pts_s: np.ndarray,
    video: recordings.Video | None,
    *,
    over_clips: bool,
) -> tuple[list[Panel], tuple[float, float]]:
    if over_clips:
        panels = [_clips(title, maps, modality, pts_s, video) for title, (maps, _) in found.items()]
        limits = (0.0, max(float(panel.values.max()) for panel in panels))
    else:
        panels = [_features(title, order[modality], modality) for title, (_, order) in found.items()]
        reach = max(float(np.abs(panel.values).max()) for panel in panels)
        limits = (-reach, reach)
    attention_map(
        panels,
        limits,
        moments.go_to,
        video=None if video is None else video.address,
        ramp=palette.SEQUENTIAL if over_clips else palette.DIVERGING,
        key="clips" if over_clips else "features",
    )
    return panels, limits


def _words(panels: list[Panel], modality: str, *, over_clips: bool) -> str:
    """What the maps show."""
    if over_clips:
        return OVER_CLIPS.format(modality=modality, even=1 / len(panels[0].values))
    return OVER_FEATURES.format(modality=modality)


def _take(panels: list[Panel], limits: tuple[float, float], heading: str, name: str) -> None:
    """The maps as files."""
    files = {
        ending: lambda ending=ending: window_maps.figure_file(panels, limits, ending, heading=heading)
        for ending in downloads.FIGURES
    } | {"csv": lambda: window_maps.csv_file(panels)}
    with st.container(horizontal=True):
        downloads.offer(name, files, f"attention {limits[0] < 0}")


def _clips(title: str, maps: WindowMaps, modality: str, pts_s: np.ndarray, video: recordings.Video | None) -> Panel:
    ends = [None if frame < 0 else int(frame) for frame in maps.clip_frame]
    labels = ["–" if end is None else f"{pts_s[end]:.1f}" for end in ends]
    spans: list[tuple[float, float] | None] = []
    if video is not None and len(video.media_s):
        last = len(video.media_s) - 1
        spans = [
            None
            if end is None
            else (float(video.media_s[min(last, max(0, end - CLIP_FRAMES + 1))]), float(video.media_s[min(last, end)]))
            for end in ends
        ]
    row = maps.row_modality[modality]
    return Panel(
        title,
        maps.maps[modality],
        Axis(f"{row} clip", labels, spans),
        Axis(f"{OTHER[row]} clip", labels, spans),
        heard="rows" if row == AUDIO else "columns",
        seen_s=[None if end is None else float(pts_s[end]) for end in ends],
        here=maps.place,
    )


def _features(title: str, order: Ordered, modality: str) -> Panel:
    def named(what: str, span: float) -> str:
        return what if span == 1 else f"{what}, {span:g} in a cell"

    return Panel(
        title,
        order.values,
        Axis(named(f"{modality} feature", order.row_span)),
        Axis(named("joint feature", order.column_span), divide=order.divide),
    )
