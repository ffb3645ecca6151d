"""What the player can draw: rows with curves, bands behind them, points in the plane. The player knows no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from iaca.config import AUDIO, TARGETS, VISUAL
from iaca.figures.palette import TEXT, Colour, Style
from iaca.types import Trace

How = Literal["frames", "linear", "held"]
Stack = Literal["", "first", "next"]
Part = Literal["whole", "upper", "lower"]

ATTENTION = "attention"
STAGE_1 = {AUDIO: "stage1_audio", VISUAL: "stage1_visual"}
STAGE_2 = "stage2"
INFLUENCE = "influence"
GATES = (*STAGE_1.values(), STAGE_2)
"""Slots of rows that other files speak of; those of predictions are the targets themselves."""


class Relation(NamedTuple):
    """How the influences of audio and visual on one target relate.

    Attributes:
        target: valence or arousal.
        threshold: Influence from which a modality counts.
        kinds: (N,) values of `iaca.inference.Relationship` as text; "" where a face or the sound is missing.
    """

    target: str
    threshold: float
    kinds: np.ndarray


class Spread(NamedTuple):
    """Between which values several seeds of one model lie, column by column of a trace.

    Attributes:
        low: Column -> (N,) the smallest over the seeds.
        high: Column -> (N,) the largest.
        seeds: How many there are.
    """

    low: Mapping[str, np.ndarray]
    high: Mapping[str, np.ndarray]
    seeds: int


class Shown(NamedTuple):
    """One model on the page.

    Attributes:
        title: What to call it.
        trace: What it says, with whatever is changed: dropout, noise, other gates.
        baseline: What it says unchanged; the same object when nothing is.
        style: How it is drawn.
        baseline_name: What sets the baseline apart, in two or three words.
        spread: Where it is the mean of several seeds, between which values they lie; None for one model.
        relation: How the influences of its modalities relate; both traces have them then. None where nobody asked.
    """

    title: str
    trace: Trace
    baseline: Trace
    style: Style
    baseline_name: str = "no dropout"
    relation: Relation | None = None
    spread: Spread | None = None

    @property
    def changed(self) -> bool:
        """Whether the baseline is drawn as a ghost."""
        return self.baseline is not self.trace

    @property
    def has_gates(self) -> bool:
        """Whether the model weighs its modalities."""
        columns = [f"{target}_stage{stage}" for target in TARGETS for stage in ("1_audio_cross", "2_audio")]
        return any(np.isfinite(self.baseline.columns[column]).any() for column in columns)


class Column(NamedTuple):
    """Which numbers of a recording a curve shows, one value per frame.

    Attributes:
        quantity: What was measured or predicted, such as "valence" or "stage2_audio".
        model: Index of the model that says it, among those shown; None for the annotation.
        ghost: Whether it is what the model says before the change.
    """

    quantity: str
    model: int | None = None
    ghost: bool = False


class Samples(NamedTuple):
    """The numbers of a column.

    Attributes:
        values: (N,) float32, one per frame; NaN where there is none.
        how: What the browser needs to make them again: "frames", every value; or the values at clip ends alone, with
            those between interpolated ("linear") or each lasting until the next ("held").
    """

    values: np.ndarray
    how: How


Columns = Mapping[Column, Samples]


class Curve(NamedTuple):
    """One named curve of a row.

    Attributes:
        name: Its name on the page.
        quantity: What it shows: with `model` and `ghost`, its column.
        colour: Its colour.
        dash: Line style, in Plotly's notation.
        width: Line width, px.
        opacity: Of the line, 0 to 1.
        stack: "" for a line; "first" or "next" for a weight that is stacked on those before it. Without a fill, the
            line above it is all that is drawn.
        fill: Opacity below a stacked weight, or between a line and zero.
        dotted: Whether what is filled is dotted, which tells it apart where its colour does not.
        legend: Whether it is listed beside the row.
        model: Index of the model that says it, among those shown; None for the annotation.
        ghost: Whether it shows what the model says before the change.
        minus: Index of the model whose value is subtracted, or None.
        floor: What lies below the fill of a line, a quantity of the same model; "" for zero.
    """

    name: str
    quantity: str
    colour: Colour
    dash: str = "solid"
    width: float = 1.6
    opacity: float = 1.0
    stack: Stack = ""
    fill: float = 0.0
    dotted: bool = False
    legend: bool = True
    model: int | None = None
    ghost: bool = False
    minus: int | None = None
    floor: str = ""

    @property
    def column(self) -> Column:
        """The numbers that it shows."""
        return Column(self.quantity, self.model, self.ghost)

    @property
    def subtracted(self) -> Column | None:
        """The numbers that are subtracted from them."""
        return None if self.minus is None else Column(self.quantity, self.minus, self.ghost)

    @property
    def below(self) -> Column | None:
        """The numbers down to which it is filled; None for zero."""
        return Column(self.floor, self.model, self.ghost) if self.floor else None

    def values(self, columns: Columns) -> np.ndarray:
        """(N,) float64: its column, or the difference of two; of stacked weights, its own share."""
        values = columns[self.column].values.astype(float)
        return values if self.subtracted is None else values - columns[self.subtracted].values.astype(float)


class Row(NamedTuple):
    """One row of the figure.

    Attributes:
        slot: What it shows, in one word; rows of one slot, of different models, can stand side by side.
        title: Its title.
        unit: Title of its y axis.
        help: One sentence that says what is shown.
        range: Of its y axis.
        ticks: On its y axis.
        height: px, until the user resizes it.
        curves: What it draws.
        kind: curves, or waveform or spectrogram, which are drawn from the sound.
        model: Index of the model that it is about, among those shown; None for all.
        hidden: Whether it is shown only once the user asks for it.
        colour: Of what is drawn from the sound; curves have their own.
    """

    slot: str
    title: str
    unit: str
    help: str
    range: tuple[float, float]
    ticks: tuple[float, ...]
    height: int
    curves: tuple[Curve, ...]
    kind: Literal["curves", "waveform", "spectrogram"] = "curves"
    model: int | None = None
    hidden: bool = False
    colour: Colour = TEXT

    @property
    def key(self) -> str:
        """Its name, which no other row has."""
        return self.slot if self.model is None else f"{self.slot}_{self.model}"


class Band(NamedTuple):
    """Spans of time that are shaded behind rows.

    Attributes:
        kind: episode, note, event, dropped, mask, differ or relationship.
        label: What is the case there.
        spans: (start, end) in seconds.
        colour: Its colour.
        opacity: Of the shading; 0 shades nothing.
        hatched: Hatched instead of shaded.
        rows: Keys of the rows behind which it lies; None for all.
        lane: Lane above the rows that names it, or None.
        help: What it means, in a sentence, where the label does not say it.
        code: A letter that tells it apart in its lane where its colour does not, or "".
        part: How much of the lane's height it takes, which does the same.
    """

    kind: Literal["episode", "note", "event", "dropped", "mask", "differ", "relationship"]
    label: str
    spans: list[tuple[float, float]]
    colour: Colour
    opacity: float
    hatched: bool = False
    rows: tuple[str, ...] | None = None
    lane: str | None = None
    help: str = ""
    code: str = ""
    part: Part = "whole"


class Point(NamedTuple):
    """A point of the valence-arousal plane and a line of the table of values.

    Attributes:
        name: Its name on the page.
        colour: Its colour.
        shape: A key of `iaca.figures.palette.SHAPES`.
        model: Index of the model that says it, among those shown; None for the annotation, which comes first.
        ccc: For each of `TARGETS` the model's CCC as it is shown and before any change; NaN where it is undefined.
    """

    name: str
    colour: Colour
    shape: str
    model: int | None = None
    ccc: tuple[tuple[float, float], ...] = ()


class Figure(NamedTuple):
    """What the player draws of one subject.

    Attributes:
        subject: Its name.
        models: Titles of the shown models.
        rows: In the order of the page.
        bands: Behind the rows.
        points: Of the plane.
        columns: Every column that curves and points show.
        pts_s: (N,) seconds.
        clip_stride: Frames between clips.
        gates_of: The target whose attention and gates the rows show, where each has its own; or None.
        annotated: Frames with an annotation, over which CCC is taken.
        note: What has to be said of the curves wherever they are shown, or "".
    """

    subject: str
    models: tuple[str, ...]
    rows: tuple[Row, ...]
    bands: tuple[Band, ...]
    points: tuple[Point, ...]
    columns: Columns
    pts_s: np.ndarray
    clip_stride: int
    gates_of: str | None = None
    annotated: int = 0
    note: str = ""


class Note(NamedTuple):
    """What somebody has written on a time or a span of a recording.

    Attributes:
        id: Of the note.
        start_s: When, seconds.
        end_s: End of a span; None for a bookmark.
        text: In one line.
    """

    id: int
    start_s: float
    end_s: float | None
    text: str


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
    how: How
    stride: int
    length: int
    place: str
