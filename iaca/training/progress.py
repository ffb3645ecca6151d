"""How far a training run is, and which weights it keeps."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from iaca.config import Keep
from iaca.errors import InputError
from iaca.models.fusion_model import FusionModel

MEAN = "mean"
"""What an epoch is best for where that is the mean over targets."""


class TrainingError(InputError):
    """Features that a model cannot be trained on, or a loss that diverged: the message says what was expected."""


@dataclass
class RunProgress:
    """The progress of a run between two epochs.

    Attributes:
        epoch: Number of finished epochs.
        scores: What an epoch can be best for, a target or the mean -> the best validation CCC so far.
        epochs: The same -> the epoch that had it, from 0.
        weights: The same -> weights of that epoch; only for what is kept.
        history: One record per epoch.
    """

    epoch: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    weights: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    def note(self, scores: Mapping[str, float], epoch: int, model: FusionModel, kept: Collection[str]) -> None:
        """Note what the epoch is best for so far, with its weights for what is kept.

        Args:
            scores: Target or mean -> validation CCC; minus infinity without validation subjects.
            epoch: The epoch, from 0.
            model: The model after it.
            kept: What `kept_for` returned.
        """
        for what, score in scores.items():
            if score > self.scores.get(what, -math.inf):
                self.scores[what], self.epochs[what] = score, epoch
                if what in kept:
                    self.weights[what] = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def restore(self, model: FusionModel) -> None:
        """Give the model the weights that are kept, those of each target from the epoch that is best for it."""
        for what, weights in self.weights.items():
            if what == MEAN:
                model.load_state_dict(weights)
            else:
                model.load_state_dict(of_target(weights, what), strict=False)


def kept_for(model: FusionModel, keep: Keep) -> tuple[str, ...]:
    """What the best epoch is kept for: nothing, the mean, or each target.

    Raises:
        TrainingError: The best epoch of each target is asked for, and some weights serve several targets.
    """
    if keep is not Keep.BEST_PER_TARGET:
        return () if keep is Keep.LAST else (MEAN,)
    targets = model.config.targets
    names = dict(model.named_parameters())
    own = {name for target in targets for name in of_target(names, target)}
    common = sorted({name.split(".")[0] for name in names if name not in own})
    if common and len(targets) > 1:
        raise TrainingError(
            f"keep is {keep.value!r}, but {' and '.join(common)} of this model serve both targets; expected "
            "fusion.trunk = per_target and features as wide as fusion.dim, or keep = best"
        )
    return targets


def of_target(weights: Mapping[str, Any], target: str) -> dict[str, Any]:
    """The weights behind one target alone: its trunk and its head."""
    places = tuple(f"{part}.{target}." for part in ("trunks", "heads"))
    return {name: value for name, value in weights.items() if name.startswith(places)}
