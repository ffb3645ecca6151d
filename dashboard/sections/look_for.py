"""What to look for in the shown subject, computed from what the shown models do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.timeline.bands import SENSES
from dashboard.timeline.declared import Shown
from iaca.config import AUDIO, VISUAL
from iaca.types import Episode

OTHER = {AUDIO: VISUAL, VISUAL: AUDIO}


def sentence(shown: Sequence[Shown], episodes: Sequence[Episode], pts_s: np.ndarray, target: str) -> str:
    """How the gates of stage 1 answer to a corrupted face or voice.

    Args:
        shown: The models; the first one with gates is spoken of.
        episodes: Known episodes of corruption.
        pts_s: (N,) seconds.
        target: Whose gates, valence or arousal.

    Returns:
        A sentence, or "" where there is nothing to compare: no gates, or not exactly one modality that is corrupted in
        a part of the recording.
    """
    corrupted = {episode.modality for episode in episodes}
    gated = next((model for model in shown if model.has_gates), None)
    if gated is None or len(corrupted) != 1 or any(episode.truth_modality for episode in episodes):
        return ""
    (modality,) = corrupted
    inside = np.zeros(len(pts_s), bool)
    for episode in episodes:
        inside |= (pts_s >= episode.start_s) & (pts_s < episode.end_s)
    if inside.all() or not inside.any():
        return ""
    parts = []
    for one in (modality, OTHER[modality]):
        weight = gated.trace.frames[f"{target}_stage1_{one}_cross"].to_numpy()
        if not np.isfinite(weight).all():
            return ""
        there, elsewhere = (f"{weight[mask].mean():.2f}" for mask in (inside, ~inside))
        parts.append(f"{there} for {one} ({elsewhere} elsewhere)")
    weights = " and ".join(parts)
    return f"Where the {SENSES[modality]} is corrupted (shaded), {gated.title} weighs cross-attention {weights}."
