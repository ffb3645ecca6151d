"""Work on many subjects: on threads of this process, in processes of their own, or in the workers of a cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from iaca.commands import CommandError
from iaca.compute.engine import Engine
from iaca.files import FileState, file_state, is_text

if TYPE_CHECKING:
    from iaca.checkpoints import Checkpoint
    from iaca.data.corpus_description import CorpusDescription
    from iaca.types import Episode

Task = TypeVar("Task")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)

TURNS_AHEAD = 2
"""Subjects of each thread that are worked on before the first of them is passed on."""


class ModelFiles(NamedTuple):
    """Models as they are sent to a worker, which loads each once.

    Attributes:
        files: Their files, as they were when the run began.
        device: Where the worker computes.
    """

    files: tuple[FileState, ...]
    device: str


Models = Sequence["Checkpoint"] | ModelFiles
"""Models of this process, or those that a worker loads."""


def models_for(checkpoints: Sequence[Checkpoint], engine: Engine) -> Models:
    """Models as `each_subject` needs them in its task: on threads of this process these, else their files."""
    if not _apart(engine):
        return checkpoints
    from iaca.compute.devices import device_of

    device = engine.device(str(device_of(checkpoints[0].model)))
    return ModelFiles(tuple(file_state(one.path.absolute()) for one in checkpoints), device)


def loaded(models: Models) -> Sequence[Checkpoint]:
    """The models, where the work is done."""
    return [_loaded(file, models.device) for file in models.files] if isinstance(models, ModelFiles) else models


def feature_files(folder: Path, split: str | None, names: Sequence[str]) -> list[Path]:
    """Feature files of a folder, in the order of their names. Where their number formats differ, the log says so.

    Args:
        folder: The folder.
        split: train, validation or test, to keep only its subjects; None: all.
        names: Names of subjects to keep; none: all.

    Raises:
        CommandError: Nothing is left, a subject is not there, or its name is no text.
        FeatureError: A file cannot be read.
    """
    from iaca.features.clip_networks import told_apart
    from iaca.features.feature_files import read_feature_header

    headers = {file: read_feature_header(file) for file in sorted(folder.glob("*.safetensors"))}
    missing = sorted(set(names) - {header["subject"] for header in headers.values()})
    if missing:
        raise CommandError(f"--subjects names {missing[0]!r}, of whom {folder} has no features; expected its subjects")
    found = [
        file
        for file, header in headers.items()
        if (split is None or header["split"] == split) and (not names or header["subject"] in names)
    ]
    if not found:
        which = "" if split is None else f" of the split {split!r}"
        raise CommandError(f"{folder} holds no feature file (<subject>.safetensors){which}; expected at least one")
    for file in found:
        subject = headers[file]["subject"]
        if not is_text(subject):
            raise CommandError(
                f"{file} has the features of {subject!r}, whose name is no UTF-8; expected a name that tables hold: "
                "rename the recording and extract it again, or name others in --subjects"
            )
    if mixed := told_apart((headers[file]["subject"], headers[file]["computed"]) for file in found):
        _log.warning("%s: %s", folder, mixed)
    return found


def beside(folder: Path) -> tuple[list[Episode], CorpusDescription | None]:
    """Known episodes and the description of the corpus, from a folder of features or the one around it.

    Returns:
        No episodes where there is no list of them; None where there is no description.

    Raises:
        InputError: A file cannot be read.
    """
    from iaca.data.corpus_description import read_description
    from iaca.data.episodes import read_episodes
    from iaca.features.folder import EPISODES

    places = (folder, folder.parent)
    episodes = next((read_episodes(place / EPISODES) for place in places if (place / EPISODES).is_file()), [])
    return episodes, next((found for place in places if (found := read_description(place)).conditions), None)


def each_subject(
    work: Callable[[Task, Path], Result],
    task: Task,
    files: Sequence[Path],
    checkpoints: Sequence[Checkpoint],
    engine: Engine,
    title: str,
) -> Iterator[tuple[Path, Result]]:
    """Do the work on every subject. Results do not depend on where it is done, nor on how much at a time.

    Args:
        work: A function of an importable module, called with the task and a feature file; it computes on one thread.
        task: What all subjects share: settings, and models from `models_for`.
        files: Feature files.
        checkpoints: The models; every machine of a cluster must see their files.
        engine: Where the work is done. The local engine works on threads of this process, one a core, unless it is
            given a number of workers: then in so many processes, of which one that dies costs a subject one attempt.
        title: Of the bar that shows progress.

    Yields:
        (file, result): on threads of this process in the order of the files, else the largest first, as they end.

    Raises:
        InputError: A subject cannot be read or does not fit, or its worker died twice; the others are given up.
        EngineError: Ray is not installed, or there is no such cluster.
    """
    from tqdm import tqdm

    from iaca.compute.devices import device_of
    from iaca.compute.lanes import Failure
    from iaca.compute.processes import run_all
    from iaca.compute.threads import side_by_side, threads_for
    from iaca.models.fusions.registry import plugin_modules

    with tqdm(total=len(files), desc=title, unit="subject", disable=None) as bar:
        if not _apart(engine):
            device = device_of(checkpoints[0].model)
            step = TURNS_AHEAD * threads_for(device)
            for start in range(0, len(files), step):
                part = files[start : start + step]
                yield from zip(part, side_by_side(lambda file: work(task, file), part, device), strict=True)
                bar.update(len(part))
            return
        named = {file.absolute(): file for file in files}
        models = [one.path.absolute() for one in checkpoints]
        ended = run_all(
            _on_one_thread,
            (work, task),
            list(named),
            processes=engine.workers or 1,
            engine=engine,
            threads=1,
            needed=lambda file: [file, *models],
            length=lambda file: file.stat().st_size,
            modules=plugin_modules(),
        )
        for file, outcome in ended:
            if isinstance(outcome, Failure):
                raise outcome.error or CommandError(f"{named[file]}: {outcome.reason}; run the command again")
            yield named[file], outcome
            bar.update(1)


def _apart(engine: Engine) -> bool:
    return engine.is_ray or engine.workers is not None


def _on_one_thread(common: tuple[Callable[[Task, Path], Result], Task], file: Path, progress: object) -> Result:
    """The work as a thread of the pool does it: the last digit of a product may depend on the number of threads."""
    from iaca.compute.threads import one_thread

    work, task = common
    with one_thread():
        return work(task, file)


@lru_cache(maxsize=16)
def _loaded(file: FileState, device: str) -> Checkpoint:
    from iaca.inference.placing import load_where_it_fits

    return load_where_it_fits(file.path, device)
