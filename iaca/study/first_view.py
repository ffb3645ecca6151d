"""What to see first: the subject, the pair of models and the target in which gates are seen at work at a glance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iaca.config import TARGETS
from iaca.errors import InputError
from iaca.files import is_plain_name, write_whole
from iaca.headers import parse_json, shortened
from iaca.inference import gate_health
from iaca.inference.gate_health import GATES
from iaca.metrics import ccc
from iaca.study.gate_truth import auc
from iaca.study.known import inside_episodes
from iaca.types import Episode, Trace

FILE = "first_view.json"
VERSION = 1
IACA = "_iaca"
"""Ending of the name of a gated model, after that of its base."""

MOST_GAIN = 0.1
"""A larger difference in CCC counts as this one: on the few frames of a subject's episodes it varies a lot."""


class FirstViewError(InputError):
    """A first_view.json that cannot be used: the message names it and what was expected."""


NAMES = ("subject", "base", "gated", "target", "gate")
"""Fields of a first view that are names; the others are numbers."""


class FirstView(NamedTuple):
    """What the page shows first, and why.

    Attributes:
        subject: Name of the subject.
        base: Name of the base model's checkpoint, without its ending.
        gated: Likewise of the gated one.
        target: valence or arousal.
        gate: The weight that moves most, as a Trace names it, such as stage1_visual_cross.
        gain: CCC of the gated model less that of its base, on annotated frames in episodes.
        auc: Area under the ROC curve of that weight, in episodes against elsewhere, 0 to 1.
        inside: Its mean in episodes.
        outside: Its mean elsewhere.
        score: What the choice was made by: see `choose_first_view`.
    """

    subject: str
    base: str
    gated: str
    target: str
    gate: str
    gain: float
    auc: float
    inside: float
    outside: float
    score: float


def choose_first_view(traces: Mapping[str, Sequence[Trace]], episodes: Sequence[Episode]) -> FirstView | None:
    """The view in which most is to be seen, by a rule.

    For every subject whose episodes are all of one modality and tell no lies, every pair of a base and IACA on it, and
    every target:

        score = |2 AUC - 1| x |mean in episodes - mean elsewhere| + gain,

    AUC and means being those of the gate weight for which the first term is largest, among gates that are not dead over
    all subjects; gain is the difference in CCC on the frames in episodes, limited to +-`MOST_GAIN`.

    Args:
        traces: Name of a model -> its traces of the shown subjects; "ca_iaca" is IACA on "ca".
        episodes: Known episodes of the subjects.

    Returns:
        The view with the largest score, of equal ones the first; None where there is none.
    """
    best: FirstView | None = None
    for base in traces:
        gated = base + IACA
        if gated not in traces:
            continue
        dead = {(one.target, one.gate) for one in gate_health(traces[gated]) if one.is_dead}
        of_base = {trace.subject: trace for trace in traces[base]}
        for trace in traces[gated]:
            own = [episode for episode in episodes if episode.subject == trace.subject]
            if trace.subject not in of_base or len({episode.modality for episode in own}) != 1:
                continue
            if any(episode.truth_modality for episode in own):
                continue
            for view in _views(base, of_base[trace.subject], trace, own, dead):
                if best is None or view.score > best.score:
                    best = view
    return best


def write_first_view(folder: str | Path, view: FirstView) -> Path:
    """Write first_view.json into a folder of results, whole.

    Raises:
        OSError: It cannot be written.
    """
    file = Path(folder) / FILE
    write_whole(file, (json.dumps({"version": VERSION, **view._asdict()}, indent=1) + "\n").encode())
    return file


def read_first_view(folder: str | Path) -> FirstView | None:
    """The first view of a folder of results; None where the study chose none.

    Raises:
        FirstViewError: The file cannot be read, or holds something else.
    """
    file = Path(folder) / FILE
    if not file.is_file():
        return None
    try:
        document = parse_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FirstViewError(f"{file} cannot be read ({error}); expected what a study writes") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise FirstViewError(f"{file} is not of version {VERSION}; expected what a study of this version writes")
    values: dict[str, Any] = {name: document.get(name) for name in FirstView._fields}
    for name, value in values.items():
        if name in NAMES:
            right, wanted = isinstance(value, str) and is_plain_name(value), "a name"
        else:
            right, wanted = isinstance(value, int | float) and math.isfinite(value), "a number"
        if not right:
            raise FirstViewError(f"{file}: {name} is {shortened(str(value))}; expected {wanted}")
    if values["target"] not in TARGETS:
        raise FirstViewError(f"{file}: target is {shortened(values['target'])}; expected {' or '.join(TARGETS)}")
    return FirstView(**values)


def _views(
    base: str, plain: Trace, gated: Trace, episodes: Sequence[Episode], dead: set[tuple[str, str]]
) -> Iterable[FirstView]:
    """What one subject shows of one pair of models, at most one view per target."""
    inside = inside_episodes(gated.frames["pts_s"].to_numpy(), episodes)
    if not inside.any() or inside.all():
        return
    for target in gated.scores:
        if target not in plain.scores:
            continue
        truth = gated.frames[f"{target}_truth"].to_numpy()
        with_gates, without = (ccc(truth, one.frames[target].to_numpy(), inside) for one in (gated, plain))
        moves = [
            _Move(column, auc(inside, weight), float(weight[inside].mean()), float(weight[~inside].mean()))
            for gate, columns in GATES.items()
            for column in columns.values()
            if (target, gate) not in dead
            and np.isfinite(weight := gated.frames[f"{target}_{column}"].to_numpy(np.float64)).all()
        ]
        if not moves or math.isnan(with_gates - without):
            continue
        most = max(moves, key=lambda move: move.seen)
        gain = with_gates - without
        yield FirstView(
            gated.subject, base, base + IACA, target, most.column, gain, most.auc, most.inside, most.outside,
            most.seen + max(-MOST_GAIN, min(MOST_GAIN, gain)),
        )  # fmt: skip


class _Move(NamedTuple):
    """How one weight answers to the episodes of one subject."""

    column: str
    auc: float
    inside: float
    outside: float

    @property
    def seen(self) -> float:
        """How well it is seen, 0 to 1: how surely it moves, times how far."""
        return abs(2 * self.auc - 1) * abs(self.inside - self.outside)
