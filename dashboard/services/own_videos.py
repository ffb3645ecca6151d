"""Videos that a user brings: kept apart by what is in them, extracted in the background, listed with the subjects."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import torch

from dashboard.services import backbone_files, jobs
from dashboard.state.folders import Folders
from iaca.checkpoints import BackboneFile
from iaca.compute.devices import device_of
from iaca.config import AUDIO, VISUAL
from iaca.errors import InputError
from iaca.files import FileState, file_state, write_whole, written_beside
from iaca.resources import shipped
from iaca.types import Progress, Recording

CONDITION = "your video"
"""What the list of subjects says of such a video."""

FOLDER = "your-videos"
ABOUT = "about.json"
BLOCK = 2**22
NAME_LENGTH = 80


class OwnVideoError(InputError):
    """A video that cannot be taken: the message names it and what was expected."""


class Entry(NamedTuple):
    """A video that was brought.

    Attributes:
        folder: Where everything about it lies.
        name: Name of the file as it was brought.
        subject: What it is called in the list of subjects.
        video: The file: a copy of an upload, or the user's own.
    """

    folder: Path
    name: str
    subject: str
    video: Path

    @property
    def features(self) -> Path:
        """Its feature file, there or not."""
        return self.folder / "features.safetensors"

    @property
    def labels(self) -> Path | None:
        """Its label file, or None."""
        file = self.folder / "labels.txt"
        return file if file.is_file() else None

    @property
    def recording(self) -> Recording:
        """It as a recording; without a video where the user's own file is gone."""
        faces = self.folder / "faces.csv"
        return Recording(
            self.subject, self.subject, None, self.video if self.video.is_file() else None, self.labels,
            faces_file=faces if faces.is_file() else None,
        )  # fmt: skip

    @property
    def job_key(self) -> str:
        """Of its extraction."""
        return f"own video {self.folder}"


class Backbones(NamedTuple):
    """The backbones that the shown models expect."""

    visual: BackboneFile
    audio: BackboneFile

    @property
    def device(self) -> torch.device:
        """Where they run."""
        return device_of(self.visual.model)


def add_upload(name: str, content: BinaryIO, cache: Path, taken: Collection[str]) -> Entry:
    """Keep an upload; the same file once more is the same entry.

    Args:
        name: Name of the file.
        content: Its bytes, from the first; it can be read twice.
        cache: Of the project.
        taken: Names of subjects that are there.

    Raises:
        OwnVideoError: It is empty.
        OSError: It cannot be kept.
    """
    digest = hashlib.sha256(name.encode() + b"\0")
    while block := content.read(BLOCK):
        digest.update(block)
    if not content.tell():
        raise OwnVideoError(f"{name} is empty (0 bytes); expected a video")
    folder = cache / FOLDER / digest.hexdigest()[:16]
    if not (folder / ABOUT).is_file():
        video = folder / f"video{_ending(name)}"
        content.seek(0)
        with written_beside(video) as beside, beside.open("wb") as file:
            shutil.copyfileobj(content, file, BLOCK)
        _write_about(folder, name, video, taken)
    return _read_entry(folder)


def add_path(text: str, cache: Path, taken: Collection[str]) -> Entry:
    """Take a video where it lies.

    Raises:
        OwnVideoError: There is no such file, or it is empty.
        OSError: It cannot be read.
    """
    path = Path(os.path.expanduser(text.strip().strip("\"'")))
    if not path.is_file():
        raise OwnVideoError(f"{text.strip()} is no file on this machine; expected the path of a video")
    path = path.resolve()
    if not path.stat().st_size:
        raise OwnVideoError(f"{path} is empty (0 bytes); expected a video")
    folder = cache / FOLDER / file_state(path).digest[:16]
    if not (folder / ABOUT).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _write_about(folder, path.name, path, taken)
    return _read_entry(folder)


def set_labels(entry: Entry, content: bytes | None, name: str = "") -> None:
    """Give a video its labels, or take them away.

    Args:
        entry: The video.
        content: Of the label file; None for no labels.
        name: What errors call the file.

    Raises:
        OwnVideoError: They cannot be read.
    """
    from iaca.data.annotations import AnnotationError, read_labels

    if content is None:
        (entry.folder / "labels.txt").unlink(missing_ok=True)
        return
    with written_beside(entry.folder / "labels.txt") as beside:
        beside.write_bytes(content)
        try:
            read_labels(beside)
        except AnnotationError as error:
            raise OwnVideoError(str(error).replace(str(beside), name)) from error


def entries(cache: Path) -> list[Entry]:
    """All videos that were brought, the last one first."""
    found = sorted((cache / FOLDER).glob(f"*/{ABOUT}"), key=lambda file: file_state(file).mtime_ns, reverse=True)
    return [entry for file in found if (entry := _read_entry(file.parent)) is not None]


def finished(cache: Path) -> list[Entry]:
    """Those whose features are there."""
    return [entry for entry in entries(cache) if entry.features.is_file()]


def remove(entry: Entry) -> None:
    """Forget a video with everything that was made of it; a file of the user's own stays where it lies."""
    job = jobs.find(entry.job_key)
    if job is not None:
        job.stop()
    shutil.rmtree(entry.folder, ignore_errors=True)


def expected_backbones(made_by: dict[str, dict[str, str]], folders: Folders, device: str) -> Backbones:
    """The backbones that a model expects, or the slim ones where it does not say.

    Args:
        made_by: Modality -> {"name", "sha256"}, as a checkpoint says it.
        folders: Where they are looked for.
        device: Where they run.

    Raises:
        InputError: One of them is not there, or is damaged.
    """
    found = []
    for modality in (VISUAL, AUDIO):
        wanted = made_by.get(modality)
        path = shipped("checkpoints") / f"{modality}_slim.safetensors"
        if wanted is not None:
            path = backbone_files.find_file(wanted["sha256"], folders)
        if path is None:
            raise OwnVideoError(
                f"the shown models expect the {modality} backbone {wanted['name']} ({wanted['sha256'][:8]}), which "
                f"is not among the files in {folders.checkpoints}: put it there"
            )
        found.append(backbone_files.read_backbone(path, modality, device))
    return Backbones(*found)


def look(entry: Entry, backbones: Backbones) -> jobs.Job:
    """Look at a video and time what it needs; the result is an `iaca.features.own_video.Outlook`."""

    def work(progress: Progress) -> object:
        from iaca.data.faces.detection import choose_detector
        from iaca.features.own_video import look_at

        with _named(entry):
            return look_at(entry.video, *backbones, choose_detector())

    made_by = [backbone.sha256 for backbone in backbones]
    key = f"look {entry.folder} {file_state(entry.video)} {made_by} {backbones.device}"
    return jobs.find(key) or jobs.begin(key, work)  # one that failed would fail again


def begin(entry: Entry, backbones: Backbones, outlook: object, *, clip_stride: int, frames: int | None) -> jobs.Job:
    """Extract in the background, or join who is at it; the file of features is whole or not there."""

    def work(progress: Progress) -> None:
        from iaca.data.faces.detection import choose_detector
        from iaca.data.media.browser_copy import browser_copy
        from iaca.features.feature_files import write_features
        from iaca.features.own_video import PARTS, extract_own

        with _named(entry):
            features = extract_own(
                entry.recording, entry.folder, *backbones, choose_detector(), outlook,
                clip_stride=clip_stride, frames=frames, progress=progress,
            )  # fmt: skip
            if not outlook.info.browser_playable:
                search_s, networks_s, copy_s = outlook.seconds(clip_stride, frames)
                share = (search_s + networks_s) / (search_s + networks_s + copy_s)
                progress(int(PARTS * share), PARTS, "Copying it for the browser")
                browser_copy(entry.video, entry.folder.parent.parent / "videos")
            progress(PARTS, PARTS, "Writing the features")
            if entry.folder.is_dir():  # it may have been removed meanwhile
                write_features(entry.features, features)

    jobs.forget(entry.job_key)
    return jobs.begin(entry.job_key, work)


def is_current(entry: Entry, backbones: Backbones) -> bool:
    """Whether the features of a video were made by these backbones."""
    return _made_by(file_state(entry.features)) == {
        VISUAL: backbones.visual.sha256,
        AUDIO: backbones.audio.sha256,
    }


def taught_by_synthetic(features: Path) -> bool:
    """Whether a backbone behind a feature file is one that ships, which saw and heard no real person."""
    return any(backbone_files.is_shipped(sha256) for sha256 in _made_by(file_state(features)).values())


@lru_cache(maxsize=256)
def _made_by(features: FileState) -> dict[str, str]:
    from iaca.features.feature_files import FeatureError, read_feature_header

    try:
        return {modality: one["sha256"] for modality, one in read_feature_header(features.path)["backbones"].items()}
    except FeatureError:
        return {}


@contextmanager
def _named(entry: Entry) -> Iterator[None]:
    """Within it, errors name the video as the user knows it, not the copy in the cache."""
    try:
        yield
    except (InputError, OSError) as error:
        raise OwnVideoError(str(error).replace(str(entry.video), entry.name)) from error


def _write_about(folder: Path, name: str, video: Path, taken: Collection[str]) -> None:
    subject = _subject(Path(name).stem)
    if subject in taken or subject in {one.subject for one in entries(folder.parent.parent)}:
        subject = f"{subject}-{folder.name[:6]}"
    about = {"name": name, "subject": subject, "video": str(video)}
    write_whole(folder / ABOUT, json.dumps(about, ensure_ascii=False).encode())


def _read_entry(folder: Path) -> Entry | None:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return Entry(folder, about["name"], about["subject"], Path(about["video"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is being removed, or somebody wrote into the cache


def _subject(stem: str) -> str:
    """A name for the list of subjects: what is printed there, without the dot that parts its columns."""
    name = re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f]", " ", stem)).replace("·", "-").strip()
    return name[:NAME_LENGTH] or "video"


def _ending(name: str) -> str:
    """The ending that says what is in it, where it is one."""
    ending = Path(name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ""
