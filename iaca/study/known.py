"""What is known of a recording and of no real one: which modality is wrong, when, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iaca.config import AROUSAL, AUDIO, MODALITIES, VISUAL
from iaca.study.plan import ALL_FRAMES, CLEAN, TOLD_FLAGS, Variant
from iaca.types import Episode, Features

SENSES = {VISUAL: "face", AUDIO: "voice"}
"""Modality -> what a viewer calls it."""

MISLEADING = ("corrupted", "another", "conflict")
"""Words of the segments in which a modality says something else than the label; a restrained one says little."""


def segment_of(episode: Episode) -> str:
    """The segment that an episode's frames belong to: all corruptions of one modality count together."""
    sense = SENSES[episode.modality]
    cue = "without a cue" if episode.kind.endswith("control") else "with a cue"
    if episode.truth_modality:
        return f"conflict {cue}"
    if episode.kind.startswith("stranger"):
        return f"another {sense}, {cue}"
    return f"{sense} restrained" if episode.kind == "restrained" else f"{sense} corrupted"


def inside_episodes(pts_s: np.ndarray, episodes: Sequence[Episode]) -> np.ndarray:
    """(N,) bool, frames within any of the episodes of one subject; `pts_s` is (N,) seconds."""
    inside = np.zeros(len(pts_s), bool)
    for e in episodes:
        inside |= (pts_s >= e.start_s) & (pts_s < e.end_s)
    return inside


def segments(features: Features, episodes: Sequence[Episode]) -> dict[str, np.ndarray]:
    """The frames of a subject, grouped by what goes wrong in them.

    Args:
        features: One subject.
        episodes: Known episodes of any subjects.

    Returns:
        Segment -> (N,) bool: "all frames" for everyone, the others where the subject has episodes.
    """
    own = [e for e in episodes if e.subject == features.subject]
    parts = {ALL_FRAMES: np.ones(len(features.pts_s), bool)}
    if not own:
        return parts
    for episode in own:
        inside = inside_episodes(features.pts_s, [episode])
        name = segment_of(episode)
        parts[name] = parts.get(name, False) | inside
    parts[CLEAN] = ~np.logical_or.reduce([mask for name, mask in parts.items() if name != ALL_FRAMES])
    return parts


def misleading(features: Features, episodes: Sequence[Episode], modality: str, target: str) -> np.ndarray:
    """The frames in which a modality says something else than the label of a target.

    Args:
        features: One subject.
        episodes: Known episodes of any subjects.
        modality: audio or visual.
        target: valence or arousal; in a conflict, face and voice show opposite valence and the same arousal.

    Returns:
        (N,) bool.
    """
    own = [
        e
        for e in episodes
        if e.subject == features.subject
        and e.modality == modality
        and any(word in segment_of(e) for word in MISLEADING)
        and not (e.truth_modality and target == AROUSAL)
    ]
    return inside_episodes(features.pts_s, own)


def flags(features: Features, episodes: Sequence[Episode]) -> np.ndarray:
    """What is wrong with each modality at each clip.

    Args:
        features: One subject.
        episodes: Known episodes of any subjects.

    Returns:
        (T, 8) float32, 1 where the frame at which the clip ends is in an episode of that kind: for audio, then visual,
        whether it is corrupted, restrained, somebody else's or in conflict.
    """
    own = [e for e in episodes if e.subject == features.subject]
    pts_s = features.pts_s[features.frame]
    columns = [
        inside_episodes(pts_s, [e for e in own if e.modality == modality and word in segment_of(e)])
        for modality in MODALITIES
        for word in TOLD_FLAGS
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def as_seen_by(variant: Variant, features: Features, episodes: Sequence[Episode]) -> Features:
    """A subject as a row of the study sees it.

    Args:
        variant: The row. With `only`, each clip of the other modality is the backbone's output for zeros; where it is
            `told`, its audio features end with `flags`.
        features: One subject.
        episodes: Known episodes of any subjects.
    """
    for modality in MODALITIES:
        if variant.only not in (None, modality):
            nothing = np.tile(getattr(features, f"{modality}_zero"), (len(features.frame), 1))
            features = features._replace(**dict[str, Any]({modality: nothing}))
    if variant.told:
        known = flags(features, episodes)
        features = features._replace(
            audio=np.concatenate((features.audio, known), axis=1),
            audio_zero=np.concatenate((features.audio_zero, np.zeros(known.shape[1], np.float32))),
        )
    return features
