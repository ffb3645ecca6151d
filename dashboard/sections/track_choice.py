"""Which pictures and which sound of a user's video are meant, where the file has several tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections.notices import attempt
from dashboard.services import own_video_tracks

if TYPE_CHECKING:
    from dashboard.services.own_videos import Entry
    from iaca.data.media.chosen_tracks import Track


def ask(entry: Entry) -> None:
    """Ask for the tracks of a file that has several; player and features both take the chosen ones."""
    problems: list[str] = []
    known = attempt(lambda: own_video_tracks.tracks(entry), problems)
    if known is None or not known.are_several:
        return
    name = entry.folder.name
    pictures, sound = own_video_tracks.chosen(entry)
    line = st.columns(3)
    wanted = (
        _choice(line[0], "Pictures", known.pictures, pictures, f"pictures {name}"),
        _choice(line[1], "Sound", known.sounds, sound, f"sound {name}"),
    )
    if wanted != (pictures, sound):
        own_video_tracks.choose(entry, *wanted)
        st.rerun()


def _choice(place: st.delta_generator.DeltaGenerator, title: str, tracks: tuple[Track, ...], now: int, key: str) -> int:
    if len(tracks) < 2:
        return now
    facts = {one.number: f"{one.number}: {one.facts}{' (default)' if one.is_played else ''}" for one in tracks}
    chosen: int = place.selectbox(
        title, list(facts), index=list(facts).index(now), format_func=facts.__getitem__, key=key,
        help="The file has several tracks. The player and the features take the same one; features of another track "
        "are deleted.",
    )  # fmt: skip
    return chosen
