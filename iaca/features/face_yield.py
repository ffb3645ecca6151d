"""In how many frames a face was found, and what to do where that is few."""

from __future__ import annotations

import numpy as np

from iaca.data.faces.detectors import DETECTION_SIDE
from iaca.data.faces.turned import Turn
from iaca.features.extraction import FOUND_BY
from iaca.types import Features

POOR = 0.5
"""Share of frames with a face below which a video is warned of: most predictions then rest on the sound alone."""

NEEDS = {
    "haar": f"a face that is upright, seen from the front, evenly lit, and at least {24 / DETECTION_SIDE:.0%} of the "
    "longer side of the picture wide",
    "libfacedetection": "a face of which most can be seen, evenly lit, tilted by some 30 degrees at most, and at least "
    f"{10 / DETECTION_SIDE:.0%} of the longer side of the picture wide",
    "yunet": "a face of which both eyes, the nose and the corners of the mouth can be seen",
}
"""What each detector needs to find a face."""

REMEDIES = (
    "Crop the video to the person, or take a part in which the face is turned to the camera. Other detectors may find "
    "more: name one in IACA_DETECTOR or with --detector (haar, libfacedetection), or a file of YuNet in IACA_YUNET or "
    "with --yunet. Places of faces that you know can be given with `python -m iaca extract --video FILE --faces "
    "faces.csv`."
)


TURNED = "faces may be tilted: "
"""Begins the sentence among the problems of a feature file about a turn by which more faces are found."""


def with_turn(features: Features, turn: Turn | None) -> Features:
    """Features with a word about the turn by which more faces are found, where they have few."""
    if turn is None or not is_poor(features):
        return features
    return features._replace(problems=(*features.problems, f"{TURNED}{turn.sentence}"))


def is_poor(features: Features) -> bool:
    """Whether a face was found in so few frames that predictions mean little."""
    return len(features.has_face) > 0 and float(features.has_face.mean()) < POOR


def sentence(features: Features) -> str:
    """What was found, what it means, and what the detector needs; without what can be done, which is `REMEDIES`."""
    share = float(features.has_face.mean())
    found = next((one.removeprefix(FOUND_BY) for one in features.problems if one.startswith(FOUND_BY)), "")
    by = f" by {found}" if found else ""
    needs = f" The detector {found} needs {NEEDS[found]}." if found in NEEDS else ""
    turned = "".join(f" {one[0].upper()}{one[1:]}." for one in features.problems if one.startswith(TURNED))
    return f"A face was found{by} in {share:.0%} of the frames; in all others the models see nothing.{turned}{needs}"


def missed_frames(features: Features, count: int) -> np.ndarray:
    """Frames without a face to look at: the middle ones of the longest spans without a face.

    Args:
        features: Of the video.
        count: How many, at most.

    Returns:
        (K,) int64, ascending.
    """
    edges = np.diff(np.concatenate(([0], (~features.has_face).astype(np.int8), [0])))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    longest = np.argsort(starts - stops, kind="stable")[:count]
    return np.sort((starts[longest] + stops[longest] - 1) // 2)
