"""A recording as camera and microphone take it: the subject, what corrupts face and voice, and whoever stands in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iaca.demo.face import Placement, draw_pictures, place_face, place_head
from iaca.demo.performance import Plan, perform
from iaca.demo.picture_corruption import PictureCorruption
from iaca.demo.strangers import Framing, Stranger, hear, heard, on_screen, seen, strangers_in
from iaca.demo.voice import SAMPLE_RATE_HZ, corrupt_voice, speak

VOICE_STREAM = 100
"""Last word of the seed of a voice; those of a performance count from 0."""

LISTENING_SMOOTHING = 2.0
"""Width (sd), in frames, of the edges between speaking and listening."""


class Scene:
    """One recording; drawing and speaking begin when they are asked for.

    Args:
        plan: What is fixed about it.
        video_size: Width and height of the picture, pixels.
    """

    def __init__(self, plan: Plan, video_size: int) -> None:
        self.plan, self.video_size = plan, video_size
        self.performance = perform(plan)
        self._strangers = strangers_in(plan, self.performance)

    @cached_property
    def sound(self) -> np.ndarray:
        """(S,) float32 in [-1, 1] at SAMPLE_RATE_HZ, from `audio_lead_s` before the first picture on."""
        voice, _ = self._speech
        strangers = heard(self._strangers)
        sound = corrupt_voice(voice, self.performance)
        if not strangers:
            return sound
        return hear(sound, strangers, [_voice_of(one) for one in strangers], self.performance.audio_lead_s)

    @property
    def opening(self) -> np.ndarray:
        """(N,) how far the voice opens the subject's mouth, 0 to about 1."""
        return self._speech[1]

    @cached_property
    def face(self) -> Placement:
        """Where a tracker finds the face that is in the picture, whoever's it is: what becomes the crop."""
        placement = Placement(*(column.copy() for column in place_face(self.performance, self.video_size)))
        for stranger in seen(self._strangers):
            span = slice(stranger.episode.start, stranger.episode.stop)
            for column, values in zip(placement, place_face(stranger.performance, self.video_size), strict=True):
                column[span] = values
        return placement

    def pictures(self, frames: Iterable[int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Draw the pictures.

        Args:
            frames: Frames to draw, ascending; None: all of them.

        Yields:
            Each frame with its picture, (S, S, 3) uint8 RGB.
        """
        wanted = np.arange(self.performance.frames) if frames is None else np.asarray(list(frames))
        instead = np.full(self.performance.frames, -1)
        strangers = seen(self._strangers)
        for number, stranger in enumerate(strangers):
            instead[stranger.episode.start : stranger.episode.stop] = number
        sources = {-1: self._of_subject(wanted[instead[wanted] < 0])}
        for number, stranger in enumerate(strangers):
            sources[number] = self._of_stranger(stranger, wanted[instead[wanted] == number])
        for frame in wanted.tolist():
            yield next(sources[int(instead[frame])])

    @cached_property
    def _speech(self) -> tuple[np.ndarray, np.ndarray]:
        """The subject's voice, and how far it opens the mouth, which is still while somebody off camera speaks."""
        voice, opening = speak(self.performance, np.random.default_rng([*self.plan.seed, VOICE_STREAM]))
        listening = np.zeros(self.performance.frames)
        for stranger in heard(self._strangers):
            if stranger.has_cue:
                listening[stranger.episode.start : stranger.episode.stop] = 1.0
        return voice, opening * (1 - gaussian_filter1d(listening, LISTENING_SMOOTHING, mode="nearest"))

    def _of_subject(self, frames: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        corruption = PictureCorruption(self.performance, place_head(self.performance, self.video_size))
        drawn = draw_pictures(self.performance, self.opening, self.video_size, frames.tolist())
        return ((frame, corruption.apply(picture, frame)) for frame, picture in drawn)

    def _of_stranger(self, stranger: Stranger, frames: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        episode, performance = stranger.episode, stranger.performance
        # Lips in time with some other sentence; whoever is on a screen or stands by is silent.
        lips = np.roll(self.opening, self.performance.frames // 2)[episode.start : episode.stop]
        speech = np.zeros(performance.frames) if stranger.has_cue else lips
        face = place_face(performance, self.video_size)
        drawn = draw_pictures(performance, speech, self.video_size, (frames - episode.start).tolist())
        for frame, picture in drawn:
            if stranger.framing is Framing.SCREEN:
                picture = on_screen(picture, face, frame, episode.seed)
            yield frame + episode.start, picture


def _voice_of(stranger: Stranger) -> np.ndarray:
    voice, _ = speak(stranger.performance, np.random.default_rng([stranger.episode.seed, VOICE_STREAM]))
    return voice[round(stranger.performance.audio_lead_s * SAMPLE_RATE_HZ) :]
