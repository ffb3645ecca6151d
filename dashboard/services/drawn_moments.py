"""Moments of a folder of features as one zip, for `python -m iaca draw`: the figures and films of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboard.services import moment_zips
from dashboard.services.corpora import Subject
from dashboard.services.file_names import change_part
from dashboard.services.model_files import Chosen
from dashboard.services.moment_zips import Wanted, Wish
from dashboard.services.selection import Applied
from dashboard.state import session
from dashboard.timeline.declared import Note
from iaca.checkpoints import Checkpoint
from iaca.config import WhatIf
from iaca.data.episodes import by_subject
from iaca.data.notes import WrittenNote
from iaca.figures import palette
from iaca.resources import cache_folder
from iaca.types import Episode, Progress, Recording


def write_moments(
    out: Path,
    files: Mapping[str, Path],
    recordings: Mapping[str, Recording],
    checkpoints: Sequence[Checkpoint],
    device: str,
    change: WhatIf,
    *,
    episodes: Sequence[Episode],
    notes: Sequence[WrittenNote] | None,
    at: str,
    synthetic: bool,
    target: str,
    kinds: Sequence[str],
    around_s: float,
    progress: Progress,
) -> tuple[int, int]:
    """Write a moment of each subject, or the noted ones.

    Args:
        out: The zip; it appears whole or not at all.
        files: Subject -> its features.
        recordings: Subject -> its video and more, for those that have one.
        checkpoints: At most six models.
        device: Where they run.
        change: Dropout and gates.
        episodes: Known episodes.
        notes: The moments; None: one of each subject.
        at: best or worst, where there are no notes.
        synthetic: Whether the corpus is synthetic.
        target: valence or arousal.
        kinds: Endings of `moment_zips.KINDS`.
        around_s: Seconds that show a moment.
        progress: Told how many files are done.

    Returns:
        How many files are in it besides its table, and how many moments were wanted.

    Raises:
        OSError: The zip cannot be written.
    """
    subjects = {name: Subject(name, "", recordings.get(name), file, synthetic) for name, file in files.items()}
    noted: dict[str, list[Note]] = {}
    for number, note in enumerate(notes or ()):
        noted.setdefault(note.subject, []).append(Note(number, note.start_s, note.end_s, note.text))
    if notes is None:
        kind = {"best": moment_zips.BEST, "worst": moment_zips.WORST}[at]
        wishes = [Wish(subject, kind, about=target) for subject in subjects.values()]
    else:
        wishes = [
            Wish(subjects.get(name, Subject(name, "", None, None, False)), "note", note.start_s, note.end_s, note.text)
            for name, of_one in noted.items()
            for note in of_one
        ]
    titles = [one.title for one in checkpoints]
    styles = (*palette.MODELS, *palette.FURTHER)
    wanted = Wanted(
        wishes=tuple(wishes),
        models=tuple(
            Chosen(one.title if titles.count(one.title) == 1 else f"{one.title} ({one.path.name})", one, style)
            for one, style in zip(checkpoints, styles, strict=False)
        ),
        device=device,
        applied=Applied(change, named=change_part(change)),
        corrupted_of="",
        words=change_part(change),
        target=target,
        score=session.SCORE.default,
        scaled=session.SCALED.default,
        smooth=False,
        influence=None,
        rows=None,
        episodes=by_subject(episodes),
        notes=noted,
        kinds=tuple(kinds),
        width=next(iter(moment_zips.WIDTHS)),
        around_s=around_s,
        folder=out.parent,
        cache=cache_folder(),
    )
    return moment_zips.write(wanted, out, progress), len(wishes)
