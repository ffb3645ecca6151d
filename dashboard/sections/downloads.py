"""Buttons that hand over files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

MIMES = {
    "csv": "text/csv",
    "parquet": "application/octet-stream",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "mp4": "video/mp4",
    "gif": "image/gif",
    "zip": "application/zip",
    "html": "text/html",
}
FIGURES = ("svg", "pdf", "png")


def offer(stem: str, files: Mapping[str, Callable[[], bytes]], key: str) -> None:
    """A button for each file.

    Args:
        stem: Name of the files without their ending.
        files: Ending -> what makes the content: on the click, in a thread of its own, so that neither the page nor
            other visits wait.
        key: Of the buttons, before their endings.
    """
    for ending, make in files.items():
        st.download_button(
            title(ending), make, f"{stem}.{ending}", MIMES[ending],
            key=f"{key}_{ending}", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def title(ending: str) -> str:
    """What a kind of file is called."""
    return "Parquet" if ending == "parquet" else ending.upper()
