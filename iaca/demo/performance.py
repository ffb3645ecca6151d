"""Everything that happens in one recording, frame by frame, before it is drawn or spoken.

A performance is cheap: whole corpora of them are made to write tables, and one at a time is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iaca.config import AUDIO, VISUAL
from iaca.demo.episode_plan import CONFLICT, CONFLICT_CONTROL, RESTRAINED, Condition, PlannedEpisode, plan_episodes
from iaca.demo.identity import Identity, draw_identity
from iaca.demo.labels import EMOTION_MEMORY_S, drift, emotion_path, rate, unannotated_spans

FPS = 25.0

FACE_NOISE = {"valence": 0.25, "arousal": 0.25}
VOICE_NOISE = {"valence": 0.35, "arousal": 0.48}
ACTION_NOISE = 0.13
RESTRAINT = 0.92
"""Share of an expression that a restrained modality hides."""

ACTIONS = ("mouth", "open", "brow", "frown", "eye", "tilt")
"""Facial movements that drift on their own."""

EXPOSURE_STEP = 0.04
AUDIO_LEAD_S = 0.3
AUDIO_LEAD_EVERY = 12
"""One identity in so many has a video that starts `AUDIO_LEAD_S` after its audio, as happens in real data."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is fixed about a recording before anything is drawn at random.

    Attributes:
        subject: Name of the subject, and of its video.
        identity: Number of the person.
        condition: Condition of the recording.
        frames: N, frames of the video.
        seed: Seeds of every draw of the recording.
        emotion_memory_s: Time after which what is felt has forgotten 63 % of where it was.
    """

    subject: str
    identity: int
    condition: Condition
    frames: int
    seed: tuple[int, ...]
    emotion_memory_s: float = EMOTION_MEMORY_S


@dataclass(frozen=True, kw_only=True)
class Performance:
    """One recording, frame by frame. Arrays are (N,) float64 unless stated.

    Attributes:
        identity: The person.
        episodes: What goes wrong, and when.
        label_valence: In [-1, 1], NaN where not annotated.
        label_arousal: Likewise.
        face_valence: What the face shows.
        face_arousal: Likewise.
        voice_valence: What the voice shows.
        voice_arousal: Likewise.
        lopsided: 0 to 1, the visible cue that a face lies: one brow and one corner of the mouth raised.
        quaver: 0 to 1, the audible cue that a voice lies: a tremolo.
        actions: (N, 6), facial movements of their own, in the order of ACTIONS.
        yaw: Turn of the head, radians, positive towards the right of the picture.
        pitch: Nod of the head, radians, positive upwards.
        roll: Tilt of the head, radians, positive clockwise on screen.
        gaze: (N, 2), where the eyes look, about -1 to 1.
        blink: 0 (open) to 1 (shut).
        sway: (N, 2), place of the head off its middle, in widths of the picture.
        exposure: Factor of the light.
        gain_db: Drift of the microphone's gain.
        tracking_error: (N, 4), error of the face's place (x, y), size (share) and roll (degrees) in faces.csv.
        audio_lead_s: How long the audio runs before the first picture.
    """

    identity: Identity
    episodes: tuple[PlannedEpisode, ...]
    label_valence: np.ndarray
    label_arousal: np.ndarray
    face_valence: np.ndarray
    face_arousal: np.ndarray
    voice_valence: np.ndarray
    voice_arousal: np.ndarray
    lopsided: np.ndarray
    quaver: np.ndarray
    actions: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    gaze: np.ndarray
    blink: np.ndarray
    sway: np.ndarray
    exposure: np.ndarray
    gain_db: np.ndarray
    tracking_error: np.ndarray
    audio_lead_s: float

    @property
    def frames(self) -> int:
        """N."""
        return len(self.yaw)


def _fade(episodes: tuple[PlannedEpisode, ...], frames: int, modality: str, *kinds: str) -> np.ndarray:
    """(N,) in [0, 1]: 1 within the episodes of this modality and these kinds, with soft edges of about 0.3 s."""
    inside = np.zeros(frames)
    for episode in episodes:
        if episode.modality == modality and episode.kind in kinds:
            inside[episode.start : episode.stop] = 1.0
    return gaussian_filter1d(inside, 3.0, mode="nearest")


def _shown(
    rng: np.random.Generator,
    felt: tuple[np.ndarray, np.ndarray],
    noise: dict[str, float],
    episodes: tuple[PlannedEpisode, ...],
    modality: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Valence and arousal as one modality shows them: with noise of its own, restrained or negated in episodes."""
    valence, arousal = felt
    frames = len(valence)
    lie = _fade(episodes, frames, modality, CONFLICT, CONFLICT_CONTROL)
    restraint = 1 - RESTRAINT * _fade(episodes, frames, modality, RESTRAINED)
    shown = []
    for path, spread in ((valence * (1 - 2 * lie), noise["valence"]), (arousal, noise["arousal"])):
        wander = drift(rng, frames, FPS, time_constant_s=1.5, smoothing_s=0.24)
        shown.append(np.clip((path + spread * wander) * restraint, -1.2, 1.2))
    return shown[0], shown[1]


def _blinks(rng: np.random.Generator, frames: int) -> np.ndarray:
    blink = np.zeros(frames)
    shape = np.array([0.5, 1.0, 1.0, 0.7, 0.3])
    for start in np.nonzero(rng.random(frames) < 0.28 / FPS)[0].tolist():
        stop = min(frames, start + len(shape))
        blink[start:stop] = shape[: stop - start]
    return blink


def _steps(exposure: np.ndarray) -> np.ndarray:
    # A camera adjusts in steps, and between them a still room costs a video next to nothing.
    return np.round(exposure / EXPOSURE_STEP) * EXPOSURE_STEP


def _turn_away(yaw: np.ndarray, pitch: np.ndarray, episodes: tuple[PlannedEpisode, ...]) -> None:
    """Turn the head far to one side within episodes of kind `pose`, in place."""
    for episode in episodes:
        if episode.kind != "pose":
            continue
        rng = np.random.default_rng(episode.seed)
        inside = np.zeros(len(yaw))
        inside[episode.start : episode.stop] = 1.0
        share = gaussian_filter1d(inside, 5.0, mode="nearest")
        side = rng.choice([-1.0, 1.0])
        yaw += share * (side * (1.05 + 0.4 * episode.strength) + 0.3 * yaw - yaw)
        pitch += share * (rng.uniform(-0.3, 0.4) - pitch)


def perform(plan: Plan) -> Performance:
    """Draw everything that happens in a recording.

    Args:
        plan: The recording.

    Returns:
        The same performance for the same plan, always.
    """
    identity = draw_identity(plan.identity)
    frames = plan.frames
    # One stream for each part: what one part draws never shifts another.
    streams = [np.random.default_rng([*plan.seed, part]) for part in range(6)]
    felt_rng, rater_rng, episode_rng, face_rng, voice_rng, camera_rng = streams

    memory_s = plan.emotion_memory_s
    felt = emotion_path(felt_rng, frames, FPS, memory_s), emotion_path(felt_rng, frames, FPS, memory_s)
    missing = unannotated_spans(rater_rng, frames, FPS)
    labels = [np.where(missing, np.nan, rate(rater_rng, path, FPS)) for path in felt]
    episodes = plan_episodes(episode_rng, plan.condition, frames, FPS)

    face_valence, face_arousal = _shown(face_rng, felt, FACE_NOISE, episodes, VISUAL)
    voice_valence, voice_arousal = _shown(voice_rng, felt, VOICE_NOISE, episodes, AUDIO)

    def wander(rng: np.random.Generator, spread: float, time_constant_s: float) -> np.ndarray:
        return spread * drift(rng, frames, FPS, time_constant_s=time_constant_s)

    liveliness = 0.7 + 0.25 * (face_arousal + 1)
    yaw = wander(face_rng, 0.2, 2.0) * liveliness
    pitch = wander(face_rng, 0.09, 2.0) * liveliness
    roll = wander(face_rng, 0.06, 3.0)
    _turn_away(yaw, pitch, episodes)
    return Performance(
        identity=identity,
        episodes=episodes,
        label_valence=labels[0],
        label_arousal=labels[1],
        face_valence=face_valence,
        face_arousal=face_arousal,
        voice_valence=voice_valence,
        voice_arousal=voice_arousal,
        lopsided=_fade(episodes, frames, VISUAL, CONFLICT),
        quaver=_fade(episodes, frames, AUDIO, CONFLICT),
        actions=np.stack([wander(face_rng, ACTION_NOISE, 3.0) for _ in ACTIONS], axis=1),
        yaw=yaw + identity.rest_yaw,
        pitch=pitch + identity.rest_pitch,
        roll=roll,
        gaze=np.stack([wander(face_rng, 0.5, 1.0), wander(face_rng, 0.3, 1.0)], axis=1),
        blink=_blinks(face_rng, frames),
        sway=np.clip(np.stack([wander(face_rng, 0.03, 3.0) for _ in range(2)], axis=1), -0.06, 0.06),
        exposure=_steps(np.clip(1 + wander(camera_rng, 0.06, 4.0), 0.8, 1.2)),
        gain_db=wander(camera_rng, 2.5, 5.0),
        tracking_error=np.stack([wander(camera_rng, s, 0.4) for s in (0.006, 0.006, 0.015, 1.0)], axis=1),
        audio_lead_s=AUDIO_LEAD_S if plan.identity % AUDIO_LEAD_EVERY == 3 else 0.0,
    )
