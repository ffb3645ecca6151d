"""Training every model of the study with several seeds: side by side, resumable, never mixing two studies."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

import iaca
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.compute.engine import HERE, Engine
from iaca.compute.threads import one_thread
from iaca.errors import InputError
from iaca.evaluation import SUM_COLUMNS, ccc_sums
from iaca.files import write_whole
from iaca.inference import predict
from iaca.study.jobs import do_jobs
from iaca.study.known import as_seen_by, segments
from iaca.study.plan import VALIDATION, Variant
from iaca.training import features_fingerprint, train_fusion
from iaca.types import Episode, Features, Progress

SUMS = "moments"
"""Field of a run's result file that holds its sums."""


class StudyError(InputError):
    """A results folder or features that the study cannot use."""


def run_study(
    train: Sequence[Features],
    scored: Mapping[str, Sequence[Features]],
    variants: Sequence[Variant],
    seeds: int,
    out: Path,
    *,
    episodes: Sequence[Episode] = (),
    device: str = "cpu",
    engine: Engine = HERE,
    progress: bool = True,
) -> pd.DataFrame:
    """Train what is missing and collect the sums behind every score.

    Every run leaves its model and its sums in `out`/runs. Weights are stored in half precision and scored as stored. On
    a CPU, several runs go side by side.

    Args:
        train: Training subjects.
        scored: Name of a draw -> its subjects.
        variants: Rows of the tables.
        seeds: Seeds 0 to seeds - 1.
        out: Folder; a run whose result is in it is not repeated.
        episodes: Known episodes; those of scored subjects are also scored on their own, and all are told to rows that
            are `told`.
        device: Where to train.
        engine: What runs are trained on.
        progress: Whether to show a bar.

    Returns:
        One row per variant, seed, draw, subject, segment and target, with parameters, seconds of training and the six
        sums of `ccc_sums`.

    Raises:
        StudyError: `out` holds results of other features or settings.
        JobsError: Models that could not be trained; all others are.
        EngineError: Ray is not installed, or there is no such cluster.
    """
    fingerprint = features_fingerprint([*train, *(item for draw in scored.values() for item in draw)])
    planned = [(_with_seed(variant, seed), seed) for seed in range(seeds) for variant in variants]
    done: dict[tuple[str, int], dict[str, Any]] = {}
    for variant, seed in planned:
        file = _result_file(out, variant, seed)
        if file.is_file():
            done[variant.name, seed] = json.loads(file.read_text(encoding="utf-8"))
            if done[variant.name, seed]["identity"] != _identity(variant, fingerprint):
                raise StudyError(
                    f"{file} was made by another version, or with other features or settings; expected an empty "
                    "--out folder"
                )
    waiting = [(variant, seed) for variant, seed in planned if (variant.name, seed) not in done]
    common = _Study(train, scored, episodes, out.absolute(), device, fingerprint)
    with tqdm(total=len(planned), initial=len(done), desc="study", unit="model", disable=not progress) as bar:
        ended = do_jobs(_run, common, waiting, out, name=run_name, what="models", device=device, engine=engine, bar=bar)
        for (variant, seed), result in ended:
            done[variant.name, seed] = result
    return _collect(variants, seeds, done)


def _with_seed(variant: Variant, seed: int) -> Variant:
    """The variant as it is trained with a seed."""
    return replace(variant, training=replace(variant.training, seed=seed))


def model_file(out: Path, name: str, seed: int = 0) -> Path:
    """Where a model of the study is stored."""
    return out / "runs" / f"{name}-{seed}.safetensors"


def _result_file(out: Path, variant: Variant, seed: int) -> Path:
    return model_file(out, variant.name, seed).with_suffix(".json")


def _identity(variant: Variant, fingerprint: str) -> dict[str, Any]:
    return {
        "version": iaca.__version__,
        "config": variant.config.to_dict(),
        "training": variant.training.to_dict(),
        "only": variant.only,
        "told": variant.told,
        "features": fingerprint,
    }


class _Study(NamedTuple):
    """What all runs share."""

    train: Sequence[Features]
    scored: Mapping[str, Sequence[Features]]
    episodes: Sequence[Episode]
    out: Path
    device: str
    fingerprint: str


def run_name(run: tuple[Variant, int]) -> str:
    """What a variant of a seed is called."""
    variant, seed = run
    return f"{variant.name}, seed {seed}"


@one_thread()
def _run(study: _Study, job: tuple[Variant, int], progress: Progress) -> dict[str, Any]:
    """Train one model, store it, and write what follows from the stored one."""
    variant, seed = job
    train, scored, episodes, out, device, fingerprint = study
    began = time.perf_counter()
    seen = [as_seen_by(variant, item, episodes) for item in train]
    chosen_on = scored[VALIDATION] if variant.training.needs_validation else ()
    validation = [as_seen_by(variant, item, episodes) for item in chosen_on]
    model, report = train_fusion(
        seen, variant.config, variant.training, validation=validation, device=device, progress=False
    )
    seconds = time.perf_counter() - began
    weights = model_file(out, variant.name, seed)
    save_checkpoint(weights, model, backbones=train[0].backbones, training=report, dtype=torch.float16)
    saved = load_checkpoint(weights, device).model  # what is scored is what is stored
    result = {
        "identity": _identity(variant, fingerprint),
        "parameters": sum(p.numel() for p in saved.parameters()),
        "seconds": round(seconds, 2),
        SUMS: {
            draw: {
                item.subject: sums_of_subject(item, predict(as_seen_by(variant, item, episodes), saved), episodes)
                for item in subjects
            }
            for draw, subjects in scored.items()
        },
    }
    write_whole(_result_file(out, variant, seed), json.dumps(result).encode())
    return result


def sums_of_subject(
    item: Features, predictions: Mapping[str, np.ndarray], episodes: Sequence[Episode]
) -> dict[str, dict[str, list[float]]]:
    """Segment -> target -> the sums of `ccc_sums`, of one subject's predictions: target -> (N,)."""
    return {
        segment: {
            target: ccc_sums(getattr(item, target)[mask], values[mask]).tolist()
            for target, values in predictions.items()
        }
        for segment, mask in segments(item, episodes).items()
    }


def rows_of(sums: Mapping[str, Any], **where: Any) -> list[dict[str, Any]]:
    """Rows of a table from what `sums_of` returned, each with the columns of `where`."""
    return [
        where | {"subject": subject, "segment": segment, "target": target} | dict(zip(SUM_COLUMNS, values, strict=True))
        for subject, by_segment in sums.items()
        for segment, by_target in by_segment.items()
        for target, values in by_target.items()
    ]


def _collect(
    variants: Sequence[Variant], seeds: int, done: Mapping[tuple[str, int], Mapping[str, Any]]
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        for variant in variants:
            result = done[variant.name, seed]
            about = {"variant": variant.name, "seed": seed}
            about |= {name: result[name] for name in ("parameters", "seconds")}
            for draw, sums in result[SUMS].items():
                rows += rows_of(sums, **about, draw=draw)
    return pd.DataFrame(rows)
