"""Somebody else in the place of the subject: another face in the picture, another voice in the sound.

A cut to another face and a voice-over say nothing of it. A face on a screen, a bystander at some distance and a voice
from off camera do: they look and sound like what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from scipy.signal import butter, fftconvolve, lfilter

from iaca.config import AUDIO, VISUAL
from iaca.demo.episode_plan import STRANGER, STRANGER_CONTROL, Condition, PlannedEpisode
from iaca.demo.face import HEAD_CENTRE, Placement
from iaca.demo.identity import IDENTITIES_PER_ROLE
from iaca.demo.performance import FPS, Performance, Plan, perform
from iaca.demo.voice import SAMPLE_RATE_HZ

FIRST_STRANGER = 100 * IDENTITIES_PER_ROLE
"""Strangers are nobody's subject, in any corpus: their numbers begin here, those of each role in a range of its own."""

STRANGER_STREAM = 200
"""Last word but one of the seed of a stranger; those of a performance count from 0."""

BYSTANDER_SCALE = (0.28, 0.42)
BYSTANDER_LIGHT = (0.65, 0.9)
BYSTANDER_YAW = 0.35
BYSTANDER_ASIDE = 0.25
BYSTANDER_HEIGHT = 0.45
"""How large, lit, turned and far from the middle a bystander is, relative to the subject; the height is that of a head
of full size above the lower edge of the picture."""

SCREEN_TINT = (0.78, 0.9, 1.12)
SCREEN_CONTRAST = 0.75
BEZEL = 18
BEZEL_SHARE = (0.04, 0.11)
"""Grey value of the frame around a screen, and how far it reaches into the face's square, as a share of its side."""

ROOM_S, ROOM_DECAY_S, ROOM_DELAY_S = 0.35, 0.09, 0.012
OFF_CAMERA_HZ = 2500
OFF_CAMERA_LEVEL = 0.5
MICROPHONE_NOISE = 0.0008


class Framing(StrEnum):
    """How a stranger's face comes into the picture: a `cut` to it, on a `screen`, or as a `bystander`."""

    CUT = "cut"
    SCREEN = "screen"
    BYSTANDER = "bystander"


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Who is seen or heard instead of the subject during an episode.

    Attributes:
        episode: The episode; its modality tells whether the stranger is seen or heard.
        performance: What the stranger does, frame 0 being the episode's first.
        framing: How the face comes into the picture; `cut` for a voice.
    """

    episode: PlannedEpisode
    performance: Performance
    framing: Framing = Framing.CUT

    @property
    def has_cue(self) -> bool:
        """Whether it can be told, without knowing the subject, that this is somebody else."""
        return self.episode.kind == STRANGER


def strangers_in(plan: Plan, performance: Performance) -> tuple[Stranger, ...]:
    """The strangers of a recording, one for each such episode, the same for the same plan.

    Args:
        plan: The recording.
        performance: What `perform` made of it.
    """
    return tuple(
        _stranger(plan, performance, number, episode)
        for number, episode in enumerate(performance.episodes)
        if episode.kind in (STRANGER, STRANGER_CONTROL)
    )


def _stranger(plan: Plan, subject: Performance, number: int, episode: PlannedEpisode) -> Stranger:
    seed = (*plan.seed, STRANGER_STREAM, number)
    rng = np.random.default_rng(seed)
    role = plan.identity // IDENTITIES_PER_ROLE
    who = FIRST_STRANGER + role * IDENTITIES_PER_ROLE + int(rng.integers(IDENTITIES_PER_ROLE))
    performance = perform(
        Plan(
            subject=f"{plan.subject} {number}",
            identity=who,
            condition=Condition.STRONG,
            frames=episode.stop - episode.start,
            seed=seed,
            emotion_memory_s=plan.emotion_memory_s,
        )
    )
    framing = Framing.CUT
    if episode.modality == VISUAL and episode.kind == STRANGER:
        framing = Framing.SCREEN if rng.random() < 0.5 else Framing.BYSTANDER
    if framing is Framing.BYSTANDER:
        performance = _beside(subject, performance, rng)
    return Stranger(episode=episode, performance=performance, framing=framing)


def _beside(subject: Performance, performance: Performance, rng: np.random.Generator) -> Performance:
    """The stranger further away in the subject's room, looking past the camera."""
    side = float(rng.choice([-1.0, 1.0]))
    room = subject.identity
    scale = float(rng.uniform(*BYSTANDER_SCALE))
    identity = replace(
        performance.identity,
        head_scale=performance.identity.head_scale * scale,
        brightness=room.brightness * float(rng.uniform(*BYSTANDER_LIGHT)),
        background=room.background,
        background_seed=room.background_seed,
        light=room.light,
    )
    return replace(
        performance,
        identity=identity,
        yaw=performance.yaw + BYSTANDER_YAW * side,
        sway=scale * performance.sway + [BYSTANDER_ASIDE * side, 1 - BYSTANDER_HEIGHT * scale - HEAD_CENTRE[1]],
    )


def on_screen(picture: np.ndarray, face: Placement, frame: int, seed: int) -> np.ndarray:
    """A picture as a screen in a dark room shows it: bluish, flat, in lines, with a reflection and a frame around it.

    Args:
        picture: (S, S, 3) uint8 RGB.
        face: Where the face is in every frame.
        frame: Which of them this is.
        seed: Of the reflection and of the frame around the screen, which stay where they are.

    Returns:
        (S, S, 3) uint8 RGB.
    """
    rng = np.random.default_rng(seed)
    side = float(face.size.mean())
    corner = np.array([face.x.mean(), face.y.mean()]) - side / 2
    left, top = (corner + side * rng.uniform(*BEZEL_SHARE, 2)).round().astype(int).tolist()
    right, bottom = left + round(1.3 * side), top + round(1.2 * side)
    height, width = picture.shape[:2]
    shown = picture.astype(np.float32)
    shown = (shown.mean() + SCREEN_CONTRAST * (shown - shown.mean())) * np.array(SCREEN_TINT, np.float32)
    shown[::3] *= 0.72
    across = (np.arange(width, dtype=np.float32) - left) / side
    down = (np.arange(height, dtype=np.float32) - top) / side
    reflection = 1 - np.abs(across[None] + down[:, None] - rng.uniform(0.4, 1.6)) / 0.15
    shown += 28 * np.clip(reflection, 0, 1)[..., None]
    framed = np.full_like(shown, BEZEL)
    framed[max(0, top) : bottom, max(0, left) : right] = shown[max(0, top) : bottom, max(0, left) : right]
    return cv2.convertScaleAbs(np.clip(framed, 0, 255))


def hear(sound: np.ndarray, strangers: tuple[Stranger, ...], voices: list[np.ndarray], lead_s: float) -> np.ndarray:
    """The sound with the strangers' voices in the place of the subject's.

    Args:
        sound: (S,) samples at SAMPLE_RATE_HZ, from `lead_s` before the first picture on.
        strangers: Those who are heard.
        voices: The voice of each of them, from the first frame of its episode on.
        lead_s: How long the sound runs before the first picture.

    Returns:
        (S,) float32 in [-1, 1].
    """
    sound = sound.copy()
    for stranger, voice in zip(strangers, voices, strict=True):
        rng = np.random.default_rng([stranger.episode.seed, 1])
        if stranger.has_cue:
            voice = _off_camera(voice, rng)
        first = round((lead_s + stranger.episode.start / FPS) * SAMPLE_RATE_HZ)
        voice = voice[: len(sound) - first]
        sound[first : first + len(voice)] = voice + MICROPHONE_NOISE * rng.normal(size=len(voice))
    return np.clip(sound, -1, 1).astype(np.float32)


def _off_camera(voice: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A voice in the room behind the camera: reverberant, dull and 6 dB softer."""
    time_s = np.arange(int(ROOM_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(size=len(time_s)) * np.exp(-time_s / ROOM_DECAY_S)
    delay = np.zeros(int(ROOM_DELAY_S * SAMPLE_RATE_HZ))
    room = np.concatenate([[0.55], delay, 0.9 * tail / np.sqrt((tail**2).sum())])
    far = lfilter(*butter(2, OFF_CAMERA_HZ, fs=SAMPLE_RATE_HZ), fftconvolve(voice, room)[: len(voice)])
    level = np.sqrt(np.mean(voice**2)) * OFF_CAMERA_LEVEL
    return far * (level / (np.sqrt(np.mean(far**2)) + 1e-9))


def heard(strangers: tuple[Stranger, ...]) -> tuple[Stranger, ...]:
    """Those of the strangers whose voice is heard."""
    return tuple(stranger for stranger in strangers if stranger.episode.modality == AUDIO)


def seen(strangers: tuple[Stranger, ...]) -> tuple[Stranger, ...]:
    """Those of the strangers whose face is seen."""
    return tuple(stranger for stranger in strangers if stranger.episode.modality == VISUAL)
