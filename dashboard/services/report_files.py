"""What the page Corpus shows as one HTML file that needs no server, made in the background."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dashboard.services import overviews, shared_notes, traces
from dashboard.services.corpora import Subject
from dashboard.services.file_names import change_part, models_part, stem
from dashboard.services.made_files import Made
from dashboard.services.model_files import Chosen
from dashboard.services.note_store import Book
from dashboard.services.overviews import Wanted
from dashboard.state.shown_paths import for_visitors
from iaca.data.notes import Written
from iaca.features.feature_files import read_features
from iaca.files import file_sha256, write_whole
from iaca.study.corpus_report import corpus_report
from iaca.study.noted_moments import NotedError, NotedMoments
from iaca.study.provenance import features_fingerprint
from iaca.types import Progress, Trace


def made(
    asked: Wanted,
    subjects: Sequence[Subject],
    models: Sequence[Chosen],
    words: str,
    book: Book | None,
    folder: Path,
) -> Made:
    """The report, made or not: the same as `python -m iaca report` writes.

    Args:
        asked: The view of the corpus.
        subjects: Those of it that are listed; all are measured.
        models: One or two.
        words: What is changed, or "".
        book: Whose notes and saved views it holds; None: nobody's.
        folder: Where files are kept.

    Raises:
        NoteError: The notes cannot be read.
    """
    written = Written() if book is None else shared_notes.written(book)
    titles = [model.title for model in models]
    names = [subject.name for subject in subjects]
    facts = (asked.key, names, titles, words, written)
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
    files = {subject.name: subject.feature_file for subject in subjects}

    def traces_of(name: str) -> list[Trace]:
        if name not in files:
            raise NotedError(f"{name} is not among the subjects of this report")
        features = read_features(files[name])
        return [traces.compute(features, file, asked.device, asked.change) for file in asked.models]

    def write(file: Path, progress: Progress) -> None:
        pairs = overviews.found(asked).pairs
        about = {
            f"Model {model.title}": f"{model.path.name}, SHA-256 {file_sha256(model.path)}" for model in models
        } | {
            "Features": f"{len(files)} files, SHA-256 of their hashes {features_fingerprint(list(files.values()))}",
            "Listed": f"{len(names)} of {len(asked.people)} subjects",
            "What if": words or "unchanged",
        }
        page = corpus_report(
            [pairs[name] for name in names if name in pairs],
            titles,
            about,
            synthetic=any(subject.synthetic for subject in subjects),
            threshold=asked.threshold,
            written=written,
            draw=NotedMoments(traces_of).figure,
            said=for_visitors,
            progress=progress,
        )
        write_whole(file, page.encode())

    called = stem("report", models_part(titles), change_part(asked.change))
    return Made(folder / "reports", digest, "html", called, write)
