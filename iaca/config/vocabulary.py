"""Names and sizes that every part of the project shares."""

from __future__ import annotations

AUDIO = "audio"
VISUAL = "visual"
MODALITIES = (AUDIO, VISUAL)
VALENCE = "valence"
AROUSAL = "arousal"
TARGETS = (VALENCE, AROUSAL)

SYNTHETIC = "synthetic corpus"
"""What figures and reports call a corpus whose people are drawn: results on it say nothing about real ones."""

CLIP_FRAMES = 32
"""Frames behind one prediction (a clip), and frames between the ends of a window's clips."""

WINDOW_CLIPS = 16
"""Clips that a fusion model sees together (a window); L of the paper."""

CLIP_PICTURES = 8
"""Pictures of a clip that the visual backbone sees: every 4th of its 32 frames."""
