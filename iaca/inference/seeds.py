"""Seeds of one model: models that were trained alike but for their seed, as a mean and a band."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from iaca.checkpoints import Checkpoint
from iaca.errors import InputError
from iaca.metrics import ccc
from iaca.types import Score, Trace

FEWEST_SEEDS = 2
"""From so many on there is something between which a band can lie."""


class SeedBand(NamedTuple):
    """What models of several seeds say of a recording.

    Choice: the band reaches from the smallest to the largest value over the seeds, frame by frame. Seeds are few, and
    an interval over three or five of them would promise more than it knows.

    Attributes:
        mean: Their mean in every column of numbers, on the clock that they share. Its scores are those of the mean
            prediction, which tends to score better than a single seed does.
        low: Column -> (N,) float32, the smallest over the seeds.
        high: Column -> (N,) float32, the largest.
        seeds: How many there are.
    """

    mean: Trace
    low: Mapping[str, np.ndarray]
    high: Mapping[str, np.ndarray]
    seeds: int


def seed_groups(checkpoints: Sequence[Checkpoint]) -> list[list[int]]:
    """Which models differ in nothing but their seed, by what their files say of how they were trained.

    Args:
        checkpoints: Models; one whose file does not say its seed stands alone, as do two of the same seed.

    Returns:
        Places of the models, in order: a list of each group and of each that stands alone.
    """
    groups: dict[str, list[int]] = {}
    taken: set[tuple[str, int]] = set()
    for place, one in enumerate(checkpoints):
        settings = dict(one.training.get("settings") or {})
        seed = settings.pop("seed", None)
        facts = [one.training.get(name) for name in ("fingerprint", "clip_stride")]
        key = json.dumps([one.config.to_dict(), one.backbones, settings, facts], sort_keys=True, default=str)
        if seed is None or (key, seed) in taken:
            key = f"{place} alone"
        taken.add((key, seed))
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def seed_band(traces: Sequence[Trace]) -> SeedBand:
    """The mean and the extent of what several seeds say of one recording.

    A value that any seed lacks is missing in all three.

    Args:
        traces: At least two of one subject, of models of one configuration.

    Raises:
        InputError: There are fewer, or they are not of one recording.
    """
    if len(traces) < FEWEST_SEEDS:
        raise InputError(f"there is {len(traces)} trace; expected at least {FEWEST_SEEDS} seeds of one model")
    first = traces[0]
    for other in traces[1:]:
        same = other.subject == first.subject and other.columns.keys() == first.columns.keys()
        if not (same and np.array_equal(other.columns["pts_s"], first.columns["pts_s"])):
            raise InputError(f"traces of {first.subject} and {other.subject} differ; expected those of one recording")
    columns, low, high = dict(first.columns), {}, {}
    for name, values in first.columns.items():
        if values.dtype == np.float32:
            every = np.stack([one.columns[name] for one in traces])  # (seeds, N)
            columns[name] = every.mean(axis=0, dtype=np.float64).astype(np.float32)
            low[name], high[name] = every.min(axis=0), every.max(axis=0)
    scores = {
        target: Score(ccc(columns[f"{target}_truth"], columns[target]), one.valid_frames)
        for target, one in first.scores.items()
    }
    named = " + ".join(one.checkpoint for one in traces)
    return SeedBand(Trace(first.subject, named, first.clip_stride, columns, scores), low, high, len(traces))
