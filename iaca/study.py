"""The study: every model over several seeds on the same features, and what IACA changes, with intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.config import TARGETS, FusionConfig, Gate, Stage1Context
from iaca.errors import InputError
from iaca.evaluation import MOMENT_COLUMNS, ccc_moments, ccc_of_moments, draw_subjects
from iaca.files import write_whole
from iaca.inference import predict
from iaca.models.fusion_model import FusionModel
from iaca.training import features_fingerprint, train_fusion
from iaca.training_config import TrainingConfig
from iaca.types import Features

ALL = "all"
FEWEST_SUBJECTS = 5
"""Below it, no verdict: an interval over subjects says nothing."""


class StudyError(InputError):
    """A results folder or features that the study cannot use."""


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    Attributes:
        name: File-name-safe name, such as ca_iaca.
        title: What the table calls it.
        base: Name of the variant it is compared with, or None.
        config: The model.
        training: How it is trained; its seed is replaced by each of the study.
    """

    name: str
    title: str
    base: str | None
    config: FusionConfig
    training: TrainingConfig


CONSTANT_GATES = "constant_gates"


def variants_of(fusion: str, settings: Mapping[str, int], training: TrainingConfig | None = None) -> list[Variant]:
    """A base fusion, IACA on it, and IACA with constant gates, all with the extensions.

    Args:
        fusion: Name of a registered fusion.
        settings: Fields of FusionConfig that all of them share, at least audio_dim, visual_dim and dim.
        training: Settings; None: the defaults.

    Returns:
        The rows; for `concat` only the base and its second stage.
    """
    training = training or TrainingConfig()
    base = FusionConfig(fusion=fusion, **settings)
    gated = replace(base, iaca=True, stage1_context=Stage1Context.BOTH)
    title = fusion.upper() if fusion != "concat" else "Concat"
    rows = [Variant(fusion, title, None, base, training)]
    if fusion != "concat":
        constant = replace(gated, gate=Gate.CONSTANT)
        rows += [
            Variant(f"{fusion}_iaca", f"{title}+IACA", fusion, gated, training),
            Variant(f"{fusion}_{CONSTANT_GATES}", f"{title}+constant gates", fusion, constant, training),
        ]
    return rows


def run_study(
    train: Sequence[Features],
    validation: Sequence[Features],
    variants: Sequence[Variant],
    seeds: int,
    out: Path,
    *,
    device: str = "cpu",
    progress: bool = True,
) -> pd.DataFrame:
    """Train what is missing and collect the sums behind every score.

    Every run leaves its model and its sums in `out`/runs; weights are stored in half precision and scored as stored.

    Args:
        train: Training subjects.
        validation: Subjects that scores are reported for; nothing is selected on them.
        variants: Rows of the table.
        seeds: Seeds 0 to seeds - 1.
        out: Folder; a run whose result lies in it already is not repeated.
        device: Where to train.
        progress: Whether to show a bar.

    Returns:
        One row per variant, seed, subject and target, with parameters and the six sums of `ccc_moments`.

    Raises:
        StudyError: `out` holds results of other features or settings.
    """
    fingerprint = features_fingerprint([*train, *validation])
    rows: list[dict[str, Any]] = []
    jobs = [(variant, seed) for seed in range(seeds) for variant in variants]
    for variant, seed in tqdm(jobs, desc="study", unit="model", disable=not progress):
        training = replace(variant.training, seed=seed)
        identity = {"config": variant.config.to_dict(), "training": training.to_dict(), "features": fingerprint}
        file = out / "runs" / f"{variant.name}-{seed}.json"
        if file.is_file():
            result = json.loads(file.read_text())
            if result["identity"] != identity:
                raise StudyError(f"{file} was made with other features or settings; expected an empty --out folder")
        else:
            model, training_report = train_fusion(train, variant.config, training, device=device, progress=False)
            weights = file.with_suffix(".safetensors")
            save_checkpoint(weights, model, backbones=train[0].backbones, training=training_report, dtype=torch.float16)
            saved = load_checkpoint(weights, device).model  # what is scored is what is stored
            result = {
                "identity": identity,
                "parameters": sum(p.numel() for p in saved.parameters()),
                "moments": _moments(saved, validation),
            }
            write_whole(file, json.dumps(result).encode())
        for subject, by_target in result["moments"].items():
            for target, moments in by_target.items():
                rows.append(
                    {
                        "variant": variant.name,
                        "seed": seed,
                        "subject": subject,
                        "target": target,
                        "parameters": result["parameters"],
                        **dict(zip(MOMENT_COLUMNS, moments, strict=True)),
                    }
                )
    return pd.DataFrame(rows)


def table(results: pd.DataFrame, variants: Sequence[Variant], groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """CCC of every variant, mean and standard deviation over seeds, per group of subjects and target.

    Args:
        results: What `run_study` returned.
        variants: Rows, in order.
        groups: Group -> its subjects.

    Returns:
        Columns: model, parameters, then "<group> <target>" with "mean ± sd".
    """
    rows = []
    for variant in variants:
        parameters = int(results.loc[results.variant == variant.name, "parameters"].iloc[0])
        row: dict[str, Any] = {"model": variant.title, "parameters": parameters}
        for group, subjects in groups.items():
            for target in variant.config.targets:
                values = ccc_of_moments(_cube(results, variant.name, target, subjects).sum(axis=1))
                spread = values.std(ddof=1) if len(values) > 1 else float("nan")
                row[f"{group} {target}"] = f"{values.mean():.3f} ± {spread:.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def differences(
    results: pd.DataFrame, variants: Sequence[Variant], groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """What each variant changes against its base: mean over seeds, with a bootstrap interval.

    Subjects and seeds are drawn with replacement, the same for both models: the interval covers who was looked at
    and how training happened to go.

    Returns:
        One row per variant, group and target: difference, low, high, seeds_better, seeds, verdict.
    """
    rows = []
    seed_draw = np.random.default_rng(0)
    for variant in variants:
        if variant.base is None:
            continue
        for group, subjects in groups.items():
            draws = draw_subjects(len(subjects))
            for target in TARGETS:
                ours = _cube(results, variant.name, target, subjects)
                base = _cube(results, variant.base, target, subjects)
                per_seed = ccc_of_moments(ours.sum(axis=1)) - ccc_of_moments(base.sum(axis=1))
                drawn = np.stack(
                    [ccc_of_moments(draws @ a) - ccc_of_moments(draws @ b) for a, b in zip(ours, base, strict=True)]
                )
                picked = seed_draw.integers(0, len(drawn), drawn.shape)
                low, high = np.nanpercentile(np.take_along_axis(drawn, picked, axis=0).mean(axis=0), (2.5, 97.5))
                verdict = "helps" if low > 0 else "hurts" if high < 0 else "cannot be told apart"
                if len(subjects) < FEWEST_SUBJECTS:
                    verdict = "too few subjects"
                rows.append(
                    {
                        "model": variant.title,
                        "base": variant.base.upper(),
                        "group": group,
                        "target": target,
                        "difference": per_seed.mean(),
                        "low": low,
                        "high": high,
                        "seeds_better": int((per_seed > 0).sum()),
                        "seeds": len(per_seed),
                        "verdict": verdict,
                    }
                )
    return pd.DataFrame(rows)


def report(
    results: pd.DataFrame, variants: Sequence[Variant], groups: Mapping[str, Sequence[str]], clip_stride: int
) -> str:
    """The study as Markdown: what was measured, on whom, and what follows."""
    frames = int(
        results[(results.variant == variants[0].name) & (results.seed == 0)].groupby("target").moment_0.sum().iloc[0]
    )
    seeds = results.seed.nunique()
    lines = [
        "# Does IACA help?",
        "",
        f"CCC (mean ± standard deviation over {seeds} seeds) on {len(groups[ALL])} validation subjects, "
        f"{frames} annotated frames, clip stride {clip_stride}. "
        + ", ".join(f"{name}: {len(subjects)} subjects" for name, subjects in groups.items() if name != ALL),
        "",
        markdown(table(results, variants, groups)),
        "",
        "Difference to the base: mean over seeds, 95 % bootstrap interval over subjects and seeds.",
        "",
        markdown(
            pd.DataFrame(
                {
                    "model": f"{row.model} - {row.base}",
                    "group": row.group,
                    "target": row.target,
                    "difference": f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]",
                    "seeds better": f"{row.seeds_better} of {row.seeds}",
                    "verdict": row.verdict,
                }
                for row in differences(results, variants, groups).itertuples()
            )
        ),
        "",
    ]
    return "\n".join(lines)


def _moments(model: FusionModel, features: Sequence[Features]) -> dict[str, dict[str, list[float]]]:
    moments: dict[str, dict[str, list[float]]] = {}
    for item in features:
        predictions = predict(item, model)
        moments[item.subject] = {
            target: ccc_moments(getattr(item, target), values).tolist() for target, values in predictions.items()
        }
    return moments


def _cube(results: pd.DataFrame, variant: str, target: str, subjects: Sequence[str]) -> np.ndarray:
    """Sums of one variant and target as (seeds, subjects, 6)."""
    chosen = results[(results.variant == variant) & (results.target == target) & results.subject.isin(subjects)]
    chosen = chosen.sort_values(["seed", "subject"])
    return chosen[list(MOMENT_COLUMNS)].to_numpy().reshape(chosen.seed.nunique(), -1, 6)


def markdown(frame: pd.DataFrame) -> str:
    """A table as Markdown."""
    rows = [list(map(str, row)) for row in [frame.columns, *frame.to_numpy().tolist()]]
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
