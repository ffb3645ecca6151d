"""What-ifs: modalities dropped or corrupted, and gates set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iaca.config.checks import ConfigError, as_enum, check_seed, check_temperature, is_number
from iaca.config.vocabulary import AUDIO, MODALITIES, VISUAL


class Stage1Choice(StrEnum):
    """What stage 1 is forced to take: nothing (`free`), always `self`-attended or always `cross`-attended features."""

    FREE = "free"
    SELF = "self"
    CROSS = "cross"


class Stage2Choice(StrEnum):
    """What stage 2 is forced to take: nothing (`free`), or one of its three features only."""

    FREE = "free"
    AUDIO = "audio"
    VISUAL = "visual"
    JOINT = "joint"


class CorruptionKind(StrEnum):
    """Kinds of corruption: `white` or `pink` noise added to the sound, or a `blur` of the face."""

    WHITE = "white"
    PINK = "pink"
    BLUR = "blur"


@dataclass(frozen=True, kw_only=True)
class ForcedGates:
    """Gates that are set by hand: what if the model had chosen otherwise?

    Attributes:
        stage1: The gates of both modalities (eqs 5-8).
        stage2: The gate of audio, visual and joint features (eq 9).
    """

    stage1: Stage1Choice = Stage1Choice.FREE
    stage2: Stage2Choice = Stage2Choice.FREE

    def __post_init__(self) -> None:
        as_enum(self, "stage1", Stage1Choice)
        as_enum(self, "stage2", Stage2Choice)


@dataclass(frozen=True, kw_only=True)
class GateOverrides:
    """Overrides of the gates of a model.

    Attributes:
        temperature: T of eqs 6 and 9, above 0; None: the model's own.
        forced: Gates that are set by hand; a model without such a gate stays as it is.
    """

    temperature: float | None = None
    forced: ForcedGates = ForcedGates()

    def __post_init__(self) -> None:
        if self.temperature is not None:
            check_temperature(self, "temperature")


OWN_GATES = GateOverrides()
"""No override: the gates are the model's own."""


@dataclass(frozen=True, kw_only=True)
class CorruptionConfig:
    """A corruption of the sound by noise, or of the face by a blur, over a span of time.

    Attributes:
        kind: Noise or blur.
        strength: For noise its signal-to-noise ratio, -60 to 60 dB; for a blur its standard deviation, 0 to 40 pixels
            of the 112-pixel crop.
        seed: Seed of the noise, a whole number of at least 0.
        start_s: Start of the span, seconds; None: the start of the recording.
        end_s: End of the span, seconds; None: the end of the recording.
    """

    kind: CorruptionKind = CorruptionKind.WHITE
    strength: float = 0.0
    seed: int = 0
    start_s: float | None = None
    end_s: float | None = None

    def __post_init__(self) -> None:
        as_enum(self, "kind", CorruptionKind)
        check_seed(self)
        low, high, unit = (0, 40, "pixels") if self.modality == VISUAL else (-60, 60, "dB")
        if not (is_number(self.strength) and low <= self.strength <= high):
            raise ConfigError(f"strength is {self.strength!r}; expected {low} to {high} {unit} for {self.kind.value}")
        known = all(value is None or is_number(value) for value in (self.start_s, self.end_s))
        if not known or not 0 <= self.span_s[0] < self.span_s[1]:
            raise ConfigError(f"start_s is {self.start_s!r} and end_s is {self.end_s!r}; expected 0 <= start_s < end_s")

    @property
    def modality(self) -> str:
        """The modality that is corrupted."""
        return VISUAL if self.kind is CorruptionKind.BLUR else AUDIO

    @property
    def span_s(self) -> tuple[float, float]:
        """Start and end of the span, seconds; the end is infinite where it is that of the recording."""
        return self.start_s or 0.0, float("inf") if self.end_s is None else self.end_s


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Everything that is changed before a model predicts.

    Attributes:
        dropouts: Simulated losses, of either modality.
        corruptions: Corruptions of sound and face before the backbones see them, at most one of each modality.
        gates: Overrides of the gates.
    """

    dropouts: tuple[DropoutConfig, ...] = ()
    corruptions: tuple[CorruptionConfig, ...] = ()
    gates: GateOverrides = OWN_GATES

    def __post_init__(self) -> None:
        corrupted = [corruption.modality for corruption in self.corruptions]
        if len(set(corrupted)) < len(corrupted):
            raise ConfigError(f"corruptions are of {' and '.join(corrupted)}; expected at most one of each modality")


UNCHANGED = WhatIf()
"""Nothing is changed."""


class DropoutPattern(StrEnum):
    """Which clips a simulated dropout takes: `scattered` ones, one `block`, or those in a `range` of time."""

    SCATTERED = "scattered"
    BLOCK = "block"
    RANGE = "range"


class DropoutUnit(StrEnum):
    """What a simulated dropout draws: clips, as in the paper, or whole seconds."""

    CLIP = "clip"
    SECOND = "second"


@dataclass(frozen=True, kw_only=True)
class DropoutConfig:
    """A simulated loss of one modality, as in Fig 3 of the paper.

    Attributes:
        modality: audio, as in the paper, or visual.
        share: Share of the clips that is lost, 0 to 1.
        pattern: Which clips are lost.
        seed: Seed of the draw, a whole number of at least 0.
        unit: What is drawn, clips or seconds.
        start_s: Start of the interval of pattern `range`, seconds.
        end_s: End of the interval of pattern `range`, seconds.
    """

    modality: str = AUDIO
    share: float = 0.0
    pattern: DropoutPattern = DropoutPattern.SCATTERED
    seed: int = 0
    unit: DropoutUnit = DropoutUnit.CLIP
    start_s: float | None = None
    end_s: float | None = None

    def __post_init__(self) -> None:
        as_enum(self, "pattern", DropoutPattern)
        as_enum(self, "unit", DropoutUnit)
        check_seed(self)
        if self.modality not in MODALITIES:
            raise ConfigError(f"modality is {self.modality!r}; expected one of: {', '.join(MODALITIES)}")
        if not (is_number(self.share) and 0 <= self.share <= 1):
            raise ConfigError(f"share is {self.share!r}; expected a number from 0 to 1")
        if self.pattern is DropoutPattern.RANGE:
            if not (is_number(self.start_s) and is_number(self.end_s)):
                raise ConfigError("pattern is 'range' without start_s and end_s; expected both, in seconds")
            if not self.start_s <= self.end_s:
                raise ConfigError(f"start_s is {self.start_s!r} and end_s is {self.end_s!r}; expected start_s <= end_s")
