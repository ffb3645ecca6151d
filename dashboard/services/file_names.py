"""Names of files that leave the page: they say whose curves, which models and which changes are inside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iaca.config import (
    CorruptionConfig,
    CorruptionKind,
    DropoutConfig,
    DropoutPattern,
    Stage1Choice,
    Stage2Choice,
    WhatIf,
)
from iaca.inference.influence import THRESHOLD


def stem(*parts: str) -> str:
    """Beginning of a file's name: those parts that are not empty, with nothing in it that a file system refuses."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "_".join(filter(None, parts)))


def models_part(titles: Sequence[str]) -> str:
    """Models as a part of names: "ca-vs-ca_iaca"."""
    return "-vs-".join(slugs(titles))


def slugs(titles: Sequence[str]) -> list[str]:
    """Titles of models as parts of names, each its own: "CA+IACA" -> "ca_iaca"."""
    found: list[str] = []
    for title in titles:
        slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "model"
        found.append(slug if slug not in found else f"{slug}_{len(found) + 1}")
    return found


def change_part(change: WhatIf) -> str:
    """A what-if as a part of names: "audio-dropped-40pct-scattered_T0.5"; "" for none."""
    words = [_dropout(one) for one in change.dropouts] + [_corruption(one) for one in change.corruptions]
    if change.gates.temperature is not None:
        words.append(f"T{change.gates.temperature:g}")
    forced = change.gates.forced
    if forced.stage1 is not Stage1Choice.FREE:
        words.append(f"stage1-{forced.stage1.value}")
    if forced.stage2 is not Stage2Choice.FREE:
        words.append(f"stage2-{forced.stage2.value}")
    return "_".join(words)


def threshold_part(threshold: float) -> str:
    """The influence from which a modality counts as a part of names; "" for that of `iaca.inference.influence`."""
    return "" if threshold == THRESHOLD else f"influence-from-{threshold:g}"


def _dropout(one: DropoutConfig) -> str:
    if one.pattern is DropoutPattern.RANGE:
        return f"{one.modality}-dropped{_span(one)}"
    seed = f"-seed{one.seed}" if one.seed else ""
    return f"{one.modality}-dropped-{one.share:.0%}-{one.pattern.value}{seed}".replace("%", "pct")


def _corruption(one: CorruptionConfig) -> str:
    if one.kind is CorruptionKind.BLUR:
        return f"blur-{one.strength:g}px{_span(one)}"
    return f"{one.kind.value}-noise-{one.strength:g}dB{_span(one)}"


def _span(one: DropoutConfig | CorruptionConfig) -> str:
    return "" if one.start_s is None or one.end_s is None else f"-{one.start_s:.2f}-{one.end_s:.2f}s"
