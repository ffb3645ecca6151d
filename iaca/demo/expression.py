"""Valence and arousal -> movements of the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iaca.demo.performance import Performance


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Movements of the face, each (N, 1) float64 so that it meets the points of a part.

    Attributes:
        curve: Of the mouth; smiling above 0.
        width: Factor of the mouth's width.
        opening: Of the mouth, 0 to 1.
        speech: Part of the opening that is speech.
        brow: Height of the brows.
        frown: Inner ends of the brows; down (anger) above 0, up (sorrow) below.
        lids: How far the eyes are open, about 0 to 1.
        squint: Lower lids, raised by a smile.
        blush: Of the cheeks.
        gaze_x, gaze_y: Where the eyes look.
        lopsided: One brow and one corner of the mouth raised: the visible cue of a lie.
    """

    curve: np.ndarray
    width: np.ndarray
    opening: np.ndarray
    speech: np.ndarray
    brow: np.ndarray
    frown: np.ndarray
    lids: np.ndarray
    squint: np.ndarray
    blush: np.ndarray
    gaze_x: np.ndarray
    gaze_y: np.ndarray
    lopsided: np.ndarray


def express(performance: Performance, speech: np.ndarray) -> Expression:
    """The face of a performance: identity's rest, plus what it shows, plus movements of its own.

    Args:
        performance: The recording.
        speech: (N,) opening of the mouth by the voice, 0 to about 1.

    Returns:
        One expression for each frame.
    """
    person = performance.identity
    gain = person.expressiveness
    valence, arousal = performance.face_valence, performance.face_arousal
    pleasant, unpleasant = np.maximum(valence, 0), np.maximum(-valence, 0)
    excited, calm = np.maximum(arousal, 0), np.maximum(-arousal, 0)
    mouth, opening, brow, frown, eye, _ = performance.actions.T
    frowning = 0.75 * unpleasant * (0.35 + excited) - 0.65 * unpleasant * (calm + 0.15)
    lids = 0.66 + person.rest_eye + gain * (0.36 * arousal - 0.16 * pleasant - 0.05 * unpleasant) + 0.7 * eye
    movements = {
        "curve": np.clip(person.rest_mouth + gain * 0.95 * valence + 1.4 * mouth, -1.3, 1.3),
        "width": 1 + gain * (0.22 * pleasant - 0.10 * unpleasant * excited),
        "opening": np.clip(person.rest_open + gain * 0.16 * excited + 0.3 * opening + 0.55 * speech, 0, 1),
        "speech": speech,
        "brow": person.rest_brow + gain * (0.55 * arousal + 0.12 * valence) + brow,
        "frown": person.rest_frown + gain * frowning + frown,
        "lids": np.clip(lids, 0.12, 1.15) * (1 - performance.blink),
        "squint": 0.5 * gain * pleasant,
        "blush": 0.15 + 0.4 * gain * pleasant,
        "gaze_x": performance.gaze[:, 0],
        "gaze_y": performance.gaze[:, 1],
        "lopsided": performance.lopsided,
    }
    return Expression(**{name: values[:, None] for name, values in movements.items()})
