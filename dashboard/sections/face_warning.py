"""What is said of a user's video in few of whose frames a face was found: why, what to do, and where to look."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections import moments
from dashboard.sections.notices import literal
from dashboard.services import missed_faces
from dashboard.state import session

if TYPE_CHECKING:
    from dashboard.services.own_videos import Entry
    from iaca.types import Features


def warn(entry: Entry, features: Features) -> None:
    """A warning with advice, and frames without a face, each a click away from Compare; nothing for other videos."""
    said, advice = missed_faces.warning(features)
    if not said:
        return
    st.warning(f"{literal(said)}\n\n{advice}", icon=":material/face_retouching_off:")
    st.caption("No face was found here, for example; a click shows the frame on Compare.")
    line = st.container(horizontal=True)
    for one in missed_faces.missed(entry, features):
        place = line.container(width="content")
        minutes, seconds = divmod(one.second, 60)
        time = f"{int(minutes)}:{seconds:04.1f}"
        if one.jpeg is not None:
            # In the page itself: an address of its own would answer to whoever learns it.
            picture = base64.b64encode(one.jpeg).decode()
            place.html(
                f'<img src="data:image/jpeg;base64,{picture}" height="{missed_faces.HEIGHT}" '
                f'alt="The frame at {time}, in which no face was found">'
            )
        if place.button(time, key=f"missed {entry.folder.name} {one.frame}", icon=":material/play_circle:"):
            moments.go_to(one.second)
            st.switch_page("app_pages/compare.py", query_params={session.SUBJECT.key: entry.subject})
