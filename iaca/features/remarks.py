"""What is told of a subject whose features were written all the same."""

from __future__ import annotations

from iaca.data.problems import Problem
from iaca.features import face_yield
from iaca.features.clip_networks import ABOUT_NETWORK
from iaca.types import Features


def warnings_about(features: Features) -> tuple[Problem, ...]:
    """Few frames with a face, and clips that were not computed as the others, each with a remedy."""
    told = [
        (f"{one[:1].upper()}{one[1:]}.", "The features are whole.")
        for one in features.problems
        if one.startswith(ABOUT_NETWORK)
    ]
    if face_yield.is_poor(features):
        told.append((face_yield.sentence(features), face_yield.REMEDIES))
    return tuple(Problem(features.subject, *one) for one in told)
