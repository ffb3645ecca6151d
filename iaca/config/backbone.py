"""Configuration of a backbone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from iaca.config.checks import MOST_UNITS, ConfigError, as_enum, at_least, at_most
from iaca.config.settings import documented, setting
from iaca.config.vocabulary import AUDIO, MODALITIES, VISUAL


class Architecture(StrEnum):
    """Networks for backbones: `slim` (either modality), `r3d_18` and `r2plus1d_18` (visual), `resnet18` (audio)."""

    SLIM = "slim"
    R3D_18 = "r3d_18"
    R2PLUS1D_18 = "r2plus1d_18"
    RESNET18 = "resnet18"


@documented
@dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """Configuration of a backbone: everything that is needed to build it again."""

    modality: str = field(metadata={"description": "audio or visual.", "unit": ""})
    arch: Architecture = setting(Architecture.SLIM, "The network.")
    dim: int = setting(128, "Dimension of its features, before anything is flattened.", "values")
    width: int = setting(
        16,
        "Channels of the first block of `slim`; each of the other three has twice as many as the one before.",
        "channels",
    )

    def __post_init__(self) -> None:
        as_enum(self, "arch", Architecture)
        at_least(self, 1, "dim", "width")
        at_most(self, MOST_UNITS, "dim", "width")
        if self.modality not in MODALITIES:
            raise ConfigError(f"modality is {self.modality!r}; expected one of: {', '.join(MODALITIES)}")
        visual_only = (Architecture.R3D_18, Architecture.R2PLUS1D_18)
        if self.modality == AUDIO and self.arch in visual_only:
            raise ConfigError(f"arch is {self.arch.value!r} and modality is audio; expected slim or resnet18")
        if self.modality == VISUAL and self.arch is Architecture.RESNET18:
            raise ConfigError("arch is 'resnet18' and modality is visual; expected slim, r3d_18 or r2plus1d_18")
