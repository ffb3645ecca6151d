"""Fig 3: CCC of the study's models when clips are missing, with intervals over subjects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from iaca.checkpoints import load_checkpoint
from iaca.compute.engine import HERE, Engine
from iaca.compute.threads import one_thread
from iaca.config import MODALITIES
from iaca.evaluation import SUM_COLUMNS
from iaca.evaluation.robustness import sweep
from iaca.study.contrasts import estimate
from iaca.study.jobs import do_jobs
from iaca.study.known import as_seen_by
from iaca.study.plan import EXTENSIONS, Variant
from iaca.study.runs import model_file
from iaca.study.tables import write_table
from iaca.types import Episode, Features, Progress


def missing_clips(
    out: Path,
    variants: Sequence[Variant],
    seeds: int,
    features: Sequence[Features],
    *,
    episodes: Sequence[Episode] = (),
    device: str = "cpu",
    engine: Engine = HERE,
    progress: bool = True,
) -> pd.DataFrame:
    """CCC of models against the share of missing audio and of missing video.

    Args:
        out: Folder of the study; sweeps are kept in its `runs`.
        variants: Models.
        seeds: Seeds 0 to seeds - 1 of each.
        features: Subjects.
        episodes: Known episodes, for rows that are told.
        device: Where to predict.
        engine: What sweeps run on.
        progress: Whether to show a bar.

    Returns:
        Columns variant, model, regime, modality, pattern, share, target, ccc (mean over draws and seeds), low and high
        (95 % interval over subjects and seeds).
    """
    planned = [(variant, seed, modality) for seed in range(seeds) for variant in variants for modality in MODALITIES]
    waiting = [job for job in planned if not _file(out, job).is_file()]
    with tqdm(total=len(planned), initial=len(planned) - len(waiting), desc="missing clips", unit="sweep",
              disable=not progress) as bar:  # fmt: skip
        ended = do_jobs(
            _sweep, (out.absolute(), features, episodes, device), waiting, out, name=_name, what="sweeps",
            device=device, engine=engine, bar=bar,
        )  # fmt: skip
        for _ in ended:
            pass
    tables = []
    for variant in variants:
        for modality in MODALITIES:
            curve = curves([pd.read_parquet(_file(out, (variant, seed, modality))) for seed in range(seeds)])
            title = variant.title if variant.regime == EXTENSIONS else f"{variant.title} ({variant.regime})"
            about = {"variant": variant.name, "model": title, "regime": variant.regime, "modality": modality}
            for place, (name, value) in enumerate(about.items()):
                curve.insert(place, name, value)
            tables.append(curve)
    return pd.concat(tables, ignore_index=True)


def curves(swept: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Pooled CCC per pattern, share and target: mean over draws and seeds, with an interval over subjects and seeds.

    Args:
        swept: What `iaca.evaluation.robustness.sweep` returned for each seed, for one subject or more.

    Returns:
        Columns pattern, share, target, ccc, low, high; NaN bounds for one subject.
    """
    rows = []
    for pattern, share, target in swept[0][["pattern", "share", "target"]].drop_duplicates().itertuples(index=False):
        cubes = []
        for table in swept:
            own = table[(table.pattern == pattern) & (table.share == share) & (table.target == target)]
            own = own.sort_values(["draw", "subject"])
            cubes.append(own[list(SUM_COLUMNS)].to_numpy().reshape(own.draw.nunique(), -1, 6))
        found = estimate(np.stack(cubes))
        low, high = found.interval()
        where = {"pattern": pattern, "share": share, "target": target}
        rows.append(where | {"ccc": found.value, "low": low, "high": high})
    return pd.DataFrame(rows)


def missing_table(table: pd.DataFrame, modality: str, target: str) -> pd.DataFrame:
    """One row a model and pattern, one column a share, as the report prints it."""
    chosen = table[(table.modality == modality) & (table.target == target)]
    rows = []
    for (model, pattern), part in chosen.groupby(["model", "pattern"], sort=False):
        values = {f"{share:.0%}": f"{value:.3f}" for share, value in zip(part.share, part.ccc, strict=True)}
        rows.append({"model": model, "pattern": pattern} | values)
    return pd.DataFrame(rows)


def _name(job: tuple[Variant, int, str]) -> str:
    variant, seed, modality = job
    return f"{variant.name}, seed {seed}, without {modality}"


def _file(out: Path, job: tuple[Variant, int, str]) -> Path:
    """Where a sweep lies; the name tells which weights it was made with."""
    variant, seed, modality = job
    weights = hashlib.sha256(model_file(out, variant.name, seed).read_bytes()).hexdigest()[:12]
    return out / "runs" / f"{variant.name}-{seed}.{weights}.missing-{modality}.parquet"


@one_thread()
def _sweep(
    common: tuple[Path, Sequence[Features], Sequence[Episode], str], job: tuple[Variant, int, str], progress: Progress
) -> None:
    out, features, episodes, device = common
    variant, seed, modality = job
    model = load_checkpoint(model_file(out, variant.name, seed), device).model
    seen = [as_seen_by(variant, item, episodes) for item in features]
    write_table(_file(out, job), sweep(model, seen, modality=modality))
