"""Configurations: frozen dataclasses that refuse a bad combination when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from iaca.config.checks import (
    MOST_LAYERS,
    MOST_UNITS,
    ConfigError,
    above_zero,
    as_enum,
    at_least,
    at_most,
    from_fields,
    share,
    true_or_false,
)
from iaca.config.vocabulary import TARGETS, WINDOW_CLIPS


class TrunkSharing(StrEnum):
    """Whether valence and arousal share one attention and gate (`shared`) or have one each (`per_target`)."""

    SHARED = "shared"
    PER_TARGET = "per_target"


class Gate(StrEnum):
    """What the gates of IACA see: `learned` (eqs 5-9), or a control that tells a gate from a skip path.

    `constant` weighs 1/2 in stage 1 and 1/3 in stage 2; `blind` learns its weights but does not see the input.
    """

    LEARNED = "learned"
    CONSTANT = "constant"
    BLIND = "blind"


class Stage1Context(StrEnum):
    """What the stage-1 gate of a modality reads: its `own` attended feature (eq 5), or `both`."""

    OWN = "own"
    BOTH = "both"


class Stage2Input(StrEnum):
    """What the stage-2 gate reads: audio, visual and joint features concatenated (`all`), or `joint` alone."""

    ALL = "all"
    JOINT = "joint"


class GateInit(StrEnum):
    """How gate layers start: at `zero` (equal weights), or by torch's `default` for a linear layer."""

    ZERO = "zero"
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """One audio-visual fusion model: everything that is needed to build it again.

    What holds for every fusion is checked here; what one fusion asks for, when the model is built.

    Source: Praveen & Alam, arXiv:2405.12853. Symbols: d is `dim`, L is `clips`, T is `gate_temperature`.

    Attributes:
        fusion: Name of a registered fusion, lower case, such as ca.
        iaca: Whether the gates of eqs 5-9 act on the fusion.
        audio_dim: Dimension of the audio features given to the model.
        visual_dim: Dimension of the visual features given to the model.
        dim: d; a linear map leads to it where a feature dimension differs.
        clips: L, clips in a window.
        targets: Any of valence and arousal, in that order.
        trunk: One attention and gate for both targets, or one each.
        scale_correlation: Scale the correlation Z of CA by 1/sqrt(d). Deviates from the paper, which does not.
        jca_hidden: k of JCA and RJCA.
        num_recursions: Recursions of RJCA.
        recurrent: Whether RJCA has its BLSTMs.
        num_layers: Transformer layers, of TCA and the other transformers.
        num_heads: Attention heads, likewise; divides `dim`, or twice `dim` where a layer takes both modalities at once.
        attention_dropout: Dropout in transformer and convolution layers, a share.
        stage1: Whether the first-stage gates act (with `iaca`).
        stage2: Whether the second-stage gate acts (with `iaca`).
        gate: What the gates see, or a control.
        gate_temperature: T, above 0. The paper says "small"; 0.1 is that of the authors' DCA code.
        gate_init: How gate layers start. Deviates: at zero, since T = 0.1 saturates a default start.
        stage1_context: What stage-1 gates read.
        stage2_input: What the stage-2 gate reads. The paper does not say.
        head_hidden: Hidden units of the regression head.
        head_dropout: Dropout of the regression head, a share.

    Raises:
        ConfigError: A value or a combination that cannot be; the message names both.
    """

    fusion: str = "ca"
    iaca: bool = False
    audio_dim: int = 512
    visual_dim: int = 512
    dim: int = 512
    clips: int = WINDOW_CLIPS
    targets: tuple[str, ...] = TARGETS
    trunk: TrunkSharing = TrunkSharing.PER_TARGET
    scale_correlation: bool = True
    jca_hidden: int = 32
    num_recursions: int = 2
    recurrent: bool = True
    num_layers: int = 2
    num_heads: int = 4
    attention_dropout: float = 0.1
    stage1: bool = True
    stage2: bool = True
    gate: Gate = Gate.LEARNED
    gate_temperature: float = 0.1
    gate_init: GateInit = GateInit.ZERO
    stage1_context: Stage1Context = Stage1Context.OWN
    stage2_input: Stage2Input = Stage2Input.ALL
    head_hidden: int = 128
    head_dropout: float = 0.3

    def __post_init__(self) -> None:
        for name, kind in (
            ("trunk", TrunkSharing),
            ("gate", Gate),
            ("gate_init", GateInit),
            ("stage1_context", Stage1Context),
            ("stage2_input", Stage2Input),
        ):
            as_enum(self, name, kind)
        at_least(
            self, 1, "audio_dim", "visual_dim", "dim", "clips", "jca_hidden", "num_recursions", "num_layers",
            "num_heads", "head_hidden",
        )  # fmt: skip
        at_most(self, MOST_UNITS, "audio_dim", "visual_dim", "dim", "clips", "jca_hidden", "num_heads", "head_hidden")
        at_most(self, MOST_LAYERS, "num_recursions", "num_layers")
        share(self, "attention_dropout", "head_dropout")
        true_or_false(self, "iaca", "scale_correlation", "recurrent", "stage1", "stage2")
        above_zero(self, "gate_temperature")
        if (
            not isinstance(self.targets, list | tuple)
            or not self.targets
            or list(self.targets) != [target for target in TARGETS if target in self.targets]
        ):
            raise ConfigError(f"targets is {self.targets!r}; expected any of {TARGETS!r}, in this order")
        object.__setattr__(self, "targets", tuple(self.targets))
        if not isinstance(self.fusion, str) or self.fusion != self.fusion.lower() or not self.fusion:
            raise ConfigError(f"fusion is {self.fusion!r}; expected a name in lower case")
        if self.iaca and not (self.stage1 or self.stage2):
            raise ConfigError("iaca is true but stage1 and stage2 are both false; expected at least one stage")

    @property
    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Name of each trunk and the targets it serves."""
        if self.trunk is TrunkSharing.SHARED:
            return {"shared": self.targets}
        return {target: (target,) for target in self.targets}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = asdict(self) | {"targets": list(self.targets)}
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FusionConfig:
        """The configuration that `to_dict` wrote.

        Raises:
            ConfigError: An unknown field, named with those that exist.
        """
        return from_fields(cls, values)
