"""Export: the shown curves, figures, videos and the link, one step away from the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.components.page_link import page_link
from dashboard.sections import downloads
from dashboard.sections.notices import literal
from dashboard.sections.progress import show_bar, watch
from dashboard.sections.sidebar import Display
from dashboard.services import recordings
from dashboard.services.corpora import Subject
from dashboard.timeline.declared import Figure, Note, Shown

if TYPE_CHECKING:
    from dashboard.services.export_files import Take


def show_exports(
    subject: Subject,
    figure: Figure,
    values: Figure,
    shown: Sequence[Shown],
    truth: pd.DataFrame,
    display: Display,
    cache: Path,
    change: str,
    notes: Sequence[Note] = (),
    more: Callable[[tuple[tuple[str, int], ...] | None], None] = lambda rows: None,
) -> None:
    """A popover with downloads of what is shown. While it is closed nothing of it runs.

    Args:
        subject: Whose.
        figure: What the player shows.
        values: The same without smoothing.
        shown: The models behind it.
        truth: Truth and masks, one row a frame.
        display: What is drawn.
        cache: Where videos are kept.
        change: What is changed, as a part of names of files.
        notes: On the subject.
        more: Draws what else is offered, below; called with the rows as the page shows them.
    """
    place = st.popover("Export", icon=":material/download:", key="take", on_change="rerun", width="content")
    if not place.open:
        return
    with place:
        seen = page_link(subject.name)
        with st.spinner("Preparing"):
            # Matplotlib and the encoders are imported for those who ask.
            from dashboard.services import export_files

        whole = (0, len(figure.pts_s) - 1)
        frames = whole
        if seen.range is not None and seen.range[1] <= whole[1]:
            parts = {"range": f"frames {seen.range[0]}–{seen.range[1]}", "recording": "whole recording"}
            part = st.segmented_control(
                "Part", list(parts), default="range", format_func=parts.__getitem__, required=True, key="take_part"
            )
            frames = seen.range if part == "range" else whole
        with st.spinner("Preparing"):
            video = recordings.with_sound(subject.recording, cache) if subject.recording else None
        take = export_files.Take(
            subject.name,
            subject.synthetic,
            figure,
            shown,
            truth,
            video,
            display.target,
            display.score,
            display.scaled,
            seen.rows,
            frames,
            change,
            cache / "sounds",
            values,
            notes,
        )
        st.markdown("**Curves**, one row per frame")
        tables = {
            "csv": lambda: export_files.csv_file(take),
            "parquet": lambda: export_files.parquet_file(take),
        }
        with st.container(horizontal=True):
            downloads.offer(take.stem, tables, "take")
        _show_columns(export_files.curves(take))
        st.markdown("**Figure** of the rows as they are shown")
        width = st.selectbox("Width", list(export_files.WIDTHS), key="take_width")
        printed = {
            ending: lambda ending=ending: export_files.figure_file(take, ending, width) for ending in downloads.FIGURES
        }
        with st.container(horizontal=True):
            downloads.offer(take.stem, printed, "take")
        st.markdown("**Video** with a moving cursor")
        _videos(take, cache)
        more(seen.rows)


def _show_columns(table: pd.DataFrame) -> None:
    with st.expander("Column descriptions"), st.container(height=260, border=False):
        lines = [f"- `{name}`: {literal(meaning)}" for name, meaning in table.attrs["columns"].items()]
        st.markdown("\n".join(lines))


def _videos(take: Take, cache: Path) -> None:
    """Make videos, show their progress and hand them over; only this part of the page runs meanwhile."""
    from dashboard.services import export_files, jobs

    first, last = take.frames
    seconds = float(take.figure.pts_s[last] - take.figure.pts_s[first])
    extent = f"{last - first + 1:,} frames, {seconds:.1f} s."
    kinds = {
        export_files.MP4: (f"{extent} Every frame at its own time, with sound.", False),
        export_files.GIF: (
            f"{extent} For slides: 10 frames per second, no sound, at most {export_files.GIF_LONGEST_S:g} s; brush a "
            "range to export a part.",
            seconds > export_files.GIF_LONGEST_S,
        ),
    }
    keys = {ending: export_files.film_key(take, ending) for ending in kinds}

    def draw() -> None:
        found = {ending: jobs.find(key) for ending, key in keys.items()}
        for ending, job in found.items():
            if job is not None and job.error:
                st.error(literal(job.error))
            if job is not None and not job.ended:
                show_bar(job, ending.upper(), job.title, key=f"take_stop_{ending}")
        with st.container(horizontal=True):
            for ending, (words, too_long) in kinds.items():
                job, label = found[ending], ending.upper()
                if job is None or (job.ended and (job.stopped or job.error)):
                    if st.button(f"Make {label}", help=words, disabled=too_long, key=f"take_film_{ending}"):
                        export_files.begin_film(take, cache, ending)
                        st.rerun()
                elif job.ended:
                    film = {ending: lambda ending=ending: export_files.film_file(take, cache, ending)}
                    downloads.offer(take.stem, film, "take")

    watch(map(jobs.find, keys.values()), draw)
