"""Notes on the timeline: ticks below the scrub bar, a lane, and words for each frame of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.timeline.declared import Band, Mark, Note
from iaca.figures import palette

LANE = "notes"
SEPARATOR = " | "


def note_bands(notes: Sequence[Note], pts_s: np.ndarray) -> list[Band]:
    """One band for each note, in one lane and behind no row; a bookmark lasts for one frame."""
    if not len(pts_s):
        return []
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0
    return [
        Band(
            "note",
            note.text,
            [(note.start_s, note.start_s + interval_s if note.end_s is None else note.end_s)],
            palette.NOTE,
            0.3,
            rows=(),
            lane=LANE,
        )
        for note in notes
    ]


def note_marks(notes: Sequence[Note]) -> list[Mark]:
    """One tick for each note, where it begins."""
    return [Mark(note.start_s, "note", note.text, palette.NOTE) for note in notes]


def note_words(notes: Sequence[Note], pts_s: np.ndarray) -> np.ndarray:
    """What the notes say of each frame: those of a span in all its frames, a bookmark in the frame nearest to it.

    Args:
        notes: In order of time.
        pts_s: (N,) seconds, ascending.

    Returns:
        (N,) text; "" where there is no note, and several are joined.
    """
    words: list[list[str]] = [[] for _ in pts_s]
    for note in notes:
        if note.end_s is None:
            frames = np.array([np.argmin(np.abs(pts_s - note.start_s))])
        else:
            frames = np.flatnonzero((pts_s >= note.start_s - 1e-6) & (pts_s <= note.end_s + 1e-6))
        for frame in frames:
            words[frame].append(note.text)
    return np.array([SEPARATOR.join(one) for one in words], dtype=object)
