"""Figures and films of a list of moments as one zip, made in the background."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from dashboard.export.bundle import KINDS, MP4, MomentError, Part, Piece, frames_of, write_bundle
from dashboard.services import export_files, influences, recordings, traces
from dashboard.services.corpora import Subject
from dashboard.services.export_files import WIDTHS, Take
from dashboard.services.file_names import models_part, stem
from dashboard.services.made_files import Made
from dashboard.services.model_files import Chosen
from dashboard.services.selection import Applied
from dashboard.state.known_files import known_state, shown_state
from dashboard.state.shown_paths import for_visitors
from dashboard.timeline import note_lane, rows, smoothing
from dashboard.timeline.declared import Figure, Note, Shown
from iaca.config import UNCHANGED, WhatIf
from iaca.errors import BAD_INPUT
from iaca.study.overview import best_and_worst
from iaca.types import Episode, Features, Progress, Trace

__all__ = ["KINDS", "MP4", "WIDTHS"]

MOST = 1000
"""Moments of a zip."""

LONGEST_FILMS_S = 1200.0
"""Length of all films of a zip together."""

BEST, WORST = "best moment", "worst moment"


class Wish(NamedTuple):
    """A moment that is wanted.

    Attributes:
        subject: Of whom.
        kind: What it is: `BEST`, `WORST`, "note", or a kind of moment.
        start_s: When it is, or where a span begins; None where it has to be found.
        end_s: Where a span ends; None for a moment.
        about: In words.
    """

    subject: Subject
    kind: str
    start_s: float | None = None
    end_s: float | None = None
    about: str = ""


class Wanted(NamedTuple):
    """A zip.

    Attributes:
        wishes: The moments.
        models: Which models.
        device: Where they run.
        applied: What is changed; corrupted modalities are those of one subject.
        corrupted_of: That subject's name, or "".
        words: The change in words, or "".
        target: Whose gates and attention, and which best and worst.
        score: Which attention score.
        scaled: Whether it is scaled to [0, 1].
        smooth: Whether curves are smoothed for the eye.
        influence: Which influence is shown, or None.
        rows: As in `export_files.Take`.
        episodes: Subject -> known episodes.
        notes: Subject -> notes.
        kinds: Endings of `KINDS`.
        width: A key of `WIDTHS`.
        around_s: Seconds that show a moment.
        folder: Where zips are kept; on a locked page the visit's own.
        cache: Where summaries of sounds are kept.
    """

    wishes: tuple[Wish, ...]
    models: tuple[Chosen, ...]
    device: str
    applied: Applied
    corrupted_of: str
    words: str
    target: str
    score: str
    scaled: bool
    smooth: bool
    influence: influences.Wanted | None
    rows: tuple[tuple[str, int], ...] | None
    episodes: Mapping[str, Sequence[Episode]]
    notes: Mapping[str, Sequence[Note]]
    kinds: tuple[str, ...]
    width: str
    around_s: float
    folder: Path
    cache: Path

    @property
    def films_s(self) -> float:
        """Seconds of all films together, at most."""
        if MP4 not in self.kinds:
            return 0.0
        spans = [self.around_s if w.start_s is None or w.end_s is None else w.end_s - w.start_s for w in self.wishes]
        return sum(spans)


def made(wanted: Wanted) -> Made:
    """The zip, made or not; it is named for subject, models and what is changed."""
    names = list(dict.fromkeys(wish.subject.name for wish in wanted.wishes))
    whose = names[0] if len(names) == 1 else f"{len(names)}-subjects"
    called = stem("moments", whose, models_part([model.title for model in wanted.models]), wanted.applied.named)
    return Made(wanted.folder / "zips", _digest(wanted), "zip", called, partial(write, wanted, said=for_visitors))


def _digest(wanted: Wanted) -> str:
    plain = wanted._replace(models=(), episodes={}, notes={}, wishes=())
    models = [(model.title, shown_state(model.path), model.style) for model in wanted.models]
    names = {wish.subject.name for wish in wanted.wishes}
    beside = [(name, wanted.episodes.get(name), wanted.notes.get(name)) for name in sorted(names)]
    files = [(wish.subject.name, *wish[1:], *_states(wish.subject)) for wish in wanted.wishes]
    return hashlib.sha256(repr((plain, models, beside, files)).encode()).hexdigest()[:24]


def _states(subject: Subject) -> list[object]:
    video = subject.recording.video_file if subject.recording else None
    return [file and known_state(file) for file in (subject.features, video)]


def write(wanted: Wanted, file: Path, progress: Progress, said: Callable[[str], str] = str) -> int:
    """Write a zip, as `dashboard.export.bundle.write_bundle` does.

    Args:
        wanted: What is in it; where it is kept does not matter.
        file: The zip.
        progress: Told how many files are done.
        said: What its table may say of an error.

    Returns:
        How many files are in it besides its table.

    Raises:
        OSError: It cannot be written.
    """
    drawn = _Drawn(wanted)
    models = ", ".join(f"{model.title} = {model.path.name}" for model in wanted.models)
    pieces = [
        Piece(
            {"subject": wish.subject.name, "moment": wish.kind, "about": wish.about, "models": models}
            | {"what_if": wanted.words},
            partial(drawn.part, wish),
        )
        for wish in wanted.wishes
    ]
    return write_bundle(file, pieces, wanted.kinds, width_in=WIDTHS[wanted.width], said=said, progress=progress)


class _Drawn:
    """What is drawn of one subject after the other; that of the last one is kept, as its moments follow each other."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._subject = ""
        self._take: Take | None = None
        self._problem = ""

    def part(self, wish: Wish) -> Part:
        """A moment, ready to be drawn.

        Raises:
            InputError, OSError: A file cannot be used, or the moment is not there.
        """
        wanted, subject = self._wanted, wish.subject
        if subject.name != self._subject or self._take is None:
            self._subject, self._take = "", None  # lest half of another one is left
            self._take, self._problem = self._taken(subject)
            self._subject = subject.name
        take = self._take
        pts_s = take.figure.pts_s
        start_s = self._found_s(take, wish) if wish.start_s is None else wish.start_s
        frames = frames_of(pts_s, start_s, wish.end_s, wanted.around_s)
        time = f"{pts_s[frames[0]]:.1f}-{pts_s[frames[1]]:.1f}s"
        titles = [model.title for model in take.shown]
        name = stem(subject.name, models_part(titles), wanted.applied.named, time, wish.kind.replace(" ", "-"))
        return Part(name, export_files.view(take._replace(frames=frames)), frames, take.video, self._problem)

    def _found_s(self, take: Take, wish: Wish) -> float:
        target = self._wanted.target
        *base, judged = [one.trace for one in take.shown[:2]]
        places = best_and_worst(judged, target, base[0] if base else None)
        if places is None:
            raise MomentError(f"{take.subject} has no frame with an annotation and a prediction of {target}")
        return float(take.figure.pts_s[places[wish.kind == WORST]])

    def _taken(self, subject: Subject) -> tuple[Take, str]:
        """What the page would show of a subject, and what is left out of it."""
        wanted = self._wanted
        corrupted = wanted.applied.corrupted if subject.name == wanted.corrupted_of else ()
        features = traces.features(subject.feature_file, corrupted)
        plain = traces.features(subject.feature_file) if corrupted else features
        shown: list[Shown] = []
        problems: list[str] = []
        for model in wanted.models:
            try:
                shown.append(self._shown(model, plain, features, wanted.applied._replace(corrupted=corrupted)))
            except BAD_INPUT as error:
                problems.append(str(error))
        if not shown:
            raise MomentError(problems[0] if problems else f"there is no model to show on {subject.name}")
        truth = recordings.truth(subject)
        notes = tuple(wanted.notes.get(subject.name, ()))
        figure: Figure = rows.compare_figure(
            subject.name, truth, shown, target=wanted.target, score=wanted.score, scaled=wanted.scaled,
            episodes=wanted.episodes.get(subject.name, ()),
            noted=note_lane.note_bands(notes, truth["pts_s"].to_numpy()),
        )  # fmt: skip
        take = Take(
            subject.name,
            subject.synthetic,
            smoothing.smoothed(figure) if wanted.smooth else figure,
            shown,
            truth,
            recordings.with_sound(subject.recording, wanted.cache) if subject.recording else None,
            wanted.target,
            wanted.score,
            wanted.scaled,
            wanted.rows,
            (0, len(figure.pts_s) - 1),
            sounds=wanted.cache / "sounds",
        )
        return take, " ".join(problems)

    def _shown(self, model: Chosen, plain: Features, changed: Features, applied: Applied) -> Shown:
        wanted = self._wanted
        file = shown_state(model.path)

        def computed(features: Features, change: WhatIf) -> Trace:
            made = traces.compute(features, file, wanted.device, change)
            if wanted.influence is None:
                return made
            return influences.compute(made, features, file, wanted.device, change)

        baseline = trace = computed(plain, UNCHANGED)
        if applied.reaches(model.checkpoint.config):
            trace = computed(changed, applied.change)
        relation = None if wanted.influence is None else influences.relation(trace, wanted.influence)
        return Shown(model.title, trace, baseline, model.style, applied.baseline_name, relation)


def listed(wishes: Sequence[Wish]) -> tuple[Wish, ...]:
    """The wishes with those of one subject in a row, at most `MOST`."""
    order = {name: k for k, name in enumerate(dict.fromkeys(wish.subject.name for wish in wishes))}
    return tuple(sorted(wishes, key=lambda wish: order[wish.subject.name])[:MOST])


def refusal(wanted: Wanted) -> str:
    """Why a zip cannot be made, in a sentence, or ""."""
    if not wanted.wishes:
        return "There is no such moment."
    if not wanted.kinds:
        return "Choose at least one kind of file."
    if wanted.films_s > LONGEST_FILMS_S:
        return (
            f"Films of {wanted.films_s / 60:.0f} minutes in all; expected at most {LONGEST_FILMS_S / 60:.0f}: leave "
            "out films, or choose fewer moments or seconds."
        )
    return ""
