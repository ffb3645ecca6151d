"""Configurations: frozen dataclasses that refuse a bad combination when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from iaca.config.checks import (
    MOST_LAYERS,
    MOST_UNITS,
    ConfigError,
    as_enum,
    at_least,
    at_most,
    check_temperature,
    from_fields,
    share,
    true_or_false,
)
from iaca.config.settings import documented, setting
from iaca.config.vocabulary import TARGETS, WINDOW_CLIPS


class TrunkSharing(StrEnum):
    """Whether valence and arousal share one attention and gate (`shared`) or have one each (`per_target`)."""

    SHARED = "shared"
    PER_TARGET = "per_target"


class Gate(StrEnum):
    """Which gates: those of IACA (`learned`, eqs 5-9), a control that tells a gate from a skip path, or related work's.

    `constant` weighs 1/2 in stage 1 and 1/3 in stage 2; `blind` learns its weights but does not see the input. The
    others are `RELATED_GATES`, rebuilt from their papers.
    """

    LEARNED = "learned"
    CONSTANT = "constant"
    BLIND = "blind"
    GMU = "gmu"
    CONDITIONAL = "conditional"
    FORGET = "forget"
    GATED_SEQUENCE = "gated_sequence"
    LEAKY = "leaky"


class RelatedGate(NamedTuple):
    """A gate of related work, which takes the place of both stages of IACA.

    Attributes:
        title: Its name on screen.
        source: Author and year.
        settings: Fields of a configuration that the gate determines: which stages it has, and T.
    """

    title: str
    source: str
    settings: dict[str, Any]


_WEIGHS_MODALITIES: dict[str, Any] = {"stage1": False, "stage2": True, "gate_temperature": 1.0}
_WEIGHS_ATTENTION: dict[str, Any] = {"stage1": True, "stage2": False, "gate_temperature": 1.0}

RELATED_GATES = {
    Gate.GMU: RelatedGate("GMU", "Arevalo 2020", _WEIGHS_MODALITIES),
    Gate.CONDITIONAL: RelatedGate("conditional gate", "Kumar & Vepa 2020", _WEIGHS_ATTENTION),
    Gate.FORGET: RelatedGate("forget gate", "Jiang & Ji 2022", _WEIGHS_ATTENTION),
    Gate.GATED_SEQUENCE: RelatedGate("gated sequence", "Aspandi 2022", _WEIGHS_MODALITIES),
    Gate.LEAKY: RelatedGate("leaky gate", "Lee 2022", {"stage1": True, "stage2": False}),
}
"""Gates of related work; their equations stand in `iaca.models.related_gates`."""


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


class Normalisation(StrEnum):
    """What is done to backbone features first.

    `zscore`: standardised by the mean and spread of the training features. `l2`: each clip's features divided by their
    length, as in the authors' code. `none`: nothing.
    """

    ZSCORE = "zscore"
    L2 = "l2"
    NONE = "none"


@documented
@dataclass(frozen=True, kw_only=True)
class FusionConfig:
    """One audio-visual fusion model: everything that is needed to build it again.

    Only what holds for every fusion is checked here; the rest is checked by the fusion when a model is built.

    Source: Praveen & Alam, arXiv:2405.12853. Symbols: d is `dim`, L is `clips`, T is `gate_temperature`.

    Raises:
        ConfigError: A value or a combination that cannot be; the message names both.
    """

    fusion: str = setting("ca", "Name of a registered fusion, lower case, such as ca.")
    iaca: bool = setting(False, "Whether the gates of eqs 5-9 act on the fusion.")
    audio_dim: int = setting(512, "Dimension of the audio features given to the model.", "values")
    visual_dim: int = setting(512, "Dimension of the visual features given to the model.", "values")
    dim: int = setting(512, "d; features of another dimension are mapped to it.", "values")
    normalise: Normalisation = setting(
        Normalisation.ZSCORE,
        "What is done to features first. Deviates: by z-score; the authors' code divides by the length.",
    )
    clips: int = setting(WINDOW_CLIPS, "L, clips in a window.", "clips")
    targets: tuple[str, ...] = setting(TARGETS, "Any of valence and arousal, in that order.")
    trunk: TrunkSharing = setting(TrunkSharing.PER_TARGET, "One attention and gate for both targets, or one each.")
    scale_correlation: bool = setting(
        True, "Scale the correlation Z of CA by 1/sqrt(d). Deviates from the paper, which does not."
    )
    jca_hidden: int = setting(32, "k of JCA and RJCA.", "values")
    num_recursions: int = setting(2, "Recursions of RJCA.", "recursions")
    recurrent: bool = setting(True, "Whether RJCA has its BLSTMs.")
    num_layers: int = setting(2, "Transformer layers, of TCA and the other transformers.", "layers")
    num_heads: int = setting(
        4,
        "Attention heads, likewise; divides `dim`, or twice `dim` where a layer takes both modalities at once.",
        "heads",
    )
    attention_dropout: float = setting(0.1, "Dropout in transformer and convolution layers.", "share, 0 to below 1")
    stage1: bool = setting(True, "Whether the first-stage gates act (with `iaca`).")
    stage2: bool = setting(True, "Whether the second-stage gate acts (with `iaca`).")
    gate: Gate = setting(
        Gate.LEARNED,
        "Which gates act (with `iaca`): those of the paper, a control, or another paper's, which set their own stages.",
    )
    gate_temperature: float = setting(
        0.5,
        "T. The paper calls it small; 0.1 is that of the authors' DCA code. Deviates: at 0.5 the scores are the same, "
        "and gates jump less and die less often.",
        "above 0",
    )
    gate_init: GateInit = setting(
        GateInit.ZERO, "How gate layers start. Deviates: at zero, since a small T saturates a default start."
    )
    stage1_context: Stage1Context = setting(Stage1Context.OWN, "What stage-1 gates read.")
    stage2_input: Stage2Input = setting(Stage2Input.ALL, "What the stage-2 gate reads. The paper does not say.")
    head_hidden: int = setting(128, "Hidden units of the regression head.", "units")
    head_dropout: float = setting(0.3, "Dropout of the regression head.", "share, 0 to below 1")

    def __post_init__(self) -> None:
        for name, kind in (
            ("trunk", TrunkSharing),
            ("gate", Gate),
            ("gate_init", GateInit),
            ("stage1_context", Stage1Context),
            ("stage2_input", Stage2Input),
            ("normalise", Normalisation),
        ):
            as_enum(self, name, kind)
        if self.iaca and self.gate in RELATED_GATES:
            for name, value in RELATED_GATES[self.gate].settings.items():
                object.__setattr__(self, name, value)
        at_least(
            self, 1, "audio_dim", "visual_dim", "dim", "clips", "jca_hidden", "num_recursions", "num_layers",
            "num_heads", "head_hidden",
        )  # fmt: skip
        at_most(self, MOST_UNITS, "audio_dim", "visual_dim", "dim", "clips", "jca_hidden", "num_heads", "head_hidden")
        at_most(self, MOST_LAYERS, "num_recursions", "num_layers")
        share(self, "attention_dropout", "head_dropout")
        true_or_false(self, "iaca", "scale_correlation", "recurrent", "stage1", "stage2")
        check_temperature(self, "gate_temperature")
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
