"""Finding recordings: videos, faces, labels and test lists, paired by name, in any known layout of Aff-Wild2."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.errors import InputError
from iaca.types import Recording

VIDEO_ENDINGS = frozenset({".mp4", ".avi", ".mkv", ".mov", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv", ".flv"})
SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "val": "validation", "valid": "validation",
    "test": "test",
}  # fmt: skip
SAMPLE_HEADER = "image_location,valence,arousal"
TEXT_LIMIT = 50_000_000
"""Bytes beyond which a text file is no test list (the largest has some 700,000 rows)."""

_PERSON = re.compile(r"_(left|right)$")
_SET = re.compile(r"^(train|training|validation|val|valid|test)[ _-]?set$", re.IGNORECASE)
_CHALLENGE = re.compile(r"^(va|valence[ _-]?arousal)([ _-]|$)", re.IGNORECASE)
_CROPS = re.compile(r"^cropped[ _-]?aligned", re.IGNORECASE)
_VIDEOS = re.compile(r"^(batch[ _-]?\d+|new[ _-]?vids|videos?)$", re.IGNORECASE)
_TEST_LIST = re.compile(r"^(va|valence[ _-]?arousal).*test.*\.txt$", re.IGNORECASE)
_ROW = re.compile(r"^\s*(.+)/0*(\d+)\.(?:jpg|jpeg|png)\s*,", re.IGNORECASE)


class SubjectError(InputError):
    """A subject that is not there; the message names some that are."""


class Problem(NamedTuple):
    """Something wrong in a data tree.

    Attributes:
        file: Path of the file or folder, or name of the subject.
        reason: What is wrong, one sentence.
        remedy: What to do about it, one sentence.
    """

    file: str
    reason: str
    remedy: str

    @property
    def line(self) -> str:
        """All of it on one line that any terminal can print, whatever the file is called."""
        return printable(f"{self.file}: {self.reason} {self.remedy}")


def printable(text: str) -> str:
    """The text with line ends, tabs and what is no character spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Index(NamedTuple):
    """What was found.

    Attributes:
        recordings: One per subject, in natural order of names.
        problems: What was wrong on the way; never empty of a failure, never a reason to stop.
        roots: Where it was looked for.
    """

    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]
    roots: tuple[Path, ...] = ()

    def find(self, subject: str) -> Recording:
        """The recording of a subject.

        Raises:
            SubjectError: There is none.
        """
        for recording in self.recordings:
            if recording.subject == subject:
                return recording
        known = ", ".join(r.subject for r in self.recordings[:5]) or "none at all"
        raise SubjectError(f"there is no subject {subject!r} in {', '.join(map(str, self.roots))}; found: {known}, ...")


class _Found:
    """Everything recognised below the roots, before it is paired."""

    def __init__(self) -> None:
        self.videos: dict[str, list[Path]] = {}
        self.labels: dict[str, list[tuple[str, Path]]] = {}
        self.crops: dict[str, list[Path]] = {}
        self.faces: dict[str, Path] = {}
        self.listed: dict[str, int | None] = {}
        self.problems: list[Problem] = []


def find_recordings(roots: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> Index:
    """Find the subjects below some folders. Nothing is decoded and no folder of faces is listed.

    Source: the layouts of Aff-Wild2 and the ABAW challenges. Folders are recognised by name at any depth: videos
    (`batch1`, `new_vids`, but any other folder will do), faces (`cropped_aligned*/NAME/00001.jpg`), labels
    (`VA_Estimation_Challenge/Train_Set/NAME.txt` and relatives), test lists and `faces.csv`. The key of a subject is
    the whole stem; only a final `_left` or `_right` names one of two people in a video.

    Args:
        roots: One folder or several, whose content is merged.

    Returns:
        The recordings and all problems. A tree without subjects is a problem, not an error.
    """
    if isinstance(roots, str | os.PathLike):
        roots = [roots]
    roots = tuple(Path(os.path.expanduser(root)) for root in roots)  # a name that only looks like a home stays as it is
    found = _Found()
    seen: set[Path] = set()
    for root in roots:
        if root.is_dir():
            _walk(Path(os.path.abspath(root)), found, seen)  # not resolved: a link may have the telling name
        else:
            found.problems.append(
                Problem(str(root), "This folder does not exist.", "Name the folder of your download.")
            )
    recordings = _pair(found)
    if not recordings:
        found.problems.append(
            Problem(
                ", ".join(map(str, roots)),
                "No subject was found here: no video, no cropped_aligned folder, no VA label file.",
                "Name the folder that holds batch1, cropped_aligned and the annotations.",
            )
        )
    return Index(recordings, tuple(found.problems), roots)


def video_of(subject: str, videos: Iterable[str] = ()) -> str:
    """Stem of the video that shows a subject: the subject without a final _left or _right.

    Args:
        subject: Name of the subject.
        videos: Stems that exist; one that is equal to the subject wins.
    """
    return subject if subject in videos else _PERSON.sub("", subject)


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sorts video2 before video10."""
    parts = enumerate(re.split(r"([0-9]+)", name))
    return [(0, int(part)) if i % 2 else (1, part) for i, part in parts if part]


def _walk(root: Path, found: _Found, seen: set[Path]) -> None:
    def unreadable(error: OSError) -> None:
        found.problems.append(
            Problem(str(error.filename), f"This folder cannot be read: {error.strerror}.", "Check its permissions.")
        )

    for folder, subfolders, files in os.walk(root, onerror=unreadable, followlinks=True):
        here = Path(folder)
        real = here.resolve()
        if real in seen:  # a link that leads back, or a root inside another
            subfolders.clear()
            continue
        seen.add(real)
        # Sorted, so that the same tree gives the same index on every machine.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        names = sorted(name for name in files if not name.startswith("."))
        if _CROPS.match(here.name):
            for name in subfolders:
                if not _CROPS.match(name):  # unpacked into a folder of its own name
                    found.crops.setdefault(name, []).append(here / name)
            # Millions of pictures: listed only when they are needed.
            subfolders[:] = [name for name in subfolders if _CROPS.match(name)]
        # A folder is walked once: under its own name rather than that of a link to it.
        subfolders.sort(key=lambda name: (here / name).is_symlink())
        if _SET.match(here.name):
            if _CHALLENGE.match(here.parent.name):
                split = SPLITS[_SET.match(here.name)[1].lower()]
                for name in names:
                    if name.lower().endswith(".txt"):
                        found.labels.setdefault(name[:-4], []).append((split, here / name))
            continue  # other challenges have label files of the same names
        for name in names:
            _file(here / name, found)


def _file(path: Path, found: _Found) -> None:
    ending = path.suffix.lower()
    if ending in VIDEO_ENDINGS:
        found.videos.setdefault(path.stem, []).append(path)
    elif path.name == "faces.csv":
        try:
            for subject in read_faces_csv(path):
                found.faces.setdefault(subject, path)
        except FacesError as error:
            found.problems.append(Problem(str(path), f"{error}.", "Repair or remove the file."))
    elif ending in (".txt", ".csv"):
        listed = dict(_test_list(path, found.problems))
        paths = [name for name in listed if "/" in name]
        if paths:
            reason = f"It lists {len(paths)} names with folders, such as {paths[0]!r}; they are passed over."
            found.problems.append(Problem(str(path), reason, "Write bare names, such as video55."))
        for subject in listed.keys() - paths:
            found.listed[subject] = max(listed[subject] or 0, found.listed.get(subject) or 0) or None


def _test_list(path: Path, problems: list[Problem]) -> Iterator[tuple[str, int | None]]:
    """Subjects of a test list, and how many frames it asks for (None where it does not say)."""
    try:
        if path.stat().st_size > TEXT_LIMIT:
            return
        with open(path, encoding="utf-8-sig") as file:
            first = file.readline(1000)
            is_sample = first.replace(" ", "").strip().lower() == SAMPLE_HEADER
            if not is_sample and not _TEST_LIST.match(path.name):
                return
            lines = file.read().splitlines() if is_sample else [first, *file.read().splitlines()]
    except UnicodeDecodeError:
        return
    except OSError as error:
        problems.append(Problem(str(path), f"This file cannot be read: {error.strerror}.", "Check its permissions."))
        return
    if not is_sample:
        for line in lines:
            name = line.strip()
            if name:
                yield (name[:-4] if name.lower().endswith(".txt") else name), None
        return
    frames: dict[str, int] = {}
    for line in lines:
        row = _ROW.match(line)
        if row:
            frames[row[1]] = max(frames.get(row[1], 0), int(row[2]))
    yield from frames.items()


def _pair(found: _Found) -> tuple[Recording, ...]:
    videos = {stem: _one_video(stem, paths, found.problems) for stem, paths in found.videos.items()}
    subjects = set(found.labels) | set(found.listed) | set(found.crops) | set(found.faces)
    # A video counts for itself unless somebody in it has a name of their own.
    covered = {video_of(subject, videos) for subject in subjects}
    subjects |= set(videos) - covered
    recordings = []
    for subject in sorted(subjects, key=natural_key):
        video = video_of(subject, videos)
        split, label_file = _one_label(subject, found.labels.get(subject, []), found.problems)
        if split is None and subject in found.listed:
            split = "test"
        recordings.append(
            Recording(
                subject=subject,
                video=video,
                split=split,
                video_file=videos.get(video),
                label_file=label_file,
                crop_folders=tuple(found.crops.get(subject, ())),
                faces_file=found.faces.get(subject),
                listed_frames=found.listed.get(subject),
            )
        )
    _check_splits(recordings, found.problems)
    return tuple(recordings)


def _one_video(stem: str, paths: list[Path], problems: list[Problem]) -> Path:
    # A folder of a known name wins over others, which may hold copies made by other tools.
    ranked = sorted(paths, key=lambda path: (not _VIDEOS.match(path.parent.name), paths.index(path)))
    rivals = [p for p in ranked[1:] if bool(_VIDEOS.match(p.parent.name)) == bool(_VIDEOS.match(ranked[0].parent.name))]
    for rival in rivals:
        problems.append(
            Problem(
                str(rival), f"A second video is called {stem!r}; {ranked[0]} is used.", "Remove or rename one of them."
            )
        )
    return ranked[0]


def _one_label(
    subject: str, candidates: list[tuple[str, Path]], problems: list[Problem]
) -> tuple[str | None, Path | None]:
    if not candidates:
        return None, None
    split, path = candidates[0]
    for other_split, other in candidates[1:]:
        if other_split != split:
            reason = f"{subject!r} also has a label file in the {split} split, {path}, which is used."
        else:
            reason = f"A second label file for {subject!r}; {path} is used."
        problems.append(Problem(str(other), reason, "Keep one edition of the annotations."))
    return split, path


def _check_splits(recordings: list[Recording], problems: list[Problem]) -> None:
    """Both people of a video share light, room and sound: apart in train and validation, they leak."""
    first: dict[str, Recording] = {}
    for recording in recordings:
        if recording.split is None:
            continue
        other = first.setdefault(recording.video, recording)
        if other.split != recording.split:
            problems.append(
                Problem(
                    recording.subject,
                    f"It is in {recording.split}, and {other.subject} of the same video is in {other.split}.",
                    "Put both into one split.",
                )
            )
