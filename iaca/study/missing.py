"""Fig 3: CCC of the study's models when clips are missing, with intervals over subjects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from iaca.checkpoints import load_checkpoint
from iaca.compute.threads import one_thread
from iaca.config import MODALITIES
from iaca.evaluation import INTERVAL, SUM_COLUMNS, ccc_of_sums, draw_subjects
from iaca.evaluation.robustness import sweep
from iaca.study.jobs import do_jobs
from iaca.study.plan import Variant
from iaca.study.runs import model_file
from iaca.study.tables import write_table
from iaca.types import Features, Progress


def missing_clips(
    out: Path,
    variants: Sequence[Variant],
    features: Sequence[Features],
    *,
    device: str = "cpu",
    jobs: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """CCC of models of seed 0 against the share of missing audio and of missing video.

    Args:
        out: Folder of the study; sweeps are kept in its `runs`.
        variants: Models.
        features: Subjects.
        device: Where to predict.
        jobs: Sweeps side by side.
        progress: Whether to show a bar.

    Returns:
        Columns variant, model, modality, pattern, share, target, ccc (mean over draws), low and high (95 % bootstrap
        over subjects).
    """
    planned = [(variant.name, modality) for variant in variants for modality in MODALITIES]
    waiting = [job for job in planned if not _file(out, job).is_file()]
    with tqdm(total=len(planned), initial=len(planned) - len(waiting), desc="missing clips", unit="sweep",
              disable=not progress) as bar:  # fmt: skip
        ended = do_jobs(
            _sweep, (out, features, device), waiting, name=" without ".join, what="sweeps", device=device,
            processes=jobs, bar=bar,
        )  # fmt: skip
        for _ in ended:
            pass
    titles = {variant.name: variant.title for variant in variants}
    tables = []
    for name, modality in planned:
        curve = curves(pd.read_parquet(_file(out, (name, modality))))
        curve.insert(0, "variant", name)
        curve.insert(1, "model", titles[name])
        curve.insert(2, "modality", modality)
        tables.append(curve)
    return pd.concat(tables, ignore_index=True)


def curves(swept: pd.DataFrame) -> pd.DataFrame:
    """Pooled CCC per pattern, share and target: mean over draws, with a bootstrap interval over subjects.

    Args:
        swept: What `iaca.evaluation.robustness.sweep` returned, for one subject or more.

    Returns:
        Columns pattern, share, target, ccc, low, high; NaN bounds for one subject.
    """
    rows = []
    draws = draw_subjects(swept.subject.nunique())
    for (pattern, share, target), part in swept.groupby(["pattern", "share", "target"], sort=False):
        part = part.sort_values(["draw", "subject"])
        cube = part[list(SUM_COLUMNS)].to_numpy().reshape(part.draw.nunique(), -1, 6)
        low = high = float("nan")
        if cube.shape[1] > 1:
            means = np.mean([ccc_of_sums(draws @ one) for one in cube], axis=0)
            means = means[np.isfinite(means)]
            low, high = np.percentile(means, INTERVAL) if len(means) else (low, high)
        value = float(np.mean(ccc_of_sums(cube.sum(axis=1))))
        where = {"pattern": pattern, "share": share, "target": target}
        rows.append(where | {"ccc": value, "low": float(low), "high": float(high)})
    return pd.DataFrame(rows)


def missing_table(table: pd.DataFrame, modality: str, target: str) -> pd.DataFrame:
    """One row a model and pattern, one column a share, as the report prints it."""
    chosen = table[(table.modality == modality) & (table.target == target)]
    rows = []
    for (model, pattern), part in chosen.groupby(["model", "pattern"], sort=False):
        values = {f"{share:.0%}": f"{value:.3f}" for share, value in zip(part.share, part.ccc, strict=True)}
        rows.append({"model": model, "pattern": pattern} | values)
    return pd.DataFrame(rows)


def _file(out: Path, job: tuple[str, str]) -> Path:
    """Where a sweep lies; the name tells which weights it was made with."""
    name, modality = job
    weights = hashlib.sha256(model_file(out, name).read_bytes()).hexdigest()[:12]
    return out / "runs" / f"{name}-0.{weights}.missing-{modality}.parquet"


@one_thread()
def _sweep(common: tuple[Path, Sequence[Features], str], job: tuple[str, str], progress: Progress) -> None:
    out, features, device = common
    name, modality = job
    model = load_checkpoint(model_file(out, name), device).model
    write_table(_file(out, job), sweep(model, features, modality=modality))
