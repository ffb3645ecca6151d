"""The label-memory curve: whether attention pays depends on how long labels remember where they were.

A window averages over 20 s. Labels that forget within 2 s have little to learn from its other clips; labels that
remember for 10 s have much. The same models are trained on corpora that differ in this alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from iaca.compute.engine import HERE, Engine
from iaca.config import TARGETS
from iaca.data.corpus_description import FILE, read_description
from iaca.data.label_memory import label_autocorrelation, subject_autocorrelation
from iaca.features.folder import read_folder
from iaca.study.contrasts import estimate
from iaca.study.plan import ALL, VALIDATION, Variant
from iaca.study.runs import StudyError, run_study
from iaca.study.tables import Group, Sums
from iaca.types import Episode

CURVE_MODELS = ("concat", "ca", "ca_blind_gates", "ca_iaca")
"""Rows that are trained at every memory."""

CURVE_COLUMNS = ["memory_s", "variant", "model", "target", "ccc", "sd", "low", "high", "seeds", "subjects"]
LABEL_COLUMNS = ["memory_s", "lag_s", "target", "value"]


def memory_of(folder: Path) -> float:
    """How long the labels of a synthetic corpus remember, in seconds, as its corpus.json says.

    Raises:
        StudyError: It does not say it.
    """
    memory_s = read_description(folder).emotion_memory_s if (folder / FILE).is_file() else None
    if memory_s is None:
        raise StudyError(f"{folder} has no {FILE} with emotion_memory_s; expected features of a synthetic corpus")
    return memory_s


def memory_curve(
    folders: Sequence[Path],
    own: tuple[Path, Sums],
    variants: Sequence[Variant],
    seeds: int,
    out: Path,
    *,
    episodes: Mapping[Path, Sequence[Episode]],
    device: str = "cpu",
    engine: Engine = HERE,
) -> pd.DataFrame:
    """Train the rows of the curve at every memory, and score them on the validation subjects of each.

    Args:
        folders: Features of corpora that differ from the study's in their memory.
        own: Folder of the study's features, and the sums of its validation draw.
        variants: Rows of the study; those of `CURVE_MODELS` are used.
        seeds: Seeds of the study.
        out: Its folder; the runs of each memory lie in a folder of their own.
        episodes: Known episodes of each folder.
        device: Where to train.
        engine: What runs are trained on.

    Returns:
        Columns of `CURVE_COLUMNS`, by memory; scores are over all frames. Empty without folders.

    Raises:
        StudyError: A folder does not say its memory, two have the same, or their clip strides differ.
    """
    if not folders:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    rows = [variant for variant in variants if variant.name in CURVE_MODELS]
    found = {memory_of(own[0]): own[1]}
    for folder in folders:
        memory_s = memory_of(folder)
        if memory_s in found:
            raise StudyError(f"{folder} has a memory of {memory_s:g} s, as another folder has; expected one of each")
        train, validation = read_folder(folder, "train"), read_folder(folder, VALIDATION)
        results = run_study(
            train, {VALIDATION: validation}, rows, seeds, out / f"memory-{memory_s:g}", episodes=episodes[folder],
            device=device, engine=engine,
        )  # fmt: skip
        found[memory_s] = Sums(results, VALIDATION)
    table = []
    for memory_s, sums in sorted(found.items()):
        everyone = Group(ALL, tuple(sums.subjects))
        for row in rows:
            for target in row.config.targets:
                one = estimate(sums.of(row.name, target, everyone))
                table.append(
                    (memory_s, row.name, row.title, target, one.value, sums.spread(row.name, target, everyone),
                     *one.interval(), one.seeds, one.subjects)
                )  # fmt: skip
    return pd.DataFrame(table, columns=CURVE_COLUMNS)


def labels_by_memory(folders: Sequence[Path]) -> pd.DataFrame:
    """Autocorrelation of the labels of the validation subjects of each corpus, by its memory.

    Args:
        folders: Features of corpora that say their memory.

    Returns:
        Columns of `LABEL_COLUMNS`; NaN where too few frames are annotated.
    """
    rows = []
    for folder in folders:
        features = read_folder(folder, VALIDATION)
        labels = [[subject_autocorrelation(f.pts_s, getattr(f, target)) for target in TARGETS] for f in features]
        for one in label_autocorrelation(labels):
            value = float("nan") if one.value is None else one.value
            rows.append((memory_of(folder), one.lag_s, one.target, value))
    return pd.DataFrame(rows, columns=LABEL_COLUMNS).sort_values("memory_s", kind="stable", ignore_index=True)
