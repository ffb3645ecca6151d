"""What the study says of its models of seed 0: how they bear missing clips, and whether their gates tell the truth."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.config import AUDIO, MODALITIES, TARGETS, Gate
from iaca.files import write_whole
from iaca.gate_truth import score_gates
from iaca.robustness import DRAWS, SHARES, mean_over_draws, sweep
from iaca.study import Variant, markdown
from iaca.types import Episode, Features


def robustness_report(
    out: Path, variants: Sequence[Variant], features: Sequence[Features], device: str, progress: bool = True
) -> str:
    """CCC against the share of missing audio and of missing video, as Markdown.

    Args:
        out: Folder of the study; sweeps are kept in its `runs`.
        variants: Rows; controls with constant gates are left out.
        features: Subjects.
        device: Where to predict.
        progress: Whether to show a bar.

    Returns:
        One table per missing modality and target.
    """
    shown = [variant for variant in variants if variant.config.gate is not Gate.CONSTANT]
    lines = [
        "## Missing clips",
        "",
        f"CCC when a share of the clips of one modality is missing; models of seed 0, mean over {DRAWS} draws (Fig 3 "
        "of the paper, on this corpus).",
    ]
    jobs = [(variant, modality) for variant in shown for modality in MODALITIES]
    means = {}
    for variant, modality in tqdm(jobs, desc="missing clips", unit="sweep", disable=not progress):
        file = out / "runs" / f"{variant.name}-0.missing-{modality}.parquet"
        if not file.is_file():
            buffer = io.BytesIO()
            sweep(_model(out, variant, device).model, features, modality=modality).to_parquet(buffer, index=False)
            write_whole(file, buffer.getvalue())
        means[variant.name, modality] = mean_over_draws(pd.read_parquet(file))
    for modality in MODALITIES:
        for target in TARGETS:
            rows = []
            for variant in shown:
                mean = means[variant.name, modality]
                for pattern, group in mean[mean.target == target].groupby("pattern", sort=False):
                    scores = dict(zip(group.share, group.ccc, strict=True))
                    row = {"model": variant.title, "pattern": pattern}
                    rows.append(row | {f"{share:.0%}": f"{scores[share]:.3f}" for share in SHARES})
            lines += ["", f"{modality.capitalize()} missing, {target}:", "", markdown(pd.DataFrame(rows))]
    return "\n".join([*lines, ""])


def gates_report(
    out: Path, variants: Sequence[Variant], features: Sequence[Features], episodes: Sequence[Episode], device: str
) -> str:
    """How well gates tell corrupted spans from clean ones, as Markdown.

    Args:
        out: Folder of the study.
        variants: Models; those without learned gates are left out.
        features: Subjects.
        episodes: Their known episodes.
        device: Where to predict.

    Returns:
        One table per gated model.
    """
    lines = [
        "## Do the gates tell the truth?",
        "",
        "Area under the ROC curve of frames inside known episodes against the rest of the same videos (0.5 is chance), "
        "95 % bootstrap interval over subjects; models of seed 0.",
    ]
    for variant in variants:
        if not variant.config.iaca or variant.config.gate is not Gate.LEARNED:
            continue
        told = score_gates(_model(out, variant, device), features, episodes)
        rows = [
            {
                "target": t.target,
                "episode": f"{'voice' if t.modality == AUDIO else 'face'}: {t.kind.replace('_', ' ')}",
                "gate": t.gate,
                "AUC": f"{t.auc:.2f}"
                + ("" if math.isnan(t.interval[0]) else f" [{t.interval[0]:.2f}, {t.interval[1]:.2f}]"),
                "subjects": t.subjects,
            }
            for t in told
        ]
        lines += ["", f"### {variant.title}", "", markdown(pd.DataFrame(rows))]
    return "\n".join([*lines, ""])


def _model(out: Path, variant: Variant, device: str) -> Checkpoint:
    return load_checkpoint(out / "runs" / f"{variant.name}-0.safetensors", device)
