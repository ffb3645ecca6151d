"""How the label files of another data set than Aff-Wild2 are to be read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from iaca.config.vocabulary import AROUSAL, VALENCE


class LabelForm(NamedTuple):
    """How the label files of another data set than Aff-Wild2 are to be read; see `iaca.data.ratings`.

    Attributes:
        valence_files: Files with valence; where there are several, one for each rater, they are averaged.
        arousal_files: Likewise; the same files where both are in one.
        valence: Columns with valence, one for each rater; they are averaged.
        arousal: Likewise.
        time: Column with times, or "".
        unit_s: Seconds in a unit of `time`.
        frame: Column with frames, 0-based, or "".
        rate_hz: Rows per second where a file has neither, or None. Without any of the three, a column time_s or frame
            is expected.
        low: Value on the scale of the files that becomes -1.
        high: Value that becomes 1.
        lag_s: Seconds by which annotators are late: the labels are moved to earlier frames by so much.
        held: Whether a label holds until the next one, instead of being interpolated.
    """

    valence_files: tuple[Path, ...]
    arousal_files: tuple[Path, ...]
    valence: tuple[str, ...] = (VALENCE,)
    arousal: tuple[str, ...] = (AROUSAL,)
    time: str = ""
    unit_s: float = 1.0
    frame: str = ""
    rate_hz: float | None = None
    low: float = -1.0
    high: float = 1.0
    lag_s: float = 0.0
    held: bool = False
