"""Steps of the live controls: what the player draws while a control moves, before the page follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dashboard import routes, steps
from dashboard.components.player import Steps
from dashboard.sections import playback
from dashboard.sections.what_if_values import Range, Values, read_values
from dashboard.services.selection import Selection
from dashboard.state import session
from dashboard.timeline import rows, smoothing, transport
from iaca.errors import InputError
from iaca.types import Episode

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.sections.sidebar import Display


class View(NamedTuple):
    """What is looked at, apart from what the live controls change.

    Attributes:
        selection: Of it the noise and the blur count, and not the other changes.
        truth: Annotation and masks, as `rows.compare_figure` takes them.
        episodes: Known episodes of corruption.
        display: What is drawn.
        range_s: First and last second of the brushed range, or None.
        fixed: Key of a control -> its value, where a step cannot change it.
    """

    selection: Selection
    truth: pd.DataFrame
    episodes: Sequence[Episode]
    display: Display
    range_s: Range
    fixed: Mapping[str, str]

    @property
    def name(self) -> str:
        """Tells views apart whose steps differ."""
        subject, models, device, now = self.selection
        files = [(model.title, model.path) for model in models]
        return repr((subject.name, subject.features, files, device, now.corrupted, *self[3:]))


def offer(
    values: Values,
    selection: Selection,
    truth: pd.DataFrame,
    episodes: Sequence[Episode],
    display: Display,
    range_s: Range,
) -> Steps:
    """Let the player ask for steps from what this run of the page shows."""
    texts = values.texts
    # Noise has the same seed, and is not drawn anew in a step.
    fixed = {session.SEED.key: texts.pop(session.SEED.key)} if selection.applied.corrupted else {}
    view = View(selection, truth, episodes, display, range_s, fixed)
    return Steps(steps.register(view.name, partial(answer, view)), texts)


def answer(view: View, texts: Mapping[str, str]) -> bytes:
    """One step, as the player receives it.

    Args:
        view: What is looked at.
        texts: Key of a live control -> its value, spelled as in the address.

    Raises:
        StepError: A value cannot be.
        InputError: A model cannot be used, of which the page has a notice.
    """
    values = read_values({**texts, **view.fixed})
    now = view.selection.applied
    change = replace(now.change, dropouts=values.dropouts(view.range_s), gates=values.gates)
    problems: list[str] = []
    shown = playback.shown_models(view.selection._replace(applied=now._replace(change=change)), problems)
    if problems:
        raise InputError(problems[0])
    target, score, scaled, smooth = view.display
    figure = rows.compare_figure(
        view.selection.subject.name, view.truth, shown, target=target, score=score, scaled=scaled,
        episodes=view.episodes,
    )  # fmt: skip
    if smooth:
        figure = smoothing.smoothed(figure)
    return transport.packed(figure, routes.register_table)
