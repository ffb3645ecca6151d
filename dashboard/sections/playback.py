"""The player with the video and the rows of the shown models, and where the user is in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from dashboard import routes
from dashboard.components.player import PlayerData, PlayerState, Steps, player, player_state
from dashboard.sections import what_if_changes
from dashboard.sections.notices import attempt
from dashboard.services import influences, recordings, seed_models, traces
from dashboard.services.corpora import Subject
from dashboard.services.selection import Selection
from dashboard.state import address, session
from dashboard.state.folders import Folders
from dashboard.timeline import transport
from dashboard.timeline.declared import Figure, Mark, Shown
from dashboard.timeline.given import Given

if TYPE_CHECKING:
    from iaca.checkpoints import Checkpoint


def brushed_range_s(subject: Subject, truth: pd.DataFrame) -> tuple[float, float] | None:
    """First and last second of the brushed range: as the player last reported it, or as the link of a visit has it.

    A link counts until the player first reports: a range that was cleared is not brought back by an address of before.
    """
    place = player_state(subject.name)
    if place.frame is not None:
        session.keep_range(subject.name, place.range)
    elif not session.has_range(subject.name):
        session.keep_range(subject.name, address.asked_frames(len(truth))[1])
    frames = session.kept_range(subject.name)
    if frames is None:
        return None
    first, last = frames
    return float(truth["pts_s"].iloc[first]), float(truth["pts_s"].iloc[last])


def shown_models(
    selection: Selection, notices: list[str], wanted: influences.Wanted | None = None, *, seeds: bool = False
) -> list[Shown]:
    """What the models say of the subject, changed and unchanged; a model that does not fit it is left out.

    Args:
        selection: What is looked at.
        notices: What is wrong is added here.
        wanted: Which influence is shown besides; None: none is computed.
        seeds: Whether models that differ in their seed alone are shown as one.
    """
    compute = traces.trace if wanted is None else influences.trace
    features, device, applied = selection.subject.features, selection.device, selection.applied
    if features is None:
        return []
    shown: list[Shown] = []
    checkpoints: list[Checkpoint] = []
    for model in selection.models:
        baseline = attempt(partial(compute, features, model.path, device), notices)
        if baseline is None:
            continue
        trace = baseline
        if applied.reaches(model.checkpoint.config):
            trace = compute(features, model.path, device, applied.change, applied.corrupted)
        relation = None if wanted is None else influences.relation(trace, wanted)
        shown.append(Shown(model.title, trace, baseline, model.style, applied.baseline_name, relation))
        checkpoints.append(model.checkpoint)
    return seed_models.as_bands(shown, checkpoints, wanted) if seeds else shown


def load_video(subject: Subject, folders: Folders, notices: list[str]) -> recordings.Video | None:
    """The video of a subject, ready for the browser; None where there is none that can be shown."""
    file, audio = (subject.recording.video_file, subject.recording.audio_file) if subject.recording else (None, None)
    attempt(lambda: recordings.check_same_video(subject), notices)
    return attempt(lambda: recordings.video(file, folders.cache_of(file), audio), notices) if file else None


def show_player(
    figure: Figure,
    video: recordings.Video | None,
    *,
    marks: Sequence[Mark],
    seek: tuple[str, float] | None,
    follows: bool,
    steps: Steps | None,
    given: Given | None,
) -> PlayerState:
    """Mount the player; see `dashboard.components.player` for where it may stand.

    Args:
        figure: The rows.
        video: What plays above them; None without.
        marks: Ticks below the scrub bar.
        seek: Where the page wants it to be, or None.
        follows: Whether the page runs each time that the cursor comes to rest.
        steps: How the player asks for steps of the live controls; None where there is no model that answers.
        given: How the video is played where it shall be heard and seen as the models get it, or None.

    Returns:
        Where the user is.
    """
    tables, live = transport.tables(figure, routes.register_table)
    address.check_rows()
    return player(
        PlayerData(
            spec=transport.spec(figure),
            clock=transport.clock(figure, None if video is None else video.media_s, routes.register_table),
            tables=tables,
            live=live,
            video=None if video is None else video.address,
            sound=None if video is None else video.sound,
            marks=marks,
            seek=seek,
            start=PlayerState(*address.asked_frames(len(figure.pts_s))),
            follows=follows,
            steps=steps,
            given=given,
            what_if=what_if_changes.current(),
        ),
        what_if_changes.restore,
    )


def provenance(selection: Selection, shown: Sequence[Shown]) -> str:
    """How the curves came about, in a line."""
    stride = shown[0].trace.clip_stride
    between = "" if stride == 1 else ", interpolated linearly in between; gates and scores are held"
    files = ", ".join(f"{model.title} = {model.path.name}" for model in selection.models)
    return f"One prediction every {stride} frames{between}. Models: {files}."
