"""Videos that a user brings: kept apart by what is in them, listed with the subjects once they have features."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from dashboard.services import jobs
from dashboard.state import visit
from dashboard.state.known_files import is_there, shown_state
from dashboard.state.visit_folders import folder_of
from iaca.errors import InputError
from iaca.files import FileState, file_state, write_whole, written_beside
from iaca.headers import parse_json
from iaca.types import Recording

CONDITION = "your video"
"""What the list of subjects says of such a video."""

FOLDER = "your-videos"
ABOUT = "about.json"
TRACK_FOLDERS = "tracks-*"
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
        video: The file that is read and shown: a copy of an upload, the user's own, or a copy with the chosen tracks.
        original: The file as it was brought, with all tracks; the same as `video` where nobody has chosen others.
    """

    folder: Path
    name: str
    subject: str
    video: Path
    original: Path

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


def add_upload(name: str, file: Path, cache: Path, taken: Collection[str]) -> Entry:
    """Keep an upload; the same file once more is the same entry.

    Args:
        name: Name of the file.
        file: The file: it is moved, or deleted where it is not kept.
        cache: Where it is kept, on the same disk.
        taken: Names of subjects that are there.

    Raises:
        OwnVideoError: It is empty.
        OSError: It cannot be kept.
    """
    try:
        if not file.stat().st_size:
            raise OwnVideoError(f"{name} is empty (0 bytes); expected a video")
        digest = hashlib.sha256(name.encode() + b"\0")
        with file.open("rb") as content:
            while block := content.read(BLOCK):
                digest.update(block)
        folder = cache / FOLDER / digest.hexdigest()[:16]
        if not (folder / ABOUT).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            video = folder / f"video{_ending(name)}"
            file.chmod(0o644)
            file.replace(video)
            _write_about(folder, name, video, taken)
        return _read_entry(folder)
    finally:
        file.unlink(missing_ok=True)


def add_path(text: str, cache: Path, taken: Collection[str]) -> Entry:
    """Take a video where it lies.

    Raises:
        OwnVideoError: There is no such file, or it is empty.
        OSError: It cannot be read.
    """
    path = Path(os.path.expanduser(text.strip().strip("\"'")))
    if not path.is_file():
        raise OwnVideoError(f"{text.strip()} is not a file on this machine; expected the path of a video")
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


def set_video(entry: Entry, video: Path) -> None:
    """Let a copy with other tracks stand for a video; features of those before are deleted.

    Raises:
        OSError: It cannot be written down.
    """
    for file in (entry.features, entry.folder / "faces.csv"):
        file.unlink(missing_ok=True)
    about = {
        "name": entry.name, "subject": entry.subject, "video": str(video), "original": str(entry.original)
    }  # fmt: skip
    write_whole(entry.folder / ABOUT, json.dumps(about, ensure_ascii=False).encode())
    for folder in entry.folder.glob(TRACK_FOLDERS):
        if folder != video.parent:
            shutil.rmtree(folder, ignore_errors=True)


def entries(cache: Path) -> list[Entry]:
    """All videos that were brought, the last one first."""
    found = sorted((cache / FOLDER).glob(f"*/{ABOUT}"), key=lambda file: file_state(file).mtime_ns, reverse=True)
    kept = []
    for file in found:
        with suppress(OwnVideoError):  # it is being removed, or somebody wrote into the cache
            kept.append(_read_entry(file.parent))
    return kept


class Finished(NamedTuple):
    """A video whose features are there.

    Attributes:
        entry: The video.
        recording: It as a recording.
        brought_ns: When it was brought, nanoseconds since 1970.
    """

    entry: Entry
    recording: Recording
    brought_ns: int


def finished(cache: Path) -> list[Finished]:
    """Videos whose features are there, the last one first, as their folders were when they were last looked at."""
    folders = _folders(shown_state(cache / FOLDER))
    found = [one for folder in folders if (one := _finished(shown_state(folder))) is not None]
    # The user's own file may go at any time.
    there = [
        one if is_there(one.entry.video) else one._replace(recording=one.recording._replace(video_file=None))
        for one in found
    ]
    return sorted(there, key=lambda one: one.brought_ns, reverse=True)


@lru_cache(maxsize=256)
def _folders(folder: FileState) -> list[Path]:
    return [file.parent for file in Path(folder.path).glob(f"*/{ABOUT}")]


@lru_cache(maxsize=1024)
def _finished(folder: FileState) -> Finished | None:
    try:
        entry = _read_entry(Path(folder.path))
    except OwnVideoError:  # it is being removed, or somebody wrote into the cache
        return None
    if not entry.features.is_file():
        return None
    return Finished(entry, entry.recording._replace(video_file=entry.video), file_state(entry.folder / ABOUT).mtime_ns)


def remove(entry: Entry) -> None:
    """Forget a video with everything that was made of it; a file of the user's own stays where it lies."""
    job = jobs.find(entry.job_key)
    if job is not None:
        job.stop()
    shutil.rmtree(entry.folder, ignore_errors=True)


def end_of_visit(key: str) -> None:
    """Stop what is being made from the videos of a visit that has ended; its folder goes as a whole."""
    jobs.stop_all(str(folder_of(key)))


def _write_about(folder: Path, name: str, video: Path, taken: Collection[str]) -> None:
    subject = _subject(Path(name).stem)
    if subject in taken or subject in {one.subject for one in entries(folder.parent.parent)}:
        subject = f"{subject}-{folder.name[:6]}"
    about = {"name": name, "subject": subject, "video": str(video)}
    write_whole(folder / ABOUT, json.dumps(about, ensure_ascii=False).encode())


def _read_entry(folder: Path) -> Entry:
    """A video that was kept.

    Raises:
        OwnVideoError: Its description cannot be read.
    """
    file = folder / ABOUT
    try:
        about = parse_json(file.read_text(encoding="utf-8"))
        video = Path(about["video"])
        return Entry(folder, about["name"], about["subject"], video, Path(about.get("original", video)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OwnVideoError(f"{file} cannot be read; delete {folder} and bring the video again") from error


def _subject(stem: str) -> str:
    """A name for the list of subjects: what is printed there, without the dot that parts its columns."""
    name = re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f]", " ", stem)).replace("·", "-").strip()
    return name[:NAME_LENGTH] or "video"


def _ending(name: str) -> str:
    """The ending that says what is in it, where it is one."""
    ending = Path(name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ""


visit.on_end(end_of_visit)
