"""What the player can draw: rows with curves, bands behind them, points in the plane. The player knows no more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from iaca.config import TARGETS
from iaca.figures.palette import Colour, Style
from iaca.types import Trace


class Shown(NamedTuple):
    """One model on the page.

    Attributes:
        title: What to call it.
        trace: What it says, with whatever is changed: dropout, noise, other gates.
        baseline: What it says unchanged; the same object when nothing is.
        style: How it is drawn.
        baseline_name: What sets the baseline apart, in two or three words.
    """

    title: str
    trace: Trace
    baseline: Trace
    style: Style
    baseline_name: str = "no dropout"

    @property
    def changed(self) -> bool:
        """Whether the baseline is drawn as a ghost."""
        return self.baseline is not self.trace

    @property
    def has_gates(self) -> bool:
        """Whether the model weighs its modalities."""
        columns = [f"{target}_stage{stage}" for target in TARGETS for stage in ("1_audio_cross", "2_audio")]
        return any(np.isfinite(self.baseline.frames[column].to_numpy()).any() for column in columns)


class Curve(NamedTuple):
    """One named curve of a row.

    Attributes:
        name: Its name on the page.
        column: Column of the player's frames.
        colour: Its colour.
        dash: Line style, in Plotly's notation.
        width: Line width, px.
        opacity: Of the line, 0 to 1.
        stack: "" for a line; "first" or "next" for a weight that is stacked on those before it.
        fill: Opacity below a stacked weight, or between a line and zero.
        legend: Whether it is listed beside the row.
        model: Which of the shown models it is about; None for all.
        minus: Column that is subtracted from it, or None.
    """

    name: str
    column: str
    colour: Colour
    dash: str = "solid"
    width: float = 1.6
    opacity: float = 1.0
    stack: str = ""
    fill: float = 0.0
    legend: bool = True
    model: int | None = None
    minus: str | None = None


class Row(NamedTuple):
    """One row of the figure.

    Attributes:
        key: Short name.
        title: Its title.
        unit: Title of its y axis.
        help: One sentence that says what is shown.
        range: Of its y axis.
        ticks: On its y axis.
        height: px, until the user resizes it.
        traces: Its curves.
        kind: curves, or waveform or spectrogram, which are drawn from the sound.
        slot: Rows of one slot, of different models, stand side by side; "" for the key.
        model: Which of the shown models it is about; None for all.
        hidden: Whether it is shown only once the user asks for it.
    """

    key: str
    title: str
    unit: str
    help: str
    range: tuple[float, float]
    ticks: tuple[float, ...]
    height: int
    traces: tuple[Curve, ...]
    kind: str = "curves"
    slot: str = ""
    model: int | None = None
    hidden: bool = False


class Band(NamedTuple):
    """Spans of time that are shaded behind rows.

    Attributes:
        kind: episode, dropped, mask or changed.
        label: What is the case there.
        spans: (start, end) in seconds.
        colour: Its colour.
        opacity: Of the shading; 0 shades nothing.
        hatched: Hatched instead of shaded.
        rows: Keys of the rows behind which it lies; None for all.
        lane: Lane above the rows that names it, or None.
        help: What it means, in a sentence, where the label does not say it.
    """

    kind: str
    label: str
    spans: list[tuple[float, float]]
    colour: Colour
    opacity: float
    hatched: bool = False
    rows: tuple[str, ...] | None = None
    lane: str | None = None
    help: str = ""


class Point(NamedTuple):
    """A point of the valence-arousal plane and a line of the table of values; the first one is the truth."""

    name: str
    valence: str
    arousal: str
    colour: Colour
    shape: str
    model: int | None = None


class Mark(NamedTuple):
    """A moment worth a look: a tick below the scrub bar, where a click seeks.

    Attributes:
        second: When.
        kind: What it is, in one or two words; marks of one kind have one colour.
        label: What is to be seen there, in one sentence.
        colour: Of the tick.
    """

    second: float
    kind: str
    label: str
    colour: Colour


class Travel(NamedTuple):
    """How columns go to the browser, which makes one value for each frame of them again.

    Attributes:
        columns: Their names.
        how: "frames", or at clip ends alone: "linear" where the values between are interpolated, "held" where each
            lasts until the next.
        fixed: Whether they stay as they are under what the user changes: they are sent once.
    """

    columns: tuple[str, ...]
    how: str
    fixed: bool


class Table(NamedTuple):
    """Columns of numbers.

    Attributes:
        columns: Their names.
        how: "frames", or "linear" or "held" between clip ends.
        stride: Frames from one value to the next.
        length: Values of a column.
        place: Address below the server's root, of the columns one after the other; or the name of a live table.
    """

    columns: tuple[str, ...]
    how: str
    stride: int
    length: int
    place: str
