"""CCC with missing clips: swept in the background and kept piece by piece, or read from a study."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dashboard.export.spreadsheet import as_csv
from dashboard.services import jobs, model_files, traces
from dashboard.services.corpora import Subject
from dashboard.services.memory import keep
from iaca.config import DropoutPattern
from iaca.errors import BAD_INPUT, InputError
from iaca.evaluation import SUM_COLUMNS, robustness
from iaca.features.feature_files import read_features
from iaca.files import FileState, file_state
from iaca.inference import check_fit
from iaca.metrics import MINIMUM_FRAMES
from iaca.study.missing import curves
from iaca.types import Progress

DRAWS = robustness.DRAWS
"""Random draws of missing clips that every point is the mean of."""

COLUMNS = ("variant", "model", "modality", "pattern", "share", "target", "ccc", "low", "high")
PIECES_KEPT = 50_000


class StoredError(InputError):
    """Stored curves that cannot be shown: the message names the file and what was expected."""


class Wanted(NamedTuple):
    """Curves that somebody wants to see.

    Attributes:
        models: (title, file) of each.
        subjects: Feature files.
        modality: What is lost: audio or visual.
        pattern: Which clips.
        device: Where to compute.
    """

    models: tuple[tuple[str, FileState], ...]
    subjects: tuple[FileState, ...]
    modality: str
    pattern: str
    device: str

    @property
    def key(self) -> str:
        """Of the job."""
        return "missing clips " + hashlib.sha256(repr(self).encode()).hexdigest()[:32]


class Found(NamedTuple):
    """What there is of the wanted curves by now.

    Attributes:
        table: Rows as `iaca.figures.paper.figure_3` wants them, for each share that every usable subject has.
        problems: Sentences about subjects that cannot be counted.
        pieces: Pieces that are there: one for each model, subject and share.
        total: Pieces that there will be.
        subjects: Subjects behind the curves: those with annotated frames, where there are any.
        undefined: Titles and targets whose CCC is not defined.
    """

    table: pd.DataFrame
    problems: tuple[str, ...]
    pieces: int
    total: int
    subjects: int
    undefined: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to compute."""
        return self.pieces == self.total


Piece = tuple[FileState, FileState, str, str, float, str]
"""Model, subject, modality, pattern, share, device."""

_pieces: OrderedDict[Piece, pd.DataFrame | str] = OrderedDict()
"""What was computed since the server started: rows of `iaca.evaluation.robustness.sweep`, or why there are none."""

_lock = threading.Lock()


def wanted(
    models: Sequence[tuple[str, Path]], subjects: Sequence[Subject], modality: str, pattern: str, device: str
) -> Wanted:
    """The curves of models for subjects, of those that have features."""
    return Wanted(
        tuple((title, file_state(path)) for title, path in models),
        tuple(file_state(one.features) for one in subjects if one.features is not None),
        modality,
        pattern,
        device,
    )


def begin(asked: Wanted) -> jobs.Job:
    """Compute in the background what is missing, or join who is at it. What is computed stays, also after a stop."""

    def work(progress: Progress) -> None:
        missing = [piece for piece in _all_pieces(asked) if _piece(piece) is None]
        for i, piece in enumerate(missing):
            progress(i, len(missing))
            made = _compute(piece)
            with _lock:
                _pieces[piece] = made
                while len(_pieces) > PIECES_KEPT:
                    _pieces.popitem(last=False)
        progress(len(missing), len(missing))

    return jobs.begin(asked.key, work)


def found(asked: Wanted) -> Found:
    """The curves as far as they are computed; a share counts once every subject has it."""
    tables, problems, undefined, total, count, behind = [], [], [], 0, 0, 0
    for title, model in asked.models:
        swept = []
        for share in robustness.SHARES:
            made = [_piece(piece) for piece in _pieces_of(asked, model, share)]
            total += len(made)
            count += sum(one is not None for one in made)
            problems += [one for one in made if isinstance(one, str)]
            rows = [one for one in made if isinstance(one, pd.DataFrame)]
            if rows and all(one is not None for one in made):
                swept.append(pd.concat(rows, ignore_index=True))
        if swept:
            whole = pd.concat(swept, ignore_index=True)
            rated = whole[whole[SUM_COLUMNS[0]] >= MINIMUM_FRAMES]
            if len(rated):
                left_out = sorted(set(whole["subject"]) - set(rated["subject"]))
                problems += [
                    f"{one} has fewer than {MINIMUM_FRAMES} annotated frames and is left out." for one in left_out
                ]
                whole = rated
            behind = max(behind, whole["subject"].nunique())
            curve = curves([whole])
            undefined += [f"{title}, {target}" for target in curve[curve["ccc"].isna()]["target"].unique()]
            curve.insert(0, "model", title)
            tables.append(curve)
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS[1:]))
    return Found(table, tuple(dict.fromkeys(problems)), count, total, behind, tuple(undefined))


def stored(folder: Path) -> pd.DataFrame:
    """What the study stored.

    Args:
        folder: Its results.

    Returns:
        One row a variant, modality, pattern, share and target; none where the folder has no such table.

    Raises:
        StoredError: The table cannot be read, or lacks a column.
    """
    file = folder / "missing.parquet"
    return _stored(file_state(file)) if file.is_file() else pd.DataFrame(columns=list(COLUMNS))


@keep
def _stored(file: FileState) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file.path)
    except (OSError, ValueError) as error:  # errors of pyarrow are ValueErrors
        raise StoredError(f"{file.path} cannot be read ({error}); expected a table of a study") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise StoredError(f"{file.path} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    return table


def figure_file(table: pd.DataFrame, file_format: str, synthetic: bool) -> bytes:
    """The curves as SVG, PDF or PNG, as Fig 3 is printed."""
    from iaca.figures.paper import figure_3
    from iaca.figures.print_style import render

    return render(figure_3(table, synthetic=synthetic), file_format, title="missing-clips")


def csv_file(table: pd.DataFrame) -> bytes:
    """The curves as CSV: a line a point; a value that is not defined is an empty field."""
    return as_csv(table)


def _all_pieces(asked: Wanted) -> list[Piece]:
    """Share by share, so that curves grow from the left."""
    return [
        piece for share in robustness.SHARES for _, model in asked.models for piece in _pieces_of(asked, model, share)
    ]


def _pieces_of(asked: Wanted, model: FileState, share: float) -> list[Piece]:
    return [(model, subject, asked.modality, asked.pattern, share, asked.device) for subject in asked.subjects]


def _piece(piece: Piece) -> pd.DataFrame | str | None:
    with _lock:
        return _pieces.get(piece)


def _compute(piece: Piece) -> pd.DataFrame | str:
    model, subject, modality, pattern, share, device = piece
    try:
        checkpoint = model_files.load(model, device)
        features = read_features(subject.path)  # past the cache of features: this goes through the whole corpus
        check_fit(features, checkpoint)
        with traces.device_turn(device):
            return robustness.sweep(
                checkpoint.model, [features], modality=modality, shares=[share], patterns=[DropoutPattern(pattern)]
            )
    except BAD_INPUT as error:
        return str(error)
