"""Which models the study trains: rows of the paper's tables, controls and ablations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from iaca.config import (
    AUDIO,
    MODALITIES,
    PAPER_STRICT,
    PRESETS,
    RELATED_GATES,
    VISUAL,
    FusionConfig,
    Gate,
    Stage1Context,
    TrainingConfig,
)
from iaca.models.fusions.registry import checked

CONTROL_GATES = (Gate.CONSTANT, Gate.BLIND)
"""Controls that separate what a gate does from what the skip path does that it opens."""

TABLE_1 = ("transformer", "lstm_transformer", "tcn_transformer", "leader_follower")
TABLE_2 = ("concat", "ca", "tca", "jca", "rjca")

TITLES = {
    "concat": "Concat",
    "transformer": "Transformer (Zhang 2023)",
    "lstm_transformer": "LSTM + transformer (Karas 2022, Meng 2022)",
    "tcn_transformer": "TCN + transformer (Zhou 2023)",
    "leader_follower": "Leader-follower (Zhang 2021)",
}
VALIDATION, TEST = "validation", "test"
"""Draws of subjects: whatever is chosen is chosen on the first; on the second nothing is."""

ALL = "all"
SUBJECT_GROUPS = (ALL, "strong", "weak")
"""Groups of subjects; any other group is a kind of frames."""

ALL_FRAMES, CLEAN = "all frames", "no episode"
"""Segments of a subject that are not a kind of episode."""

MISLEADING_FRAMES = "corrupted or misleading"
"""Frames in which a modality says something else than the label; those of the primary contrasts, beside all."""

EXTENSIONS = "extensions"
STRICT = "paper-strict"
AUTHORS = "authors"
"""Paper-strict, trained as the authors' code trains DCA; the epoch that is best on validation is kept."""

OTHER_TEMPERATURES = (0.05, 0.1, 1.0)
"""Gate temperatures of the ablation, beside the default of 0.5."""

LEARNING_RATES = {"tca": 3e-4}
"""Of fusions that over-fit at the default rate."""

ALONE = {AUDIO: "audio_alone", VISUAL: "visual_alone"}
"""Modality -> the row that has no other one."""

TOLD_FLAGS = ("corrupted", "restrained", "another", "conflict")
"""What may be wrong with a modality: words of its segments, each a feature of a row that is told."""


@dataclass(frozen=True)
class Variant:
    """One row of a table.

    Attributes:
        name: File-name-safe name, such as ca_iaca.
        title: What tables call it.
        base: Name of the variant it is compared with, or None.
        regime: "extensions", "paper-strict" or "authors".
        config: The model.
        training: How it is trained; its seed is replaced by each of the study.
        only: The one modality that it sees, or None for both.
        told: Whether its features say which episode a clip is in, as nobody knows of a real recording.
    """

    name: str
    title: str
    base: str | None
    regime: str
    config: FusionConfig
    training: TrainingConfig
    only: str | None = None
    told: bool = False

    @property
    def is_control(self) -> bool:
        """Whether its gates do not see the input."""
        return self.config.iaca and self.config.gate in CONTROL_GATES

    @property
    def is_gated(self) -> bool:
        """Whether it has the gates of IACA."""
        return self.config.iaca and self.config.gate is Gate.LEARNED


def table_rows(fusion: str, settings: Mapping[str, Any], training: TrainingConfig | None = None) -> list[Variant]:
    """A base fusion, IACA on it and its controls, with the extensions; base and IACA once more as in the paper.

    Args:
        fusion: Name of a registered fusion.
        settings: Fields of FusionConfig that all of them share, at least audio_dim, visual_dim and dim.
        training: Settings; None: the defaults.

    Returns:
        The rows. `concat` has no cross-attended feature to choose, and fusions of Table 1 stand for themselves: of
        these only the base.
    """
    training = training or TrainingConfig()
    if fusion in LEARNING_RATES:
        training = replace(training, learning_rate=min(training.learning_rate, LEARNING_RATES[fusion]))
    title = TITLES.get(fusion, fusion.upper())
    base = checked(FusionConfig(fusion=fusion, **settings))
    rows = [Variant(fusion, title, None, EXTENSIONS, base, training)]
    if fusion in TABLE_1:
        return rows
    strict = replace(base, **PAPER_STRICT["fusion"])
    strict_training = replace(training, **PAPER_STRICT["training"])
    if fusion == "concat":
        return [*rows, Variant("concat_strict", title, None, STRICT, strict, strict_training)]
    own = replace(base, iaca=True)
    both = replace(own, stage1_context=Stage1Context.BOTH)

    def extended(suffix: str, words: str, config: FusionConfig) -> Variant:
        return Variant(f"{fusion}_{suffix}", f"{title}+{words}", fusion, EXTENSIONS, config, training)

    rows += [extended("iaca", "IACA", both), extended("iaca_own", "IACA (eq 5 context)", own)]
    rows += [extended(f"{one.value}_gates", f"{one.value} gates", replace(both, gate=one)) for one in CONTROL_GATES]
    rows.append(Variant(f"{fusion}_strict", title, None, STRICT, strict, strict_training))
    name = f"{fusion}_iaca_strict"
    rows.append(Variant(name, f"{title}+IACA", f"{fusion}_strict", STRICT, replace(strict, iaca=True), strict_training))
    return rows


def authors_rows(rows: Sequence[Variant], fusion: str = "ca") -> list[Variant]:
    """The paper-strict base and IACA, trained as the authors' code trains DCA.

    Args:
        rows: What `table_rows` returned for this fusion.
        fusion: The base fusion.
    """
    strict = {row.name: row for row in rows if row.regime == STRICT}
    base, gated = strict[f"{fusion}_strict"], strict[f"{fusion}_iaca_strict"]
    training = PRESETS["authors_dca"]["training"]
    return [
        replace(row, name=name, base=over, regime=AUTHORS, training=replace(row.training, **training))
        for row, name, over in (
            (base, f"{fusion}_authors", None),
            (gated, f"{fusion}_iaca_authors", f"{fusion}_authors"),
        )
    ]


def alone_rows(settings: Mapping[str, Any], training: TrainingConfig | None = None) -> list[Variant]:
    """Concat of one modality with nothing: what each can say alone, and what a model says that ignores the other.

    Args:
        settings: As of `table_rows`.
        training: Settings; None: the defaults.
    """
    config = checked(FusionConfig(fusion="concat", **settings))
    training = training or TrainingConfig()
    return [
        Variant(ALONE[modality], f"{modality.capitalize()} alone", None, EXTENSIONS, config, training, only=modality)
        for modality in MODALITIES
    ]


def told_rows(rows: Sequence[Variant]) -> list[Variant]:
    """Each base of Table 2 with the extensions, told the episodes; see `told_row`."""
    return [told_row(row) for row in rows if row.name == row.config.fusion and row.name not in TABLE_1]


def told_row(base: Variant) -> Variant:
    """A base fusion that is told the episodes: what it could make of knowing them.

    Args:
        base: A row without gates.
    """
    flags = len(MODALITIES) * len(TOLD_FLAGS)
    config = replace(base.config, audio_dim=base.config.audio_dim + flags)
    title = f"{base.title}, told the episodes"
    return replace(base, name=f"{base.name}_told", title=title, base=base.name, config=config, told=True)


def ablations(rows: Sequence[Variant], fusion: str = "ca") -> list[Variant]:
    """IACA with one setting changed at a time, compared with unchanged IACA.

    Args:
        rows: What `table_rows` returned for this fusion.
        fusion: The base fusion.

    Returns:
        Stage 1 alone, stage 2 alone, T of .05, .1 and 1, no auxiliary loss, no modality dropout.
    """
    whole = next(row for row in rows if row.name == f"{fusion}_iaca")

    def changed(suffix: str, title: str, model: dict[str, Any], training: dict[str, Any]) -> Variant:
        return Variant(
            f"{whole.name}_{suffix}", title, whole.name, EXTENSIONS,
            replace(whole.config, **model), replace(whole.training, **training),
        )  # fmt: skip

    return [
        changed("stage1", "stage 1 alone", {"stage2": False}, {}),
        changed("stage2", "stage 2 alone", {"stage1": False}, {}),
        *(changed(f"t{round(1000 * t):04d}", f"T = {t:g}", {"gate_temperature": t}, {}) for t in OTHER_TEMPERATURES),
        changed("no_auxiliary", "no auxiliary loss", {}, {"auxiliary_weight": 0.0}),
        changed("no_dropout", "no modality dropout in training", {}, {"modality_dropout": 0.0}),
    ]


def related_gates(rows: Sequence[Variant], fusion: str = "ca") -> list[Variant]:
    """The gates of related work in the place of IACA's, compared with the base fusion.

    Args:
        rows: What `table_rows` returned for this fusion.
        fusion: The base fusion.

    Returns:
        One row per gate of `RELATED_GATES`, in its order.
    """
    base = next(row for row in rows if row.name == fusion)
    return [
        Variant(
            f"{fusion}_{gate.value}", f"{base.title}+{related.title} ({related.source})", base.name, EXTENSIONS,
            replace(base.config, iaca=True, gate=gate), base.training,
        )
        for gate, related in RELATED_GATES.items()
    ]  # fmt: skip
