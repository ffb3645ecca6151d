"""Settings of training, for fusion models and backbones, and named presets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from iaca.config.checks import (
    HIGHEST_NORM,
    HIGHEST_RATE,
    LOWEST_NORM,
    LOWEST_RATE,
    MOST_STEPS,
    ConfigError,
    above_zero,
    as_enum,
    at_least,
    at_most,
    check_clip_stride,
    check_seed,
    from_fields,
    is_number,
    not_negative,
    share,
    true_or_false,
)
from iaca.config.settings import documented, setting
from iaca.config.vocabulary import CLIP_PICTURES


class Schedule(StrEnum):
    """How the learning rate falls: along a `cosine` over all steps, by half on a plateau, or not at all.

    `plateau` is one of the validation CCC, `loss_plateau` one of the training loss.
    """

    CONSTANT = "constant"
    COSINE = "cosine"
    PLATEAU = "plateau"
    LOSS_PLATEAU = "loss_plateau"


class Optimiser(StrEnum):
    """The optimiser: Adam, or AdamW with decoupled weight decay."""

    ADAM = "adam"
    ADAMW = "adamw"


class Keep(StrEnum):
    """Which weights are kept: of the `last` epoch, of the `best` by validation CCC, or of the best of each target.

    `best_per_target` takes the weights behind each target from the epoch that is best for it.
    """

    LAST = "last"
    BEST = "best"
    BEST_PER_TARGET = "best_per_target"


@documented
@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of the training of a fusion model on features."""

    seed: int = setting(0, "Seed of weights, windows and dropout.", "whole number, at least 0")
    epochs: int = setting(20, "Largest number of epochs.", "epochs")
    steps_per_epoch: int = setting(10, "Batches in an epoch.", "batches")
    batch_windows: int = setting(32, "Windows in a batch.", "windows")
    optimiser: Optimiser = setting(Optimiser.ADAMW, "The optimiser.")
    learning_rate: float = setting(1e-3, "Learning rate at the start.", "above 0")
    weight_decay: float = setting(1e-2, "Weight decay.", "at least 0")
    schedule: Schedule = setting(Schedule.COSINE, "How the learning rate falls.")
    plateau_patience: int = setting(
        10, "With a plateau schedule, epochs without a better CCC, or loss, before the rate halves.", "epochs"
    )
    late_rate: float | None = setting(
        None,
        "Learning rate from epoch late_from on, in place of the schedule's, less a fifth every other epoch; "
        "None: the schedule's.",
        "above 0",
    )
    late_from: int = setting(6, "Epoch, from 0, in which late_rate begins.", "epochs")
    keep: Keep = setting(Keep.LAST, "Which weights are kept; the best are chosen on the validation subjects.")
    patience: int | None = setting(
        None, "Epochs without a better validation CCC before training stops, with the best kept; None: never.", "epochs"
    )
    clip_norm: float = setting(5.0, "Norm that gradients are clipped to.", "above 0")
    auxiliary_weight: float = setting(
        0.3, "Weight of the loss on each branch of stage 2; 0 turns it off. Extension.", "at least 0"
    )
    modality_dropout: float = setting(
        0.3, "Share of windows that lose a uniform share of one modality's clips. Extension.", "share, 0 to 1"
    )
    short_windows: float = setting(
        0.1, "Share of windows with fewer than L clips, as short recordings have.", "share, 0 to below 1"
    )
    mixed_precision: bool = setting(True, "Whether to train in bf16 on a GPU.")

    def __post_init__(self) -> None:
        as_enum(self, "optimiser", Optimiser)
        as_enum(self, "schedule", Schedule)
        as_enum(self, "keep", Keep)
        check_seed(self)
        counts = ("epochs", "steps_per_epoch", "batch_windows", "plateau_patience", "late_from")
        at_least(self, 1, *counts)
        at_most(self, MOST_STEPS, *counts)
        if self.patience is not None:
            at_least(self, 1, "patience")
            if self.keep is Keep.LAST:
                object.__setattr__(self, "keep", Keep.BEST)
        if self.late_rate is not None:
            above_zero(self, LOWEST_RATE, HIGHEST_RATE, "late_rate")
        share(self, "short_windows")
        true_or_false(self, "mixed_precision")
        above_zero(self, LOWEST_RATE, HIGHEST_RATE, "learning_rate")
        above_zero(self, LOWEST_NORM, HIGHEST_NORM, "clip_norm")
        if not (is_number(self.modality_dropout) and 0 <= self.modality_dropout <= 1):
            raise ConfigError(f"modality_dropout is {self.modality_dropout!r}; expected a share from 0 to 1")
        not_negative(self, "weight_decay", "auxiliary_weight")

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values for JSON."""
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}

    @property
    def needs_validation(self) -> bool:
        """Whether validation subjects decide anything."""
        return self.keep is not Keep.LAST or self.schedule is Schedule.PLATEAU

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """The settings that `to_dict` returned.

        Raises:
            ConfigError: An unknown field, named with those that exist.
        """
        return from_fields(cls, values)


@documented
@dataclass(frozen=True, kw_only=True)
class BackboneTraining:
    """Settings of the training of a backbone."""

    epochs: int = setting(
        10, "Number of epochs; each takes one clip per 32 frames of every recording, at a new phase.", "epochs"
    )
    batch: int = setting(48, "Clips in a batch.", "clips")
    learning_rate: float = setting(2e-3, "Peak of the learning rate; one cycle up and down.", "above 0")
    weight_decay: float = setting(0.02, "Weight decay of AdamW.", "at least 0")
    mse_weight: float = setting(
        0.3, "Weight of the mean squared error beside 1 - CCC, which is noisy on small batches.", "at least 0"
    )
    clip_stride: int = setting(
        4, "Frames between the ends of decoded clips; a smaller stride decodes and stores more.", "frames"
    )
    seed: int = setting(0, "Seed of weights, draws and augmentation.", "whole number, at least 0")
    within_weight: float = setting(
        0.0, "Share of the loss that is (1 - CCC) of what changes within each recording of a batch.", "share, 0 to 1"
    )
    pictures: int = setting(
        CLIP_PICTURES,
        "Number of a clip's pictures that are used, the last ones. With one, a network learns what a face looks like "
        "before how it moves, in a fraction of the time; `inflate` then prepares it for whole clips.",
        "pictures",
    )
    augment: bool = setting(
        True, "Whether pictures are mirrored, shifted and recoloured, and spectrograms made louder and masked."
    )

    def __post_init__(self) -> None:
        check_clip_stride(self.clip_stride)
        check_seed(self)
        at_least(self, 1, "epochs", "pictures")
        at_least(self, 2, "batch")
        at_most(self, MOST_STEPS, "epochs", "batch")
        if self.pictures > CLIP_PICTURES:
            raise ConfigError(f"pictures is {self.pictures}; a clip has {CLIP_PICTURES}")
        above_zero(self, LOWEST_RATE, HIGHEST_RATE, "learning_rate")
        true_or_false(self, "augment")
        if not (is_number(self.within_weight) and 0 <= self.within_weight <= 1):
            raise ConfigError(f"within_weight is {self.within_weight!r}; expected a share from 0 to 1")
        not_negative(self, "weight_decay", "mse_weight")
