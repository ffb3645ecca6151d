"""A file that is made in the background: a button that makes it, how far it is, and the file."""

from __future__ import annotations

import streamlit as st

from dashboard.sections import downloads
from dashboard.sections.notices import literal
from dashboard.sections.progress import show_bar, watch
from dashboard.services import jobs
from dashboard.services.made_files import Made
from dashboard.state import visit


def show(made: Made, label: str, unit: str, *, key: str, why_not: str = "") -> None:
    """Draw it.

    Args:
        made: The file.
        label: Of the button that makes it.
        unit: What the parts of the work are, in the plural.
        key: Of the buttons.
        why_not: Why it cannot be made, in a sentence, or "".
    """

    def draw() -> None:
        job = jobs.find(made.key)
        if job is not None and job.ended and not (job.error or job.stopped) and not made.file.is_file():
            jobs.forget(made.key)  # newer files have taken its place
            job = None
        if job is not None and job.error:
            st.error(literal(job.error))
        if job is not None and not job.ended:
            show_bar(job, downloads.title(made.ending), unit, key=f"{key}_stop")
        elif job is not None and not (job.error or job.stopped):
            downloads.offer(made.stem, {made.ending: made.file.read_bytes}, key)
        else:
            if st.button(label, disabled=bool(why_not), key=f"{key}_make"):
                made.begin(visit.current())
                st.rerun()
            if why_not:
                st.caption(why_not)

    watch([jobs.find(made.key)], draw)
