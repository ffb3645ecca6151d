"""Conditions of a recording, and the episodes in which a modality is corrupted, restrained or misleading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from iaca.config import AUDIO, MODALITIES, VISUAL

EPISODE_S = (4.0, 10.0)
GAP_S = (2.5, 6.0)
FIRST_START_S = (0.0, 5.0)
FULL_LENGTH_S = 20.0
"""Videos shorter than this have episodes and gaps that are shorter in proportion."""

FACE_CORRUPTIONS = {"blur": 0.3, "pose": 0.3, "hand": 0.25, "dark": 0.08, "pixelated": 0.07}
VOICE_CORRUPTIONS = {"silence": 0.5, "noise": 0.5}
RESTRAINED = "restrained"
CONFLICT = "conflict"
CONFLICT_CONTROL = "conflict_control"
CONTROL_SHARE = 0.35
"""Share of conflicts without a cue."""

STRANGER = "stranger"
STRANGER_CONTROL = "stranger_control"

CORRUPTED = "corrupted"
MIXED_SHARES = {CORRUPTED: 0.4, STRANGER: 0.3, RESTRAINED: 0.1, CONFLICT: 0.2}
CUED_SHARE = 0.5
"""What goes wrong in a mixed recording, and the share of its strangers and conflicts that have a cue."""


class Condition(StrEnum):
    """What goes wrong in a recording, in episodes that cover about 60 % of it.

    `strong`: nothing. `weak_face`, `weak_voice`: one modality is corrupted. `restrained_face`, `restrained_voice`: one
    modality shows next to nothing. `conflict`: face and voice show opposite valence, and one of them is the label's.
    `stranger_face`, `stranger_voice`: somebody else is seen or heard. `mixed`: any of these, in either modality.
    """

    STRONG = "strong"
    WEAK_FACE = "weak_face"
    WEAK_VOICE = "weak_voice"
    RESTRAINED_FACE = "restrained_face"
    RESTRAINED_VOICE = "restrained_voice"
    CONFLICT = "conflict"
    STRANGER_FACE = "stranger_face"
    STRANGER_VOICE = "stranger_voice"
    MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class PlannedEpisode:
    """One episode, in frames.

    Attributes:
        start: First frame.
        stop: Frame after the last one.
        modality: audio or visual: the one that is corrupted, restrained, somebody else's, or that shows another
            valence.
        kind: blur, pose, hand, dark, pixelated, silence, noise, restrained, conflict, conflict_control, stranger or
            stranger_control; a control has no cue.
        truth_modality: For conflicts, the modality that shows the label; empty otherwise.
        strength: 0 to 1, how bad it is.
        seed: Seed of whatever the episode draws when it is rendered.
    """

    start: int
    stop: int
    modality: str
    kind: str
    truth_modality: str = ""
    strength: float = 1.0
    seed: int = 0


def _pick(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]


def _modality_and_kind(rng: np.random.Generator, condition: Condition) -> tuple[str, str]:
    if condition is Condition.WEAK_FACE:
        return VISUAL, _pick(rng, FACE_CORRUPTIONS)
    if condition is Condition.WEAK_VOICE:
        return AUDIO, _pick(rng, VOICE_CORRUPTIONS)
    if condition is Condition.RESTRAINED_FACE:
        return VISUAL, RESTRAINED
    if condition is Condition.RESTRAINED_VOICE:
        return AUDIO, RESTRAINED
    if condition is Condition.MIXED:
        return _anything(rng)
    if condition in (Condition.STRANGER_FACE, Condition.STRANGER_VOICE):
        modality = VISUAL if condition is Condition.STRANGER_FACE else AUDIO
        return modality, STRANGER if rng.random() < CUED_SHARE else STRANGER_CONTROL
    lying = MODALITIES[int(rng.integers(2))]
    return lying, CONFLICT_CONTROL if rng.random() < CONTROL_SHARE else CONFLICT


def _anything(rng: np.random.Generator) -> tuple[str, str]:
    modality = MODALITIES[int(rng.integers(2))]
    what, is_cued = _pick(rng, MIXED_SHARES), rng.random() < CUED_SHARE
    if what == CORRUPTED:
        return modality, _pick(rng, FACE_CORRUPTIONS if modality == VISUAL else VOICE_CORRUPTIONS)
    if what == STRANGER:
        return modality, STRANGER if is_cued else STRANGER_CONTROL
    if what == CONFLICT:
        return modality, CONFLICT if is_cued else CONFLICT_CONTROL
    return modality, RESTRAINED


def plan_episodes(
    rng: np.random.Generator, condition: Condition, frames: int, fps: float
) -> tuple[PlannedEpisode, ...]:
    """The episodes of one recording, in order, without overlap.

    Args:
        rng: Source of the draw.
        condition: Condition of the recording.
        frames: N, frames of the video.
        fps: Frames a second.

    Returns:
        Episodes that lie within the video; none for `strong`.
    """
    if condition is Condition.STRONG:
        return ()
    shorten = min(1.0, frames / fps / FULL_LENGTH_S)
    episodes = []
    start = int(rng.uniform(*FIRST_START_S) * shorten * fps)
    while start < frames:
        stop = min(frames, start + max(1, int(rng.uniform(*EPISODE_S) * shorten * fps)))
        modality, kind = _modality_and_kind(rng, condition)
        lies = kind in (CONFLICT, CONFLICT_CONTROL)
        truthful = (AUDIO if modality == VISUAL else VISUAL) if lies else ""
        episodes.append(
            PlannedEpisode(
                start=start,
                stop=stop,
                modality=modality,
                kind=kind,
                truth_modality=truthful,
                strength=rng.uniform(0, 1),
                seed=int(rng.integers(1 << 31)),
            )
        )
        start = stop + max(1, int(rng.uniform(*GAP_S) * shorten * fps))
    return tuple(episodes)
