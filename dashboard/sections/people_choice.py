"""Who is seen in a user's video: a picture each, and the choice of who is meant."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections.notices import literal
from dashboard.services import own_video_people
from dashboard.services.own_video_people import Seen

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.services.own_videos import Entry


def ask(entry: Entry, frames: int) -> tuple[int, ...]:
    """Show who is seen and ask who is meant, or offer to look for them; numbers of the people, the first by default."""
    name = entry.folder.name
    seen = own_video_people.people(entry, frames)
    if seen is None:
        if st.button(
            "Find the people", icon=":material/person_search:", key=f"people {name}",
            help="Lists everybody whose face is seen. Without a choice, the one who is seen most counts.",
        ):  # fmt: skip
            own_video_people.look_for(entry, frames)
            st.rerun()
        return (1,)
    if not seen:
        turn = own_video_people.turn(entry)
        why = f" {turn[0].upper()}{turn[1:]}." if turn else ""
        st.warning(literal(f"Nobody's face was found.{why}"), icon=":material/face_retouching_off:")
        return (1,)
    if len(seen) > 1:
        st.caption(
            f"{len(seen)} people were found. Tick the one who is meant; tick several only where one person was taken "
            "for two, as after a cut."
        )
    usual = own_video_people.chosen(entry)
    if any(number > len(seen) for number in usual):
        usual = (1,)
    line = st.container(horizontal=True)
    ticked = []
    for one in seen:
        number = one.person.number
        place = line.container(width="content")
        _show(place, one)
        if len(seen) == 1 or place.checkbox(f"Person {number}", number in usual, key=f"person {name} {number}"):
            ticked.append(number)
    if not ticked:
        st.warning("Nobody is ticked: the one who is seen most counts.", icon=":material/info:")
    return tuple(ticked) or (1,)


def show(entry: Entry) -> None:
    """Show who is seen in a video with features, and whose features they are; nothing where nobody was looked for."""
    seen = own_video_people.people(entry)
    if not seen:
        return
    chosen = own_video_people.chosen(entry)
    line = st.container(horizontal=True)
    for one in seen:
        place = line.container(width="content")
        _show(place, one)
        if len(seen) > 1 and one.person.number in chosen:
            place.badge("These features", icon=":material/check:")


def _show(place: DeltaGenerator, one: Seen) -> None:
    # In the page itself: an address of its own would answer to whoever learns it.
    picture = base64.b64encode(one.jpeg).decode()
    place.html(
        f'<img src="data:image/jpeg;base64,{picture}" height="{own_video_people.HEIGHT}" '
        f'alt="The face of person {one.person.number}, {one.person.facts}">'
    )
    times, *rest = one.person.facts.split(", ")
    place.caption("  \n".join([times, *rest]))
