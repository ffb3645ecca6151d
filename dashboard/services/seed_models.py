"""Models that differ in their seed alone, shown as one: their mean, and a band between the smallest and the largest."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.services import influences
from dashboard.timeline.declared import Shown, Spread
from iaca.checkpoints import Checkpoint
from iaca.inference.seeds import seed_band, seed_groups

__all__ = ["as_bands", "seed_groups"]


def as_bands(
    shown: Sequence[Shown], checkpoints: Sequence[Checkpoint], wanted: influences.Wanted | None
) -> list[Shown]:
    """The models with seeds of one model taken together; those that stand alone as they are.

    Args:
        shown: The models on the page, of one recording.
        checkpoints: Likewise, in the same order.
        wanted: Which influence is shown, or None.
    """
    found, names = [], []
    for places in seed_groups(checkpoints):
        members, own = [shown[place] for place in places], checkpoints[places[0]]
        first = members[0]
        names.append(own.path.name)
        if len(members) == 1:
            found.append(first._replace(title=own.title))
            continue
        now = seed_band([one.trace for one in members])
        before = seed_band([one.baseline for one in members]).mean if first.changed else now.mean
        relation = None if wanted is None else influences.relation(now.mean, wanted)
        title = f"{own.title}, {now.seeds} seeds"
        spread = Spread(now.low, now.high, now.seeds)
        found.append(first._replace(title=title, trace=now.mean, baseline=before, relation=relation, spread=spread))
    titles = [one.title for one in found]
    return [
        one._replace(title=f"{one.title} ({name})") if titles.count(one.title) > 1 else one
        for one, name in zip(found, names, strict=True)
    ]
