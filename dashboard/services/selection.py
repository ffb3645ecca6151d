"""What a page is about: a subject, models, where they run, and what is changed. Every section takes it whole."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from dashboard.services.corpora import Subject
from dashboard.services.model_files import Chosen
from dashboard.services.traces import CorruptedFeatures
from iaca.config import UNCHANGED, CorruptionConfig, FusionConfig, WhatIf


class Applied(NamedTuple):
    """What is changed in this run, as far as it is ready.

    Attributes:
        change: Dropout and gates.
        corrupted: Features of corrupted modalities that are ready.
        words: The change in a few words, or "".
        named: The change as a part of names of files, or "".
        corruptions: Noise and blur whose features are ready.
    """

    change: WhatIf = UNCHANGED
    corrupted: tuple[CorruptedFeatures, ...] = ()
    words: str = ""
    named: str = ""
    corruptions: tuple[CorruptionConfig, ...] = ()

    def reaches(self, config: FusionConfig) -> bool:
        """Whether a model can say anything else than unchanged: gates reach only those that have some."""
        change = self.change if config.iaca else WhatIf(dropouts=self.change.dropouts)
        return change != UNCHANGED or bool(self.corrupted)

    @property
    def baseline_name(self) -> str:
        """What sets the baseline apart, for the legend."""
        only_dropout = not self.corrupted and replace(self.change, dropouts=()) == UNCHANGED
        return "no dropout" if only_dropout else "unchanged"


class Selection(NamedTuple):
    """What is looked at.

    Attributes:
        subject: Whose recording.
        models: Which models: the two that are compared first, where both are there.
        device: Where they run.
        applied: What is changed.
    """

    subject: Subject
    models: tuple[Chosen, ...]
    device: str
    applied: Applied = Applied()
