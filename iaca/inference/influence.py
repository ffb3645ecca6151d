"""Influence: how far each modality moves a prediction, and how the two relate."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from iaca.checkpoints import Checkpoint
from iaca.checkpoints.onnx_files import OnnxNetwork
from iaca.clips import Windows
from iaca.config import AUDIO, OWN_GATES, TARGETS, VISUAL, DropoutConfig, GateOverrides
from iaca.errors import InputError
from iaca.inference.trace import WindowMemory, infer
from iaca.types import Features, Trace

QUANTITIES = ("audio_influence", "visual_influence", "interaction", "without_both")

INFLUENCE_COLUMNS = tuple(f"{target}_{quantity}" for target in TARGETS for quantity in QUANTITIES)
"""Columns that `add_influence` adds to a Trace, in this order."""

THRESHOLD = 0.1
"""Influence from which a modality counts, on the scale from -1 to 1.

Choice: M2Lens, from which the kinds of relationship come, leaves the threshold to its user. Here it is the difference
from which the page calls two predictions different; and of six thresholds from 0.02 to 0.3 it is the one from which
conflict and dominance mark known episodes most beyond their false alarms, over four models, both targets and the 19
validation people of `demo/study` with episodes (`python -m iaca relationships`).
"""

WITHOUT_VISUAL = (DropoutConfig(modality=VISUAL, share=1.0),)
WITHOUT_AUDIO = (DropoutConfig(modality=AUDIO, share=1.0),)
SIDES = (WITHOUT_VISUAL, WITHOUT_AUDIO, (*WITHOUT_AUDIO, *WITHOUT_VISUAL))
"""What is removed for y_a, y_v and y_0."""


class Relationship(StrEnum):
    """How the influences of audio and visual relate in a frame."""

    COMPLEMENT = "complement"
    CONFLICT = "conflict"
    AUDIO = "audio dominates"
    VISUAL = "visual dominates"
    NEITHER = "neither"


def add_influence(
    trace: Trace,
    features: Features,
    checkpoint: Checkpoint,
    dropouts: Sequence[DropoutConfig] = (),
    *,
    gates: GateOverrides = OWN_GATES,
    windows: Windows | str = Windows.OVERLAP,
    memories: Sequence[WindowMemory | None] = (None, None, None),
    exported: OnnxNetwork | None = None,
) -> Trace:
    """Add to a trace how far each modality moves each prediction: the Shapley values of two players.

    With y the prediction, y_a that without the visual modality, y_v that without the audio and y_0 that without both,
    the influence of audio is ((y_a - y_0) + (y - y_v)) / 2, that of visual ((y_v - y_0) + (y - y_a)) / 2; they add up
    to y - y_0. The interaction is y - y_a - y_v + y_0. Three more forward passes are needed.
    Source: Shapley (1953); for modalities, M2Lens (Wang et al., 2021).
    Choice: a modality is removed from end to end of the recording: the backbone's output for zeros takes the place of
    its features, as in simulated dropout. Where a recording has no audio it is that already, and the influence is 0.

    Args:
        trace: What `infer` returned for the same arguments.
        features: The subject's features.
        checkpoint: The model.
        dropouts: Simulated losses behind the trace.
        gates: Overrides of the gates behind the trace.
        windows: How clips are cut into windows.
        memories: Outputs of windows from earlier calls for y_a, y_v and y_0, which are updated.
        exported: The same model in ONNX Runtime.

    Returns:
        The trace with INFLUENCE_COLUMNS, float32, linear between clips as predictions are; NaN for targets that the
        model does not have.

    Raises:
        MismatchError: The features do not fit the model.
    """
    sides = [
        infer(
            features, checkpoint, (*dropouts, *removed), gates=gates, windows=windows, memory=memory, exported=exported
        ).columns
        for removed, memory in zip(SIDES, memories, strict=True)
    ]
    columns = {}
    for target in TARGETS:
        y, y_a, y_v, y_0 = (found[target].astype(np.float64) for found in (trace.columns, *sides))
        audio, visual = shapley(y, y_a, y_v, y_0)
        columns[f"{target}_audio_influence"] = audio
        columns[f"{target}_visual_influence"] = visual
        columns[f"{target}_interaction"] = y - y_a - y_v + y_0
        columns[f"{target}_without_both"] = y_0
    added = {name: columns[name].astype(np.float32) for name in INFLUENCE_COLUMNS}
    return trace._replace(columns={**trace.columns, **added})


def infer_with_influence(
    features: Features,
    checkpoint: Checkpoint,
    dropouts: Sequence[DropoutConfig] = (),
    *,
    gates: GateOverrides = OWN_GATES,
) -> Trace:
    """A Trace with influences, as `infer` and `add_influence` make them one after the other.

    All four passes take the features from one table, which a GPU is sent once.

    Raises:
        MismatchError: The features do not fit the model.
    """
    own, *others = (WindowMemory() for _ in range(1 + len(SIDES)))
    trace = infer(features, checkpoint, dropouts, gates=gates, memory=own)
    return add_influence(trace, features, checkpoint, dropouts, gates=gates, memories=others)


def shapley(y: np.ndarray, y_a: np.ndarray, y_v: np.ndarray, y_0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values of audio and visual, the two players of a prediction; they add up to y - y_0.

    Args:
        y: (N,) prediction with both modalities.
        y_a: (N,) with the audio alone.
        y_v: (N,) with the visual modality alone.
        y_0: (N,) with neither.

    Returns:
        (N,) influence of the audio, and (N,) of the visual modality.
    """
    return ((y_a - y_0) + (y - y_v)) / 2, ((y_v - y_0) + (y - y_a)) / 2


def has_influence(trace: Trace) -> bool:
    """Whether `add_influence` was applied to a trace."""
    return INFLUENCE_COLUMNS[0] in trace.columns


def relationships(audio: np.ndarray, visual: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """How two influences relate in each frame.

    Both at least the threshold in size: a complement where their signs agree, else a conflict. One of them: that
    modality dominates.

    Args:
        audio: (N,) influence of the audio.
        visual: (N,) influence of the visual modality.
        threshold: Size from which an influence counts, above 0.

    Returns:
        (N,) values of `Relationship` as text; "" where an influence is NaN.

    Raises:
        InputError: The threshold is not a number above 0.

    Examples:
        >>> relationships(np.array([0.3, 0.3, 0.3, 0.0, 0.0]), np.array([0.2, -0.2, 0.0, 0.2, 0.05])).tolist()
        ['complement', 'conflict', 'audio dominates', 'visual dominates', 'neither']
    """
    if not 0 < threshold < np.inf:
        raise InputError(f"the threshold of influence is {threshold}; expected a number above 0")
    a, v = np.abs(audio) >= threshold, np.abs(visual) >= threshold
    same = np.sign(audio) == np.sign(visual)
    kinds = np.select(
        [np.isnan(audio) | np.isnan(visual), a & v & same, a & v, a, v],
        ["", Relationship.COMPLEMENT.value, Relationship.CONFLICT.value, Relationship.AUDIO.value,
         Relationship.VISUAL.value],
        Relationship.NEITHER.value,
    )  # fmt: skip
    return np.asarray(kinds, dtype=object)


def relationships_of(trace: Trace, target: str, threshold: float = THRESHOLD) -> np.ndarray:
    """`relationships` of a trace with influences, for a target; "" too where a face or the sound is missing."""
    audio, visual = (trace.columns[f"{target}_{m}_influence"].astype(np.float64) for m in (AUDIO, VISUAL))
    both = trace.columns["has_face"] & trace.columns["has_audio"]
    return relationships(np.where(both, audio, np.nan), visual, threshold)
