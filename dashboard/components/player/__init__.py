"""The player: video, cursor and curves in one component, so that they share one clock in the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from dashboard.timeline.declared import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from dashboard.timeline.declared import Mark
    from dashboard.timeline.given import Given

FOLDER = Path(__file__).parent
MODULES = FOLDER / "modules"
"""JavaScript modules, which the app serves below `ROUTE/<version>`."""

ROUTE = "/iaca/player"
KEY = "player"


class PlayerState(NamedTuple):
    """Where the user is, as the player last reported it: never by itself while it plays.

    Attributes:
        frame: Frame at the cursor, from 0; None before the first report on this subject.
        range: First and last frame of the brushed range, or None.
    """

    frame: int | None = None
    range: tuple[int, int] | None = None


class Steps(NamedTuple):
    """How the player asks for what a live control shows, before the page follows.

    Attributes:
        address: Below the server's root.
        values: Key of a live control -> its value in this run, spelled as in the address.
    """

    address: str
    values: Mapping[str, str]


class WhatIfState(NamedTuple):
    """What is asked for in What if, so that the player can undo it.

    Attributes:
        name: Of all values together; equal values have equal names.
        token: Of the last state that the player has asked for and got; None before.
    """

    name: str
    token: str | None


class PlayerData(NamedTuple):
    """What the player shows.

    Attributes:
        spec: Rows, traces, bands and points, as `dashboard.timeline.rows` declares them.
        clock: Seconds from the first video frame, which is the time axis, and when each picture is shown on the
            timeline of the file; float64, by address. There may be more or fewer pictures than frames.
        tables: Every column that the spec names; float32.
        live: Those of them that travel in the update itself.
        video: Address of the video on this server, or None.
        sound: Address of the summary of its sound, or None.
        marks: Ticks below the scrub bar.
        seek: (token, second): with every new token the player goes to that second, playing or not; None for nowhere.
        start: Where the address asks to begin; the first update of a visit obeys it.
        follows: Whether a run of the page is also due each time that the cursor comes to rest.
        steps: How it asks for steps of the live controls, or None.
        given: How the video is played where it shall be heard and seen as the models get it, or None.
        what_if: What is asked for.
    """

    spec: dict[str, Any]
    clock: tuple[Table, Table]
    tables: Sequence[Table]
    live: Mapping[str, pa.Table]
    video: str | None
    sound: str | None = None
    marks: Sequence[Mark] = ()
    seek: tuple[str, float] | None = None
    start: PlayerState = PlayerState()
    follows: bool = False
    steps: Steps | None = None
    given: Given | None = None
    what_if: WhatIfState = WhatIfState("", None)


@cache
def version() -> str:
    """Fingerprint of the modules: part of their address, so that no browser keeps an older set."""
    digest = hashlib.sha256()
    for module in sorted(MODULES.glob("*.js")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:12]


_component = st.components.v2.component(
    "iaca_player",
    html=(FOLDER / "player.html").read_text(encoding="utf-8"),
    css=(FOLDER / "player.css").read_text(encoding="utf-8"),
    js=(FOLDER / "player.js").read_text(encoding="utf-8"),
    # Not in a shadow root: the player's focus, keys and styles are those of the page.
    isolate_styles=False,
)


def player_state(subject: str) -> PlayerState:
    """Where the user is in a subject; for what has to be known before the player is mounted.

    A run that a slider or a button of the page starts sees the last report: the player reports when a range was brushed
    or cleared and, where `follows` is set, when the cursor comes to rest.

    Args:
        subject: Name of the subject; a report about another one does not count.
    """
    report = (st.session_state.get(KEY) or {}).get("place") or {}
    if report.get("subject") != subject:
        return PlayerState()
    span = report["range"]
    return PlayerState(report["frame"], None if span is None else (span[0], span[1]))


def player(content: PlayerData, on_restore: Callable[[WhatIfState], None]) -> PlayerState:
    """Mount the player.

    Call it in every run and at one fixed place of the script, never inside columns, tabs or an `if`: anything else
    mounts it anew, which interrupts playback.

    Args:
        content: What it shows; changed content updates the player where it stands.
        on_restore: Called with an earlier state of What if before the run in which it shall hold again.

    Returns:
        Where the user is.
    """

    def restore() -> None:
        wanted = (st.session_state.get(KEY) or {}).get("restore")
        if wanted:
            on_restore(WhatIfState(str(wanted["name"]), str(wanted["token"])))

    _component(
        key=KEY,
        data={
            "modules": f"{ROUTE}/{version()}",
            "spec": content.spec,
            "video": content.video,
            "sound": content.sound,
            "clock": content.clock,
            "tables": content.tables,
            "marks": [mark._asdict() for mark in content.marks],
            "seek": content.seek,
            "start": content.start._asdict(),
            "follows": content.follows,
            "steps": None if content.steps is None else content.steps._asdict(),
            "given": None if content.given is None else _plain(content.given),
            "what_if": content.what_if._asdict(),
            **content.live,
        },
        # A state has to be declared by its callback; the run that a report starts reads it.
        on_place_change=lambda: None,
        on_restore_change=restore,
    )
    return player_state(content.spec["subject"])


def _plain(given: Given) -> dict[str, Any]:
    return {name: None if value is None else value._asdict() for name, value in given._asdict().items()}
