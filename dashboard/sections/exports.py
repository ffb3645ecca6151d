"""Take it with you: the shown curves, figures, films and the link, one step away from the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboard.components.page_link import page_link
from dashboard.sections import downloads
from dashboard.sections.notices import literal
from dashboard.sections.progress import show_bar, watch
from dashboard.timeline.declared import Figure, Shown


def show_exports(
    subject: str,
    figure: Figure,
    shown: Sequence[Shown],
    truth: pd.DataFrame,
    *,
    synthetic: bool,
    video: Path | None,
    cache: Path,
    target: str,
    score: str,
    scaled: bool,
) -> None:
    """A popover with downloads of what is shown. While it is closed nothing of it runs.

    Args:
        subject: Name of the subject.
        figure: What the player shows.
        shown: The models behind it.
        truth: Truth and masks, one row a frame.
        synthetic: Whether the corpus is rendered.
        video: The recording's file, or None.
        cache: Where films are kept.
        target: Whose gates and attention are shown.
        score: Which attention score.
        scaled: Whether it is scaled to [0, 1].
    """
    place = st.popover("Take it with you", icon=":material/download:", key="take", on_change="rerun", width="content")
    if not place.open:
        return
    with place:
        seen = page_link(subject)
        with st.spinner("Getting ready"):
            # Matplotlib and the encoders are imported for those who ask.
            from dashboard.services import export_files

        whole = (0, len(figure.pts_s) - 1)
        frames = whole
        if seen.range is not None and seen.range[1] <= whole[1]:
            part = st.segmented_control(
                "Part",
                ["range", "recording"],
                default="range",
                format_func=lambda one: (
                    f"frames {seen.range[0]}–{seen.range[1]}" if one == "range" else "whole recording"
                ),
                required=True,
                key="take_part",
            )
            frames = seen.range if part == "range" else whole
        take = export_files.Take(
            subject, synthetic, figure, shown, truth, video, target, score, scaled, seen.rows, frames
        )
        st.markdown("**Curves**, one row a frame")
        tables = {
            "csv": lambda: export_files.csv_file(take),
            "parquet": lambda: export_files.parquet_file(take),
        }
        with st.container(horizontal=True):
            downloads.offer(take.stem, tables, "take")
        _show_columns(export_files.curves(take))
        st.markdown("**Figure**, as the rows are shown")
        width = st.selectbox("Width", list(export_files.WIDTHS), key="take_width")
        printed = {
            ending: lambda ending=ending: export_files.figure_file(take, ending, width) for ending in downloads.FIGURES
        }
        with st.container(horizontal=True):
            downloads.offer(take.stem, printed, "take")
        st.markdown("**Film** with a moving cursor")
        _film(take, cache)


def _show_columns(table: pd.DataFrame) -> None:
    with st.expander("What the columns are"), st.container(height=260, border=False):
        lines = [f"- `{name}`: {literal(meaning)}" for name, meaning in table.attrs["columns"].items()]
        st.markdown("\n".join(lines))


def _film(take: object, cache: Path) -> None:
    """Starts, watches and hands over films; only this part of the page runs while one is made."""
    from dashboard.services import export_files, jobs

    first, last = take.frames
    seconds = float(take.figure.pts_s[last] - take.figure.pts_s[first])
    told = f"{last - first + 1:,} frames, {seconds:.1f} s."
    kinds = {
        export_files.MP4: (f"{told} Every frame at its own time, with sound.", False),
        export_files.GIF: (
            f"{told} For slides: 10 pictures a second, no sound, at most {export_files.GIF_LONGEST_S:g} s; brush a "
            "range for a part.",
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
