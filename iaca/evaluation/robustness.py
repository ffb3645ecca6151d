"""Robustness to missing modalities: predictions of models while a growing share of clips is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from iaca.config import AUDIO, DropoutConfig, DropoutPattern
from iaca.evaluation import SUM_COLUMNS, ccc_sums
from iaca.inference import predict
from iaca.models.published.network import FusionNetwork
from iaca.types import Features

SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8)
"""Shares of missing clips in Fig 3 of the paper."""

DRAWS = 5
"""Random draws of the missing clips per share: seeds 0 to 4."""

PATTERNS = (DropoutPattern.SCATTERED, DropoutPattern.BLOCK)


def sweep(
    model: FusionNetwork,
    features: Sequence[Features],
    *,
    modality: str = AUDIO,
    shares: Sequence[float] = SHARES,
    patterns: Sequence[DropoutPattern] = PATTERNS,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Predict every subject while growing shares of one modality are missing.

    Source: Fig 3 of arXiv:2405.12853. The missing clips are those that the dashboard drops for the same share, pattern
    and seed.

    Args:
        model: The model, in eval mode.
        features: The subjects.
        modality: The missing modality, audio or visual.
        shares: Shares of missing clips, 0 to 1.
        patterns: How the missing clips are spread.
        draws: Draws per share above 0, with seeds 0 to draws - 1.

    Returns:
        One row per pattern, share, draw, subject and target, with the six sums of `ccc_sums`.
    """
    rows = []
    for pattern in patterns:
        for share in shares:
            for draw in range(draws if share else 1):
                dropout = DropoutConfig(modality=modality, share=share, pattern=pattern, seed=draw)
                for item in features:
                    for target, prediction in predict(item, model, [dropout], keep_features=True).items():
                        sums = ccc_sums(getattr(item, target), prediction)
                        where = {"pattern": pattern.value, "share": share, "draw": draw}
                        where |= {"subject": item.subject, "target": target}
                        rows.append(where | dict(zip(SUM_COLUMNS, sums, strict=True)))
    return pd.DataFrame(rows)
