"""Finding recordings: paired by name in any known layout of Aff-Wild2, or as a manifest has them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from iaca.data.data_tree import FoundFiles, walk
from iaca.data.manifest import ManifestError, read_manifest
from iaca.data.problems import Problem
from iaca.errors import InputError
from iaca.types import Recording

_PERSON = re.compile(r"_(left|right)$")
_VIDEOS = re.compile(r"^(batch[ _-]?\d+|new[ _-]?vids|videos?)$", re.IGNORECASE)


class SubjectError(InputError):
    """A subject that is not in the data; the message names some that are."""


class Index(NamedTuple):
    """What was found.

    Attributes:
        recordings: One per subject, in natural order of names.
        problems: What is wrong; no failure is left out, and none stops the search.
        roots: Folders that were searched, and manifests.
    """

    recordings: tuple[Recording, ...]
    problems: tuple[Problem, ...]
    roots: tuple[Path, ...] = ()

    def find(self, subject: str) -> Recording:
        """The recording of a subject.

        Raises:
            SubjectError: There is no such subject.
        """
        for recording in self.recordings:
            if recording.subject == subject:
                return recording
        known = ", ".join(r.subject for r in self.recordings[:5]) or "none at all"
        raise SubjectError(f"there is no subject {subject!r} in {', '.join(map(str, self.roots))}; found: {known}, ...")


def find_recordings(roots: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> Index:
    """Find the subjects below some folders, or in manifests. Nothing is decoded and no folder of faces is listed.

    Source: the layouts of Aff-Wild2 and the ABAW challenges. Folders are recognised by name at any depth: videos
    (`batch1`, `new_vids`, but any other folder will do), faces (`cropped_aligned*/NAME/00001.jpg`), labels
    (`VA_Estimation_Challenge/Train_Set/NAME.txt` and relatives), test lists and `faces.csv`. The key of a subject is
    the whole stem; only a final `_left` or `_right` names one of two people in a video. A root that is a file is a
    manifest, `iaca.data.manifest.read_manifest`, for any other data set.

    Args:
        roots: One folder or manifest or several, whose content is merged. A subject of a manifest wins over one of the
            same name in a folder.

    Returns:
        The recordings and all problems. A tree without subjects is a problem, not an error.
    """
    if isinstance(roots, str | os.PathLike):
        roots = [roots]
    roots = tuple(Path(os.path.expanduser(root)) for root in roots)  # a name that only looks like a home stays as it is
    found = FoundFiles()
    seen: set[Path] = set()
    named: dict[str, Recording] = {}
    for root in roots:
        if os.path.isdir(root):  # a name that is too long for a disk is none, and no error
            walk(Path(os.path.abspath(root)), found, seen)  # not resolved: the name of a link may say what it holds
        elif os.path.isfile(root):
            _add_manifest(root, named, found.problems)
        else:
            found.problems.append(
                Problem(str(root), "This folder does not exist.", "Name the folder of your download, or a manifest.")
            )
    in_folders = [one for one in _pair(found) if one.subject not in named]
    recordings = tuple(sorted((*in_folders, *named.values()), key=lambda one: natural_key(one.subject)))
    _check_splits(recordings, found.problems)
    if not recordings:
        found.problems.append(
            Problem(
                ", ".join(map(str, roots)),
                "No subject was found here: no video, no cropped_aligned folder, no VA label file.",
                "Name the folder that holds batch1, cropped_aligned and the annotations, or a manifest.",
            )
        )
    return Index(recordings, tuple(found.problems), roots)


def video_of(subject: str, videos: Iterable[str] = ()) -> str:
    """Stem of the video that shows a subject: the subject without a final _left or _right.

    Args:
        subject: Name of the subject.
        videos: Stems that exist; one equal to the subject wins.
    """
    return subject if subject in videos else _PERSON.sub("", subject)


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sorts video2 before video10."""
    parts = enumerate(re.split(r"([0-9]+)", name))
    return [(0, int(part)) if i % 2 else (1, part) for i, part in parts if part]


def _pair(found: FoundFiles) -> tuple[Recording, ...]:
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


def _add_manifest(path: Path, named: dict[str, Recording], problems: list[Problem]) -> None:
    try:
        recordings, wrong = read_manifest(path)
    except ManifestError as error:
        problems.append(Problem(str(path), f"{error}.", "Correct it; none of its rows is used until then."))
        return
    problems += wrong
    for one in recordings:
        if one.subject in named:
            problems.append(
                Problem(str(path), f"{one.subject!r} is in an earlier manifest, which is used.", "Rename one of them.")
            )
        named.setdefault(one.subject, one)


def folder_of(root: Path) -> Path:
    """The folder of a root: itself, or the one that a manifest lies in."""
    return root.parent if os.path.isfile(root) else root


def _check_splits(recordings: Sequence[Recording], problems: list[Problem]) -> None:
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
