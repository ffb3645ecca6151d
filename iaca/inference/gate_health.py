"""Does a gate do anything? One that never moves, or that always takes the same side, is said to be dead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from iaca.config import AUDIO, MODALITIES, VISUAL
from iaca.types import Trace

LEAST_RANGE = 0.05
"""A gate whose weights all stay within so much of each other does not move."""

ONE_SIDED, ONE_SIDED_SHARE = 0.95, 0.95
"""A gate is one-sided where a weight is above the first on more than the second of all clips."""

GATES = {
    **{f"stage 1, {m}": {side: f"stage1_{m}_{side}" for side in ("self", "cross")} for m in MODALITIES},
    "stage 2": {side: f"stage2_{side}" for side in (AUDIO, VISUAL, "joint")},
}
"""Gate -> side -> its column in a Trace, without the target."""


class GateHealth(NamedTuple):
    """How much one gate moves.

    Attributes:
        target: valence or arousal.
        gate: "stage 1, audio", "stage 1, visual" or "stage 2".
        range: Largest less smallest weight over all clips, of the side where that is most; 0 to 1.
        side: The side with the largest mean weight: self, cross, audio, visual or joint.
        mean: That mean.
        share: Share of clips in which its weight is above 0.95.
        clips: Number of clips.
    """

    target: str
    gate: str
    range: float
    side: str
    mean: float
    share: float
    clips: int

    @property
    def is_dead(self) -> bool:
        """Whether it does not move, or takes one side on nearly all clips."""
        return self.range < LEAST_RANGE or self.share > ONE_SIDED_SHARE

    @property
    def sentence(self) -> str:
        """What is wrong with it, in a sentence; "" for a gate that works."""
        if not self.is_dead:
            return ""
        where = f"{self.target}, {self.gate}"
        if self.range < LEAST_RANGE:
            return f"{where}: the gate does not move (range {self.range:.3f}, {self.mean:.2f} on {self.side})"
        return f"{where}: the gate takes one side ({self.side} above {ONE_SIDED:g} on {self.share:.0%} of clips)"


def gate_health(traces: Sequence[Trace]) -> tuple[GateHealth, ...]:
    """How much the gates of a model move over some subjects.

    Args:
        traces: The model's, of one or more subjects.

    Returns:
        One entry per target and gate that the model has; none for a model without gates.
    """
    found = []
    for target in traces[0].scores if traces else ():
        for gate, columns in GATES.items():
            weights = np.concatenate([_weights(trace, target, columns.values()) for trace in traces])
            if not len(weights):
                continue
            side = int(weights.mean(0).argmax())
            found.append(
                GateHealth(
                    target=target,
                    gate=gate,
                    range=float(np.ptp(weights, axis=0).max()),
                    side=list(columns)[side],
                    mean=float(weights[:, side].mean()),
                    share=float((weights[:, side] > ONE_SIDED).mean()),
                    clips=len(weights),
                )
            )
    return tuple(found)


def _weights(trace: Trace, target: str, columns: Iterable[str]) -> np.ndarray:
    """(T, sides) weights of the clips of a subject; no rows where the model has no such gate."""
    weights = np.stack([trace.columns[f"{target}_{column}"] for column in columns], axis=1)
    return weights[~trace.columns["interpolated"] & np.isfinite(weights).all(axis=1)]
