"""Confirmation on the test draw: at most one condition per base fusion, chosen on validation, scored once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from iaca.checkpoints import load_checkpoint
from iaca.compute.threads import one_thread
from iaca.study.jobs import do_jobs
from iaca.study.plan import TEST, Variant
from iaca.study.runs import StudyError, model_file, rows_of, run_name, sums_of
from iaca.study.tables import Difference, write_table
from iaca.training import features_fingerprint
from iaca.types import Episode, Features, Progress

FILE = "confirmation.parquet"


def choose_conditions(variants: Sequence[Variant], differences: Sequence[Difference], group: str) -> list[Variant]:
    """Per base fusion, the IACA row whose difference to its base is largest on validation.

    Args:
        variants: All rows.
        differences: Of the validation draw.
        group: The group that decides; valence and arousal count equally.

    Returns:
        One gated variant per base fusion.
    """
    chosen: dict[str, tuple[float, Variant]] = {}
    for variant in variants:
        if not variant.is_gated or variant.base is None:
            continue
        values = [d.value for d in differences if d.variant == variant.name and d.group == group]
        gain = sum(values) / len(values)
        fusion = variant.config.fusion
        if fusion not in chosen or gain > chosen[fusion][0]:
            chosen[fusion] = gain, variant
    return [variant for _, variant in chosen.values()]


def confirm(
    out: Path,
    chosen: Sequence[Variant],
    variants: Sequence[Variant],
    seeds: int,
    features: Sequence[Features],
    episodes: Sequence[Episode],
    *,
    device: str = "cpu",
    jobs: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Score the chosen models and their bases on the test draw, once: a result in `out` is never computed again.

    Args:
        out: Folder of the study.
        chosen: As `choose_conditions` returns them.
        variants: All rows.
        seeds: Seeds of the study.
        features: Test subjects.
        episodes: Their known episodes.
        device: Where to predict.
        jobs: Models scored side by side; None: one a core.
        progress: Whether to show a bar.

    Returns:
        Rows as of `run_study`, of the draw "test".

    Raises:
        StudyError: The test draw was scored before, with other models, seeds or subjects.
    """
    file = out / FILE
    names = sorted({name for variant in chosen for name in (variant.name, variant.base or "")})
    planned = [(variant, seed) for variant in variants if variant.name in names for seed in range(seeds)]
    identity = f"{features_fingerprint(features)} {seeds} {' '.join(names)}"
    if file.is_file():
        known = pd.read_parquet(file)
        if known.attrs.get("identity") != identity:
            raise StudyError(
                f"{file} holds scores on the test draw of other models, seeds or subjects; it is scored once: expected "
                "the same choice as before, or an empty --out folder"
            )
        return known
    rows: list[dict[str, Any]] = []
    with tqdm(total=len(planned), desc="test draw", unit="model", disable=not progress) as bar:
        common = (out, features, episodes, device)
        ended = do_jobs(_score, common, planned, name=run_name, what="models", device=device, processes=jobs, bar=bar)
        for (variant, seed), (parameters, sums) in ended:
            about = {"variant": variant.name, "seed": seed, "parameters": parameters, "seconds": 0.0}
            rows += rows_of(sums, **about, draw=TEST)
    table = pd.DataFrame(rows).sort_values(["variant", "seed", "subject", "segment", "target"], ignore_index=True)
    table.attrs["identity"] = identity
    write_table(file, table)
    return table


@one_thread()
def _score(
    common: tuple[Path, Sequence[Features], Sequence[Episode], str], job: tuple[Variant, int], progress: Progress
) -> tuple[int, dict[str, dict[str, dict[str, list[float]]]]]:
    out, features, episodes, device = common
    variant, seed = job
    model = load_checkpoint(model_file(out, variant.name, seed), device).model
    return sum(p.numel() for p in model.parameters()), sums_of(model, features, episodes)
