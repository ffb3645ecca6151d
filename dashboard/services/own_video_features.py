"""Features of videos that a user brings: which backbones make them, how long that takes, and the work itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from dashboard.services import backbone_files, jobs
from dashboard.services.own_videos import Entry, OwnVideoError
from dashboard.state import visit
from dashboard.state.folders import Folders, read_options
from dashboard.state.known_files import look as look_at_file
from dashboard.state.known_files import shown_state
from dashboard.turns import Turns
from iaca.checkpoints import BackboneFile
from iaca.compute.devices import device_of
from iaca.config import AUDIO, VISUAL
from iaca.errors import InputError
from iaca.files import FileState, file_state
from iaca.resources import shipped
from iaca.types import Features, Progress

if TYPE_CHECKING:
    from iaca.features.own_video import Outlook


class Backbones(NamedTuple):
    """The backbones that the shown models expect."""

    visual: BackboneFile
    audio: BackboneFile

    @property
    def device(self) -> torch.device:
        """Where they run."""
        return device_of(self.visual.model)


def expected_backbones(made_by: dict[str, dict[str, str]], folders: Folders, device: str) -> Backbones:
    """The backbones that a model expects, or the slim ones where it does not say.

    Args:
        made_by: Modality -> {"name", "sha256"}, as a checkpoint says it.
        folders: Where they are looked for.
        device: Where they run.

    Raises:
        InputError: One of them is not there, or is damaged.
    """
    visual, audio = (
        backbone_files.read_backbone(_backbone_file(modality, made_by.get(modality), folders), modality, device)
        for modality in (VISUAL, AUDIO)
    )
    return Backbones(visual, audio)


def _backbone_file(modality: str, wanted: dict[str, str] | None, folders: Folders) -> Path:
    if wanted is None:
        return shipped("checkpoints") / f"{modality}_slim.safetensors"
    path = backbone_files.find_file(wanted["sha256"], folders)
    if path is None:
        raise OwnVideoError(
            f"The shown models expect the {modality} backbone {wanted['name']} ({wanted['sha256'][:8]}), which is not "
            f"in {folders.checkpoints}; copy it there."
        )
    return path


def look(entry: Entry, backbones: Backbones) -> jobs.Job:
    """Look at a video and time what it needs; the result is an `Outlook`. A failed one stays until `look_again`."""

    def work(progress: Progress) -> Outlook:
        from iaca.data.faces.detectors import choose_detector
        from iaca.features.own_video import look_at

        with named(entry):
            return look_at(entry.video, *backbones, choose_detector())

    key = _look_key(entry, backbones)
    known = jobs.find(key)
    # Most that failed would fail again; one that was stopped has not failed.
    return jobs.begin(key, work, turns("look"), visit.current()) if known is None or known.stopped else known


def look_again(entry: Entry, backbones: Backbones) -> None:
    """Let the next `look` begin anew: what it failed for, such as a full disk or too little memory, may be over."""
    jobs.forget(_look_key(entry, backbones))


def _look_key(entry: Entry, backbones: Backbones) -> str:
    made_by = [backbone.sha256 for backbone in backbones]
    return f"look {entry.folder} {file_state(entry.video)} {made_by} {backbones.device}"


def begin(
    entry: Entry,
    backbones: Backbones,
    outlook: Outlook,
    *,
    clip_stride: int,
    frames: int | None,
    people: tuple[int, ...] = (1,),
) -> jobs.Job:
    """Extract in the background, or join who is at it; the file of features is whole or not there."""

    def work(progress: Progress) -> None:
        from iaca.data.faces.detectors import choose_detector
        from iaca.features.own_video import Apart, extract_apart

        with named(entry):
            extract_apart(
                Apart(
                    entry.recording, entry.folder, backbones.visual.path, backbones.audio.path, str(backbones.device),
                    outlook, clip_stride, frames, entry.features, entry.folder.parent.parent / "videos", people,
                ),
                choose_detector(),
                progress,
            )  # fmt: skip
            look_at_file(entry.features)
            look_at_file(entry.folder)

    jobs.forget(entry.job_key)
    return jobs.begin(entry.job_key, work, turns("extract"), visit.current())


@lru_cache
def turns(kind: str) -> Turns:
    """Whose turn it is to be looked at, or to be extracted: a long extraction delays no look."""
    return Turns(max(1, read_options().jobs))


def is_current(entry: Entry, backbones: Backbones) -> bool:
    """Whether the features of a video were made by these backbones, from a face that today's detector found."""
    from iaca.data.faces.detectors import choose_detector

    features = file_state(entry.features)
    made_by = {VISUAL: backbones.visual.sha256, AUDIO: backbones.audio.sha256}
    return _made_by(features) == made_by and _found_by(features) in (None, choose_detector().name)


def trained_on_synthetic(features: Path) -> bool:
    """Whether a backbone behind a feature file is one that ships, which saw and heard no real person."""
    return any(backbone_files.is_shipped(sha256) for sha256 in _made_by(shown_state(features)).values())


def how_computed(features: Features) -> str:
    """Number formats and device of features; "" where they are not recorded."""
    from iaca.features.clip_networks import computed_in

    return computed_in(features)


@lru_cache(maxsize=256)
def _made_by(features: FileState) -> dict[str, str]:
    from iaca.features.feature_files import FeatureError, read_feature_header

    try:
        return {modality: one["sha256"] for modality, one in read_feature_header(features.path)["backbones"].items()}
    except FeatureError:
        return {}


@lru_cache(maxsize=256)
def _found_by(features: FileState) -> str | None:
    """The detector that found the face; None where none looked for one."""
    from iaca.features.extraction import FOUND_BY
    from iaca.features.feature_files import read_feature_header

    problems: list[str] = read_feature_header(features.path)["problems"]
    return next((one.removeprefix(FOUND_BY) for one in problems if one.startswith(FOUND_BY)), None)


@contextmanager
def named(entry: Entry) -> Iterator[None]:
    """Within it, errors name the video as the user knows it, not the copy in the cache."""
    try:
        yield
    except (InputError, OSError) as error:
        raise OwnVideoError(str(error).replace(str(entry.video), entry.name)) from error
