"""Figures and films of many moments as one zip: which, as what, how far it is, and the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.sections import made_file
from dashboard.services.moment_zips import KINDS, MP4, WIDTHS, Wanted, made, refusal

FIRST_KINDS = ("pdf",)
SHORTEST_S, USUAL_S, LONGEST_S = 2, 10, 60

HELP = (
    "Each moment as files of these kinds, with its rows as they are shown; MP4 is a film with the video. A table "
    "(manifest.csv) says what each file shows, and why one is missing."
)


def show(offers: Mapping[str, Callable[[], Wanted]], key: str) -> None:
    """Ask what is wanted, and make it.

    Args:
        offers: Which moments can be had, by name -> what a zip of them is, but for its kinds, width and seconds.
        key: Of the controls.
    """
    names = list(offers)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox("Moments", names, key=f"{key}_which", width=230)
        seconds = st.number_input(
            "Seconds each", SHORTEST_S, LONGEST_S, USUAL_S, key=f"{key}_seconds", width=130,
            help="Half of them before the moment. A note on a range is shown as long as the range is.",
        )  # fmt: skip
        width = st.selectbox("Width of figures", list(WIDTHS), key=f"{key}_width", width=200)
    kinds = st.pills(
        "As", KINDS, selection_mode="multi", default=FIRST_KINDS, format_func=_title, key=f"{key}_kinds", help=HELP
    )
    ordered = tuple(kind for kind in KINDS if kind in kinds)
    with st.spinner("Looking for the moments"):
        wanted = offers[which]()._replace(kinds=ordered, width=width, around_s=float(seconds))
    count = len(wanted.wishes)
    label = f"Make ZIP of {count:,} moment{'' if count == 1 else 's'}"
    made_file.show(made(wanted), label, "files", key=key, why_not=refusal(wanted))


def _title(kind: str) -> str:
    return f"{kind.upper()} {'film' if kind == MP4 else 'figure'}"
