"""Whom the pages can show: subjects of the data folders, with what is wrong there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.services import own_videos
from dashboard.state.folders import Folders, Source
from dashboard.state.known_files import known_state, refresh, shown_state
from iaca.data.corpus_description import CorpusDescription, read_description
from iaca.data.episodes import read_episodes
from iaca.data.problems import printable
from iaca.data.recordings import find_recordings, folder_of, natural_key
from iaca.errors import BAD_INPUT, InputError
from iaca.features.clip_networks import told_apart
from iaca.features.feature_files import FeatureError, read_feature_header
from iaca.files import FileState, is_text
from iaca.types import Episode, Recording

NAMED_ONE_BY_ONE = 3
"""Subjects of one problem that have a sentence each."""


class NoFeaturesError(InputError):
    """A subject without a feature file, where one is needed."""


CURATED = (
    "weak-face-09", "weak-voice-03", "conflict-05", "restrained-voice-11", "weak-voice-08", "restrained-face-06",
    "stranger-face-04", "stranger-voice-10", "strong-07", "strong-01", "conflict-12", "weak-face-02",
)  # fmt: skip
"""Subjects of the demo, those first in whom a corrupted face or voice, and what the gates make of it, is seen best."""


class Subject(NamedTuple):
    """A subject that the page can show.

    Attributes:
        name: Its name.
        condition: Condition of the synthetic corpus, or "".
        recording: Its media and labels, or None where only a feature file is left.
        features: Its feature file, or None.
        synthetic: Whether the corpus.json of its corpus says that it is rendered.
        apart: Its split, train or test, where others of its corpus are there for validation: it is listed after them
            and not counted where subjects are pooled. "" for all others.
        split: train, validation, test, or "".
    """

    name: str
    condition: str
    recording: Recording | None
    features: Path | None
    synthetic: bool
    apart: str = ""
    split: str = ""

    @property
    def feature_file(self) -> Path:
        """Its feature file, for what cannot do without.

        Raises:
            NoFeaturesError: There is none.
        """
        if self.features is None:
            raise NoFeaturesError(f"{self.name} has no features; run `python -m iaca extract` to create them")
        return self.features


class Corpus(NamedTuple):
    """What lies in the data folders.

    Attributes:
        subjects: Everybody, those of the validation split first; those of the demo in the order of `CURATED`, all
            others in natural order.
        episodes: Subject -> known episodes of corruption.
        problems: What was wrong, one sentence each.
    """

    subjects: tuple[Subject, ...]
    episodes: dict[str, list[Episode]]
    problems: tuple[str, ...]

    @property
    def pooled(self) -> tuple[Subject, ...]:
        """Subjects whose scores may be taken together: nobody whom models were trained on where others are there."""
        return tuple(subject for subject in self.subjects if not subject.apart)


def corpus(folders: Folders) -> Corpus:
    """Everything that can be shown, the user's data first, and what is wrong with the rest."""
    subjects: dict[str, Subject] = {}
    episodes: dict[str, list[Episode]] = {}
    problems: list[str] = []
    for source in folders.sources:
        # Apart from what is kept, which would still miss a folder that is there by now.
        roots = tuple(root for root in source.roots if _is_there(shown_state(root)))
        problems += [
            f"{root} does not exist; expected a folder of data, or a manifest."
            for root in source.roots
            if root not in roots
        ]
        if not roots:
            continue
        found = _corpus(source._replace(roots=roots), known_state(source.features))
        problems += found.problems
        new = {subject.name: subject for subject in found.subjects if subject.name not in subjects}
        if len(new) < len(found.subjects) and roots != folders.sources[0].roots:
            taken = next(one.name for one in found.subjects if one.name not in new)
            problems.append(
                f"{len(found.subjects) - len(new)} subjects of {_listed(roots)}, such as {taken}, have names that are "
                "already in use; the first subject of each name is shown."
            )
        subjects |= new
        episodes |= {name: found.episodes[name] for name in new if name in found.episodes}
    for own in own_videos.finished(folders.own):
        mine = Subject(own.entry.subject, own_videos.CONDITION, own.recording, own.entry.features, False)
        subjects.setdefault(own.entry.subject, mine)
    return Corpus(tuple(subjects.values()), episodes, tuple(map(printable, problems)))


@lru_cache(maxsize=256)
def _is_there(state: FileState) -> bool:
    return os.path.exists(state.path)


@st.cache_resource(max_entries=16, show_spinner="Looking through the data folders")
def _corpus(source: Source, features: FileState) -> Corpus:
    """What a source holds, as long as nothing is added to its folder of features or taken from it."""
    index = find_recordings(source.roots)
    files = {file.stem: file for file in sorted(source.features.glob("*.safetensors"))}
    # Where there are feature files alone, `_without_video` says what the index, which found nothing, cannot know.
    problems = [problem.line for problem in (index.problems if index.recordings or not files else index.problems[:-1])]
    descriptions: list[CorpusDescription] = []
    episodes: dict[str, list[Episode]] = {}
    for root in map(folder_of, source.roots):
        try:
            descriptions.append(read_description(root))
            for episode in read_episodes(root / "episodes.csv") if os.path.isfile(root / "episodes.csv") else ():
                episodes.setdefault(episode.subject, []).append(episode)
        except BAD_INPUT as error:
            problems.append(str(error))
    conditions = {name: condition for one in descriptions for name, condition in one.conditions.items()}
    rendered = {name for one in descriptions if one.synthetic for name in one.conditions}
    recordings = {recording.subject: recording for recording in index.recordings}
    foreign = sorted(name for name in recordings.keys() | files.keys() if not is_text(name))
    if foreign:
        problems.append(
            f"Subjects whose names are not UTF-8 cannot be shown: {len(foreign)}, such as {foreign[0]}. Rename "
            "their files."
        )
    for name in foreign:
        recordings.pop(name, None)
        files.pop(name, None)
    if not files:
        problems.append(
            f"{source.features} contains no feature files (.safetensors); run `python -m iaca extract` to create them."
        )
    for name, file in list(files.items()):
        header = _header(known_state(file))
        if header is None or header.subject == name:
            continue
        whose = header.subject
        if name in recordings:
            problems.append(
                f"{file} holds the features of {whose}, not of {name}, and is not drawn over the video of {name}; "
                "rename it, or extract the subject again."
            )
            del files[name]
        else:
            problems.append(f"{file} holds the features of {whose}; it is listed by the name of its file.")
    for name, recording in recordings.items():
        if recording.video_file and not recording.label_file and recording.split is None:
            problems.append(
                f"{recording.video_file} has no label file {name}.txt in a VA_Estimation_Challenge folder; once its "
                "features are extracted, it is shown without annotation."
            )
    problems += _without_video(
        [files[name] for name in sorted(files.keys() - recordings.keys(), key=natural_key)], source
    )
    shown = [
        Subject(
            name,
            conditions.get(name, ""),
            recordings.get(name),
            files.get(name),
            name in rendered,
        )
        for name in sorted(files.keys() | recordings.keys(), key=lambda one: (_place(one, rendered), natural_key(one)))
        if name in files or recordings[name].label_file
    ]
    splits = {one.name: _split(one) for one in shown}
    shown = [one._replace(split=splits[one.name] or "") for one in shown]
    if "validation" in splits.values():
        places = {"validation": 0, None: 1, "test": 2}
        shown = sorted(shown, key=lambda one: places.get(splits[one.name], 3))
        shown = [one._replace(apart=one.split if places.get(splits[one.name], 3) > 1 else "") for one in shown]
    return Corpus(tuple(shown), episodes, tuple(problems))


def _place(name: str, rendered: set[str]) -> int:
    """Where a subject stands among those of the demo; all others follow, in natural order."""
    return CURATED.index(name) if name in rendered and name in CURATED else len(CURATED)


def _without_video(files: Sequence[Path], source: Source) -> list[str]:
    """A sentence each, or one for many."""
    if not source.has_videos:
        return []
    below = f"no video under {_listed(source.roots)}"
    if len(files) > NAMED_ONE_BY_ONE:
        return [f"{len(files)} subjects, such as {files[0].stem}, have {below}; their curves are shown without it."]
    return [f"{file} has {below}; its curves are shown without it." for file in files]


def rescan() -> None:
    """Forget which files the data folders hold, and look at all others again."""
    _corpus.clear()
    refresh()


def _listed(paths: tuple[Path, ...]) -> str:
    return ", ".join(map(str, paths))


def unlike_formats(subjects: Iterable[Subject]) -> str:
    """A sentence where features of subjects were computed in unlike number formats, as `told_apart` has it, or ""."""
    headers = ((one.name, _header(known_state(one.features))) for one in subjects if one.features is not None)
    said = told_apart((name, header.computed) for name, header in headers if header is not None)
    return said[:1].upper() + said[1:]


class _Header(NamedTuple):
    """What the pages need of the header of a feature file; as in `Features`."""

    subject: str
    split: str | None
    computed: dict[str, dict[str, str]]


@lru_cache(maxsize=100_000)
def _header(file: FileState) -> _Header | None:
    """The header of a feature file; None where it cannot be read, which is told once its subject is chosen."""
    try:
        header = read_feature_header(file.path)
    except FeatureError:
        return None
    return _Header(header["subject"], header["split"], header["computed"])


def _split(subject: Subject) -> str | None:
    if subject.recording:
        return subject.recording.split
    header = _header(known_state(subject.feature_file))
    return None if header is None else header.split
