"""Recognising the files of a data tree by name, in any known layout of Aff-Wild2, before they are paired."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from iaca.data.faces.places import FACES_FILES, FacesError, read_faces_csv
from iaca.data.problems import Problem
from iaca.files import is_plain_name

VIDEO_ENDINGS = frozenset(
    {
        ".mp4", ".avi", ".mkv", ".mov", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv", ".flv",
        ".mts", ".m2ts", ".ts", ".vob", ".3gp", ".3g2", ".ogv", ".asf",
    }
)  # fmt: skip
SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "val": "validation", "valid": "validation",
    "test": "test",
}  # fmt: skip
SAMPLE_HEADER = "image_location,valence,arousal"
TEXT_LIMIT = 50_000_000
"""Bytes: a larger text file is not a test list (the largest has some 700,000 rows)."""

_SET = re.compile(r"^(train|training|validation|val|valid|test)[ _-]?set$", re.IGNORECASE)
_CHALLENGE = re.compile(r"^(va|valence[ _-]?arousal)([ _-]|$)", re.IGNORECASE)
_CROPS = re.compile(r"^cropped[ _-]?aligned", re.IGNORECASE)
_TEST_LIST = re.compile(r"^(va|valence[ _-]?arousal).*test.*\.txt$", re.IGNORECASE)
_ROW = re.compile(r"^\s*(.+)/0*(\d+)\.(?:jpg|jpeg|png)\s*,", re.IGNORECASE)


class FoundFiles:
    """Everything recognised below the roots, before it is paired."""

    def __init__(self) -> None:
        self.videos: dict[str, list[Path]] = {}
        self.labels: dict[str, list[tuple[str, Path]]] = {}
        self.crops: dict[str, list[Path]] = {}
        self.faces: dict[str, Path] = {}
        self.listed: dict[str, int | None] = {}
        self.problems: list[Problem] = []


def walk(root: Path, found: FoundFiles, seen: set[Path]) -> None:
    """Recognise everything below a folder by name. Nothing is decoded and no folder of faces is listed.

    Args:
        root: The folder, absolute.
        found: What was recognised; is added to.
        seen: Folders that were walked before, resolved; is added to.
    """

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
                if not _CROPS.match(name):  # unpacked into a folder of the same name
                    found.crops.setdefault(name, []).append(here / name)
            # Millions of pictures: listed only when they are needed.
            subfolders[:] = [name for name in subfolders if _CROPS.match(name)]
        # A folder is walked once: under its own name rather than that of a link to it.
        subfolders.sort(key=lambda name: (here / name).is_symlink())
        label_set = _SET.match(here.name)
        if label_set:
            if _CHALLENGE.match(here.parent.name):
                split = SPLITS[label_set[1].lower()]
                for name in names:
                    if name.lower().endswith(".txt"):
                        found.labels.setdefault(name[:-4], []).append((split, here / name))
            continue  # other challenges have label files of the same names
        for name in names:
            _file(here / name, found)


def _file(path: Path, found: FoundFiles) -> None:
    ending = path.suffix.lower()
    if ending in VIDEO_ENDINGS:
        found.videos.setdefault(path.stem, []).append(path)
    elif path.name in FACES_FILES:
        try:
            for subject in read_faces_csv(path):
                found.faces.setdefault(subject, path)
        except FacesError as error:
            found.problems.append(Problem(str(path), f"{error}.", "Repair or remove the file."))
    elif ending in (".txt", ".csv"):
        listed = dict(_test_list(path, found.problems))
        paths = [name for name in listed if not is_plain_name(name)]
        if paths:
            reason = f"It lists {len(paths)} names with folders, such as {paths[0][:80]!r}; they are ignored."
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
