"""Work in the background as a page shows it: a bar with rate and time left, and a button that stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from dashboard.services.jobs import Job

POLL_S = 0.5
"""How often running work is looked at, seconds."""


def watch(jobs: Iterable[Job | None], draw: Callable[[], None]) -> None:
    """Draw a part of the page, again and again while work runs; once some of it ends, the whole page runs.

    Args:
        jobs: The work that this part of the page shows; None for what was never begun.
        draw: Draws the part.
    """
    running = [job for job in jobs if job is not None and not job.ended]

    @st.fragment(run_every=POLL_S if running else None)
    def look() -> None:
        if any(job.ended for job in running):
            st.rerun()
        draw()

    # A fragment is known by its function and its container: two on one page need a container each.
    with st.container():
        look()


def show_bar(
    job: Job,
    title: str,
    unit: str = "",
    *,
    key: str = "",
    on_stop: Callable[[], None] | None = None,
    already_done: int = 0,
) -> None:
    """A bar with the rate and the time left, and a Stop button.

    Args:
        job: The work; it runs.
        title: What is being made.
        unit: What its parts are, in the plural; "" where they mean nothing to the user.
        key: Of the button; "" for no button.
        on_stop: Called after the job was asked to stop.
        already_done: Parts that were finished before this job began.
    """
    done, total = already_done + job.done, already_done + job.total
    if job.waiting:
        text = f"{title}: waiting for its turn"
    elif not job.total:
        text = f"{title}: starting"
    elif unit:
        text = f"{title}: {done:,} of {total:,} {unit}{job.pace}"
    else:
        text = title + job.time_left
    if not key:
        st.progress(done / total if total else 0.0, text)
        return
    line = st.container(horizontal=True, vertical_alignment="center")
    line.progress(done / total if total else 0.0, text)

    def stop() -> None:
        job.stop()
        if on_stop is not None:
            on_stop()

    line.button("Stop", key=key, on_click=stop)
