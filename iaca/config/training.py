"""How a fusion model is trained, and named settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from iaca.config.checks import (
    ConfigError,
    above_zero,
    as_enum,
    at_least,
    check_clip_stride,
    from_fields,
    is_number,
    share,
    true_or_false,
)
from iaca.config.vocabulary import CLIP_PICTURES


class Schedule(StrEnum):
    """How the learning rate falls: by a `cosine` over all steps, or by half on a `plateau` of the validation CCC."""

    COSINE = "cosine"
    PLATEAU = "plateau"


class Optimiser(StrEnum):
    """Adam, or AdamW with decoupled weight decay."""

    ADAM = "adam"
    ADAMW = "adamw"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a fusion model is trained on features.

    Attributes:
        seed: Seed of weights, windows and dropout; a whole number of at least 0.
        epochs: Epochs at most.
        steps_per_epoch: Batches in an epoch.
        batch_windows: Windows in a batch.
        optimiser: Adam or AdamW.
        learning_rate: At the start; above 0.
        weight_decay: At least 0.
        schedule: How the learning rate falls.
        plateau_patience: With schedule `plateau`, epochs without a better validation CCC before it halves.
        patience: Epochs without a better validation CCC before training stops; None: never.
        clip_norm: Largest norm of the gradient; above 0.
        auxiliary_weight: Weight of the loss on each branch of stage 2; 0 turns it off. Extension.
        modality_dropout: Share of windows that lose a uniform share of the clips of one modality. Extension.
        short_windows: Share of windows that have fewer clips than L, as short recordings have.
        mixed_precision: Train in bf16 where the device is a GPU.
    """

    seed: int = 0
    epochs: int = 20
    steps_per_epoch: int = 10
    batch_windows: int = 32
    optimiser: Optimiser = Optimiser.ADAMW
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    schedule: Schedule = Schedule.COSINE
    plateau_patience: int = 10
    patience: int | None = None
    clip_norm: float = 5.0
    auxiliary_weight: float = 0.3
    modality_dropout: float = 0.3
    short_windows: float = 0.1
    mixed_precision: bool = True

    def __post_init__(self) -> None:
        as_enum(self, "optimiser", Optimiser)
        as_enum(self, "schedule", Schedule)
        at_least(self, 0, "seed")
        at_least(self, 1, "epochs", "steps_per_epoch", "batch_windows", "plateau_patience")
        if self.patience is not None:
            at_least(self, 1, "patience")
        share(self, "short_windows")
        true_or_false(self, "mixed_precision")
        above_zero(self, "learning_rate", "clip_norm")
        if not (is_number(self.modality_dropout) and 0 <= self.modality_dropout <= 1):
            raise ConfigError(f"modality_dropout is {self.modality_dropout!r}; expected a share from 0 to 1")
        for name in ("weight_decay", "auxiliary_weight"):
            value = getattr(self, name)
            if not (is_number(value) and 0 <= value < float("inf")):
                raise ConfigError(f"{name} is {value!r}; expected a number of at least 0")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """The configuration that `to_dict` wrote.

        Raises:
            ConfigError: An unknown field, named with those that exist.
        """
        return from_fields(cls, values)


PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "paper_strict": {
        "fusion": {"trunk": "per_target", "scale_correlation": False, "gate_init": "default", "stage1_context": "own"},
        "training": {"auxiliary_weight": 0.0, "modality_dropout": 0.0},
    },
    "authors": {
        "training": {
            "optimiser": "adam",
            "learning_rate": 1e-4,
            "weight_decay": 0.0,
            "batch_windows": 64,
            "schedule": "plateau",
            "plateau_patience": 10,
            "epochs": 100,
            "auxiliary_weight": 0.0,
            "modality_dropout": 0.0,
        },
    },
}
"""Named settings: `paper_strict` is the paper without our deviations; `authors` trains as their released code.

Choice: Adam at 1e-4 is that of their RJCA; their DCA has AdamW at 3e-4. They train 50 to 100 epochs; here it is 100,
each of `steps_per_epoch` random batches, since windows are drawn and not gone through.
"""


@dataclass(frozen=True, kw_only=True)
class BackboneTraining:
    """How a backbone is trained.

    Attributes:
        epochs: Passes; each takes one clip per 32 frames of every recording, at a new phase.
        batch: Clips in a step.
        learning_rate: Its peak; one cycle up and down.
        weight_decay: Of AdamW.
        mse_weight: Weight of the mean squared error beside 1 - CCC, which alone says little on small batches.
        clip_stride: Grid of clip ends, in frames; a finer one decodes and stores more.
        seed: Of weights, draws and augmentation.
        within_weight: Share of the loss, 0 to 1, that is (1 - CCC) of what changes within each recording of a batch.
        pictures: How many of a clip's pictures are seen, the last ones, 1 to 8. One teaches what a face looks like
            before how it moves, at a fraction of the time; `inflate` then makes a start for whole clips of it.
        augment: Whether clips are flipped, shifted, brightened (pictures), made louder and masked (spectrograms).
    """

    epochs: int = 10
    batch: int = 48
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    mse_weight: float = 0.3
    clip_stride: int = 4
    seed: int = 0
    within_weight: float = 0.0
    pictures: int = CLIP_PICTURES
    augment: bool = True

    def __post_init__(self) -> None:
        check_clip_stride(self.clip_stride)
        for name, minimum in (("epochs", 1), ("batch", 2), ("seed", 0), ("pictures", 1)):
            if getattr(self, name) < minimum:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least {minimum}")
        if self.pictures > CLIP_PICTURES:
            raise ConfigError(f"pictures is {self.pictures}; a clip has {CLIP_PICTURES}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate is {self.learning_rate}; expected a number above 0")
        if not 0 <= self.within_weight <= 1:
            raise ConfigError(f"within_weight is {self.within_weight}; expected a share from 0 to 1")
        for name in ("weight_decay", "mse_weight"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least 0")
