"""What corrupts the picture of a face: blur, a hand, darkness, coarse pixels; turned heads are part of the acting."""

from __future__ import annotations

import cv2
import numpy as np

from iaca.config import VISUAL
from iaca.demo.episode_plan import PlannedEpisode
from iaca.demo.face import Placement
from iaca.demo.identity import Identity
from iaca.demo.performance import Performance

GRAIN_PICTURES = 8
"""Pictures of grain that darkness cycles through."""


class PictureCorruption:
    """Corrupts the pictures of one recording within its visual episodes."""

    def __init__(self, performance: Performance, placement: Placement) -> None:
        self._person: Identity = performance.identity
        self._placement = placement
        self._episodes = [
            episode
            for episode in performance.episodes
            if episode.modality == VISUAL and episode.kind in ("blur", "hand", "dark", "pixelated")
        ]

    def apply(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """The picture of a frame, corrupted if an episode covers it.

        Args:
            picture: (S, S, 3) uint8 RGB.
            frame: 0-based.

        Returns:
            (S, S, 3) uint8 RGB.
        """
        for episode in self._episodes:
            if episode.start <= frame < episode.stop:
                return getattr(self, f"_{episode.kind}")(picture, frame, episode)
        return picture

    def _blur(self, picture: np.ndarray, frame: int, episode: PlannedEpisode) -> np.ndarray:
        sigma = (0.07 + 0.07 * episode.strength) * self._placement.size[frame]
        # Blurring a small copy looks the same and costs a twentieth.
        small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
        return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    def _dark(self, picture: np.ndarray, frame: int, episode: PlannedEpisode) -> np.ndarray:
        rng = np.random.default_rng([episode.seed, frame % GRAIN_PICTURES])
        side = picture.shape[0] // 2
        grain = cv2.resize(rng.normal(0, 7, (side, side)).astype(np.float32), picture.shape[1::-1])
        dimmed = picture * np.float32(0.11 - 0.06 * episode.strength) + grain[..., None]
        return np.clip(dimmed, 0, 255).astype(np.uint8)

    def _pixelated(self, picture: np.ndarray, frame: int, episode: PlannedEpisode) -> np.ndarray:
        across_face = 8 - 2 * episode.strength
        cells = max(2, round(across_face * picture.shape[0] / float(self._placement.size[0])))
        small = cv2.resize(picture, (cells, cells), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    def _hand(self, picture: np.ndarray, frame: int, episode: PlannedEpisode) -> np.ndarray:
        rng = np.random.default_rng(episode.seed)
        size = float(self._placement.size[frame])
        x = float(self._placement.x[frame]) + rng.uniform(-0.08, 0.08) * size
        y = float(self._placement.y[frame]) + rng.uniform(0.0, 0.2) * size
        colour = tuple(float(c) for c in np.array(self._person.skin) * rng.uniform(0.8, 1.0))
        crease = tuple(0.8 * c for c in colour)
        picture = picture.copy()

        def at(across: float, down: float) -> tuple[int, int]:
            return round(x + across * size), round(y + down * size)

        palm = (round(0.36 * size), round(0.30 * size))
        cv2.ellipse(picture, at(0, 0), palm, rng.uniform(-15, 15), 0, 360, colour, -1, cv2.LINE_AA)
        for finger in range(4):
            low, high = at(-0.20 + 0.13 * finger, 0.0), at(-0.24 + 0.15 * finger, -0.36)
            cv2.line(picture, low, high, colour, round(0.11 * size), cv2.LINE_AA)
            low, high = at(-0.14 + 0.13 * finger, 0.05), at(-0.17 + 0.15 * finger, -0.30)
            cv2.line(picture, low, high, crease, max(1, round(0.01 * size)), cv2.LINE_AA)
        return picture
