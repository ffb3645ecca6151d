"""Steps of the live controls: what the player draws while a control moves, before the page follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dashboard import routes, steps
from dashboard.components.player import Steps
from dashboard.sections import hits_here, playback
from dashboard.sections.event_query import Asked
from dashboard.sections.what_if_values import BRUSHED, LARGEST_SHARE, NOTCH, Range, Values, read_values
from dashboard.services.selection import Selection
from dashboard.state import session
from dashboard.steps import StepError
from dashboard.timeline import rows, smoothing, transport
from dashboard.timeline.declared import Band
from dashboard.timeline.thinned import Seen
from iaca.errors import InputError
from iaca.headers import shortened
from iaca.types import Episode

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.sections.sidebar import Display


SEEN = "seen"
"""Among the values of a step: what of the recording the player shows."""

NEAR = 10
"""Percent that a hand moves a slider at most where it is expected to go on like this."""


class View(NamedTuple):
    """What is looked at, apart from what the live controls change.

    Attributes:
        selection: Of it the noise and the blur count, and not the other changes.
        truth: Annotation and masks, as `rows.compare_figure` takes them.
        episodes: Known episodes of corruption.
        display: What is drawn.
        range_s: First and last second of the brushed range, or None.
        fixed: Key of a control -> its value, where a step cannot change it.
        noted: Notes, as bands.
        search: What is searched for, or None.
        known: Known episodes as `event_search.known_of` has them, for a search.
    """

    selection: Selection
    truth: pd.DataFrame
    episodes: Sequence[Episode]
    display: Display
    range_s: Range
    fixed: Mapping[str, str]
    noted: Sequence[Band] = ()
    search: Asked | None = None
    known: tuple[Episode, ...] | None = None

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
    noted: Sequence[Band] = (),
    search: Asked | None = None,
    known: tuple[Episode, ...] | None = None,
) -> Steps:
    """Let the player ask for steps from what this run of the page shows."""
    texts = values.texts
    # Noise has the same seed, and is not drawn anew in a step.
    fixed = {session.SEED.key: texts.pop(session.SEED.key)} if selection.applied.corrupted else {}
    view = View(selection, truth, episodes, display, range_s, fixed, noted, search, known)
    address = steps.register(view.name, partial(answer, view), partial(prepare, view), texts)
    return Steps(address, texts)


def answer(view: View, texts: Mapping[str, str]) -> bytes:
    """One step, as the player receives it.

    Args:
        view: What is looked at.
        texts: Key of a live control -> its value, spelled as in the address; and under `SEEN` what the player shows,
            where it can do with that.

    Raises:
        StepError: A value cannot be.
        InputError: A model cannot be used, of which the page has a notice.
    """
    seen = read_seen(texts[SEEN], len(view.truth)) if SEEN in texts else None
    problems: list[str] = []
    display = view.display
    changed = _changed(view, texts)
    shown = playback.shown_models(changed, problems, display.influence, seeds=display.seeds)
    hits = hits_here.find(view.search, changed, view.known, view.display.threshold, problems)
    if problems:
        raise InputError(problems[0])
    figure = rows.compare_figure(
        view.selection.subject.name, view.truth, shown, target=display.target, score=display.score,
        scaled=display.scaled,
        episodes=view.episodes, noted=[*view.noted, *(hits.bands if hits else ())],
    )  # fmt: skip
    if display.smooth:
        figure = smoothing.smoothed(figure)
    return transport.packed(figure, routes.register_table, seen)


def prepare(view: View, before: Mapping[str, str], now: Mapping[str, str], is_wanted: Callable[[], bool]) -> None:
    """Compute what the next step is likely to ask for: its traces are kept.

    Args:
        view: What is looked at.
        before: Values of the live controls before the last step; nothing where there was none.
        now: Those after it.
        is_wanted: Asked before each model.
    """
    for after in likely(before, now):
        selection = _changed(view, after)
        for model in selection.models:
            if not is_wanted():
                return
            playback.shown_models(selection._replace(models=(model,)), [], view.display.influence)


def likely(before: Mapping[str, str], now: Mapping[str, str]) -> list[dict[str, str]]:
    """What may be asked for next: the way on where a share was moved by little, its neighbours where it was not moved,
    audio dropped where nothing is; nothing where a share has jumped, since there is no telling where to.

    Args:
        before: Key of a live control -> its value, spelled as in the address; nothing where there was no step.
        now: Likewise.
    """
    changed = [key for key in now if now[key] != before.get(key)] if before else []
    for key in (session.SHARE.key, session.FACE_SHARE.key):
        if key in changed:
            move = int(now[key]) - int(before.get(key, now[key]))
            return _moved(now, key, [move]) if changed == [key] and abs(move) <= NEAR else []
    if now.get(session.DROP_AUDIO.key) == "false":
        return [{**now, session.DROP_AUDIO.key: "true"}]
    return [] if now.get(session.PATTERN.key) == BRUSHED else _moved(now, session.SHARE.key, [NOTCH, -NOTCH])


def _moved(now: Mapping[str, str], key: str, moves: Sequence[int]) -> list[dict[str, str]]:
    """Values with a share moved, where it can be."""
    found = [int(now[key]) + move for move in moves] if key in now else []
    return [{**now, key: str(share)} for share in found if 0 <= share <= LARGEST_SHARE]


def _changed(view: View, texts: Mapping[str, str]) -> Selection:
    """What is looked at, with the values of the live controls.

    Raises:
        StepError: A value cannot be.
    """
    values = read_values({key: text for key, text in texts.items() if key != SEEN} | dict(view.fixed))
    now = view.selection.applied
    change = replace(now.change, dropouts=values.dropouts(view.range_s), gates=values.gates)
    return view.selection._replace(applied=now._replace(change=change))


def read_seen(text: str, frames: int) -> Seen:
    """What the player shows.

    Args:
        text: "first-last/pixels", in frames from 0, and after it "first-last" for each span that is read out.
        frames: Of the recording.

    Raises:
        StepError: It is none.
    """
    form = re.fullmatch(r"(\d{1,9})-(\d{1,9})/(\d{1,5})((?: \d{1,9}-\d{1,9}){0,8})", text, re.ASCII)
    first, last, pixels = (int(number) for number in form.groups()[:3]) if form else (0, 0, 0)
    exact = tuple((int(a), int(b)) for a, b in (span.split("-") for span in (form[4] if form else "").split()))
    if not pixels or not all(0 <= a <= b < frames for a, b in ((first, last), *exact)):
        raise StepError(
            f"{SEEN} is {shortened(text)}; expected first-last/pixels with frames from 0 to {frames - 1}, and at most "
            "eight spans first-last after it"
        )
    return Seen(first, last, pixels, exact)
