"""What the page Corpus shows of measured subjects: gates by group, moments to open, files to hand over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.services import traces
from dashboard.services.memory import keep
from dashboard.services.overviews import Found, Wanted, found
from iaca.config import TARGETS, UNCHANGED, WhatIf
from iaca.inference.gate_health import LEAST_RANGE
from iaca.study.contrasts import FEWEST_SUBJECTS
from iaca.study.overview import RELATIONSHIPS, STAGES, best_and_worst
from iaca.study.overview_table import (
    BY_CONDITION,
    BY_EPISODE,
    BY_RELATIONSHIP,
    SHARES,
    Pair,
    follow_table,
    gain_over,
    gate_table,
    pooled_ccc,
    still_gates,
    subject_rows,
)

SHARE_TITLES = {name: kind.capitalize() for name, kind in zip(SHARES, RELATIONSHIPS, strict=True)}
WEIGHT_TITLES = {
    "stage1_audio_cross": "Stage 1 audio, cross",
    "stage1_visual_cross": "Stage 1 visual, cross",
    "stage2_audio": "Stage 2 audio",
    "stage2_visual": "Stage 2 visual",
    "stage2_joint": "Stage 2 joint",
}
GROUPINGS = (BY_CONDITION, BY_EPISODE, BY_RELATIONSHIP)
STATES = ("unchanged", "what if")


def gates(asked: Wanted, names: tuple[str, ...], target: str, by: str) -> pd.DataFrame:
    """How weights are distributed over the named subjects: the columns of `GATE_COLUMNS`, and `state`."""
    return _gates(asked.key, names, target, by, _Held(asked, found(asked)))


def follows(asked: Wanted, names: tuple[str, ...]) -> pd.DataFrame:
    """Whether weights follow influences in the named subjects: the columns of `FOLLOW_COLUMNS`, and `state`."""
    return _follows(asked.key, names, _Held(asked, found(asked)))


def still(asked: Wanted, seen: Found, target: str) -> tuple[str, ...]:
    """Weights of gates that do not move over all measured subjects, with whatever is changed."""
    return still_gates([pair.gated for pair in seen.pairs.values()], target)


class _Held:
    """A view beside the key of what is kept of it: two of them count as the same."""

    def __init__(self, asked: Wanted, seen: Found) -> None:
        self.asked, self.seen = asked, seen

    def __hash__(self) -> int:
        return hash(self.seen.done)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.seen.done == self.seen.done

    def states(self, names: Sequence[str]) -> list[tuple[str, list[Pair]]]:
        """The measures of the named subjects, unchanged and with the change where there is one."""
        sides = [self.seen.unchanged] if self.asked.change == UNCHANGED else [self.seen.unchanged, self.seen.pairs]
        return [
            (state, [side[name] for name in names if name in side]) for state, side in zip(STATES, sides, strict=False)
        ]


@keep
def _gates(key: str, names: tuple[str, ...], target: str, by: str, held: _Held) -> pd.DataFrame:
    return pd.concat(
        [gate_table(pairs, target, by).assign(state=state) for state, pairs in held.states(names)], ignore_index=True
    )


@keep
def _follows(key: str, names: tuple[str, ...], held: _Held) -> pd.DataFrame:
    return pd.concat(
        [follow_table(pairs).assign(state=state) for state, pairs in held.states(names)], ignore_index=True
    )


def moments(
    subject: Path, models: Sequence[Path], device: str, change: WhatIf, target: str
) -> list[tuple[str, int, float]]:
    """Where to open a subject: what happens there, the frame and its second; none where nothing is annotated.

    Args:
        subject: Feature file.
        models: One or two; the second is judged against the first.
        device: Where to compute.
        change: Dropout and gates.
        target: valence or arousal.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    *base, judged = [traces.trace(subject, model, device, change) for model in models]
    places = best_and_worst(judged, target, base[0] if base else None)
    if places is None:
        return []
    pts_s = judged.columns["pts_s"]
    return [(name, frame, float(pts_s[frame])) for name, frame in zip(("best", "worst"), places, strict=True)]


def scores_figure(
    table: pd.DataFrame, titles: tuple[str, str], target: str, file_format: str, synthetic: bool
) -> bytes:
    """The scatter of scores as SVG, PDF or PNG."""
    from iaca.figures.corpus_scores import scores_figure as draw
    from iaca.figures.print_style import render

    return render(draw(table, titles, target, synthetic=synthetic), file_format, title="corpus-scores")


def gates_figure(table: pd.DataFrame, title: str, still: Sequence[str], file_format: str, synthetic: bool) -> bytes:
    """The distributions of weights as SVG, PDF or PNG."""
    from iaca.figures.gate_distributions import gate_figure
    from iaca.figures.print_style import render

    return render(gate_figure(table, title, still, synthetic=synthetic), file_format, title="corpus-gates")


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table as they are shown: intervals as text, and no underscores in the names of conditions."""
    ends = zip(rows["gain_low"], rows["gain_high"], strict=True)
    text = [f"{low:+.2f} to {high:+.2f}".replace("-", "−") if low == low else None for low, high in ends]
    return rows.assign(
        interval=pd.Series(text, rows.index, dtype=object), condition=rows["condition"].str.replace("_", " ")
    )


def summary(asked: Wanted, seen: Found, names: tuple[str, ...], target: str, titles: tuple[str, ...]) -> str:
    """One sentence on the named subjects taken together."""
    pairs = [seen.pairs[name] for name in names if name in seen.pairs]
    if not pairs:
        return "No subject is listed"
    rated = sum(bool(pair.gated.blocks[TARGETS.index(target)][:, 0].sum()) for pair in pairs)
    scores = [pooled_ccc([pair.gated for pair in pairs], target)]
    if len(titles) == 2:
        scores.insert(0, pooled_ccc([pair.base for pair in pairs], target))
    who = f"{rated} subject{'' if rated == 1 else 's'} with annotation"
    text = f"Over {who}, taken together: CCC of {target} " + ", ".join(
        f"{title} {_number(score)}" for title, score in zip(titles, scores, strict=True)
    )
    gain = gain_over(pairs, target) if len(titles) == 2 else None
    if gain is not None:
        low, high = gain.interval()
        interval = f" [{_signed(low)}, {_signed(high)}]" if gain.subjects >= FEWEST_SUBJECTS else ""
        text += f", gain {_signed(gain.value)}{interval}"
    if asked.change != UNCHANGED:
        before = [seen.unchanged[name].gated for name in names if name in seen.unchanged]
        text += f"; {titles[-1]} unchanged {_number(pooled_ccc(before, target))}"
    return text


def still_sentences(title: str, target: str, still: Sequence[str]) -> list[str]:
    """A sentence for each gate that does not move over the corpus."""
    found = [stage for stage, names in STAGES.items() if set(names) & set(still)]
    return [
        f"{title}, {target}: {', '.join(WEIGHT_TITLES[name].lower() for name in STAGES[stage] if name in still)} "
        f"does not move over these subjects (range below {LEAST_RANGE:g})."
        for stage in found
    ]


def gain_of(asked: Wanted, name: str, target: str) -> float:
    """The gain of a subject; 0 where it is not defined."""
    seen = found(asked)
    if name not in seen.pairs:
        return 0.0
    gain = next(row["gain"] for row in subject_rows(seen.pairs[name]) if row["target"] == target)
    return float(np.nan_to_num(gain))


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}".replace("-", "−")


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.3f}".replace("-", "−")
