"""The values of the live controls, and what they mean: the same for the page and for a step that runs ahead of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st

from dashboard.state import session
from dashboard.state.address import as_text
from dashboard.steps import StepError
from iaca.config import (
    AUDIO,
    VISUAL,
    DropoutConfig,
    DropoutPattern,
    ForcedGates,
    GateOverrides,
    Stage1Choice,
    Stage2Choice,
)
from iaca.headers import shortened

Range = tuple[float, float] | None
"""First and last second of the brushed range, or None."""

BRUSHED = "brushed range"
PATTERNS = {
    DropoutPattern.SCATTERED.value: DropoutPattern.SCATTERED,
    DropoutPattern.BLOCK.value: DropoutPattern.BLOCK,
    BRUSHED: DropoutPattern.RANGE,
}
TEMPERATURES = ("as trained", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10")
STAGE_1 = {
    "as the gate says": Stage1Choice.FREE,
    "always self-attended": Stage1Choice.SELF,
    "always cross-attended": Stage1Choice.CROSS,
}
STAGE_2 = {
    "as the gate says": Stage2Choice.FREE,
    "audio alone": Stage2Choice.AUDIO,
    "visual alone": Stage2Choice.VISUAL,
    "joint alone": Stage2Choice.JOINT,
}
LARGEST_SHARE = 100
NOTCH = 5
"""Percent between two places of a slider of a share."""

LARGEST_SEED = 2**31 - 1


class Values(NamedTuple):
    """What the live controls say; each field has the key of its control as its name.

    Attributes:
        drop_audio: Whether audio clips are dropped.
        dropout: Their share, 0 to 100%.
        pattern: Which of them, a key of `PATTERNS`.
        seed: Of every draw.
        face_dropout: Share of the visual clips, 0 to 100%; 0 drops none, but for a brushed range.
        face_pattern: Which of them.
        temperature: One of `TEMPERATURES`.
        stage1: A key of `STAGE_1`.
        stage2: A key of `STAGE_2`.
    """

    drop_audio: bool = session.DROP_AUDIO.default
    dropout: int = session.SHARE.default
    pattern: str = session.PATTERN.default
    seed: int = session.SEED.default
    face_dropout: int = session.FACE_SHARE.default
    face_pattern: str = session.FACE_PATTERN.default
    temperature: str = session.TEMPERATURE.default
    stage1: str = session.STAGE_1.default
    stage2: str = session.STAGE_2.default

    def dropouts(self, range_s: Range) -> tuple[DropoutConfig, ...]:
        """The clips that are lost."""
        audio = _dropouts(AUDIO, self.dropout, PATTERNS[self.pattern], self.seed, range_s) if self.drop_audio else ()
        return audio + _dropouts(VISUAL, self.face_dropout, PATTERNS[self.face_pattern], self.seed, range_s)

    @property
    def gates(self) -> GateOverrides:
        """How the gates are set."""
        return GateOverrides(
            temperature=None if self.temperature == TEMPERATURES[0] else float(self.temperature),
            forced=ForcedGates(stage1=STAGE_1[self.stage1], stage2=STAGE_2[self.stage2]),
        )

    @property
    def texts(self) -> dict[str, str]:
        """Key of a control -> its value, spelled as in the address."""
        return {key: as_text(value) for key, value in self._asdict().items()}


def chosen_values() -> Values:
    """The values of the controls in this run; those that are not drawn have their defaults."""
    return Values(**{key: st.session_state.get(key, default) for key, default in Values._field_defaults.items()})


def read_values(texts: Mapping[str, str]) -> Values:
    """Values from texts, as `Values.texts` spells them.

    Args:
        texts: Key of a control -> its value; all of them.

    Raises:
        StepError: A name or a value is unknown or out of range.
    """
    if texts.keys() != READERS.keys():
        raise StepError(f"The request names {shortened(sorted(texts))}; expected {', '.join(READERS)}")
    return Values(**{key: read(key, texts[key]) for key, read in READERS.items()})


def _dropouts(
    modality: str, share: int, pattern: DropoutPattern, seed: int, range_s: Range
) -> tuple[DropoutConfig, ...]:
    if pattern is not DropoutPattern.RANGE:
        found = DropoutConfig(modality=modality, share=share / 100, pattern=pattern, seed=seed)
        return (found,) if share else ()
    if range_s is None:
        return ()
    return (DropoutConfig(modality=modality, pattern=pattern, start_s=range_s[0], end_s=range_s[1]),)


def _one_of(*options: str) -> Callable[[str, str], str]:
    def read(key: str, text: str) -> str:
        if text not in options:
            raise StepError(f"{key} is {shortened(text)}; expected one of: {', '.join(options)}")
        return text

    return read


def _whole(largest: int) -> Callable[[str, str], int]:
    def read(key: str, text: str) -> int:
        # Few digits: to read thousands takes long.
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII) or int(text) > largest:
            raise StepError(f"{key} is {shortened(text)}; expected a whole number from 0 to {largest}")
        return int(text)

    return read


def _switch(key: str, text: str) -> bool:
    return _one_of("true", "false")(key, text) == "true"


READERS: dict[str, Callable[[str, str], Any]] = {
    session.DROP_AUDIO.key: _switch,
    session.SHARE.key: _whole(LARGEST_SHARE),
    session.PATTERN.key: _one_of(*PATTERNS),
    session.SEED.key: _whole(LARGEST_SEED),
    session.FACE_SHARE.key: _whole(LARGEST_SHARE),
    session.FACE_PATTERN.key: _one_of(*PATTERNS),
    session.TEMPERATURE.key: _one_of(*TEMPERATURES),
    session.STAGE_1.key: _one_of(*STAGE_1),
    session.STAGE_2.key: _one_of(*STAGE_2),
}
"""Key of a live control -> what reads its text."""
