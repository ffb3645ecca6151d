"""The player: video, cursor and curves in one component, so that they share one clock in the browser."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

FOLDER = Path(__file__).parent
MODULES = FOLDER / "modules"
"""JavaScript modules, which the app serves below `ROUTE/<version>`."""

ROUTE = "/iaca/player"
STATIC = FOLDER.parent.parent / "static"
PLOTLY = STATIC / "plotly.min.js"


class PlayerData(NamedTuple):
    """What the player shows.

    Attributes:
        spec: Rows, traces, bands and points, as `dashboard.figures` declares them.
        frames: N rows of float32: every column that the spec names.
        pts_s: (N,) seconds from the first video frame: the time axis.
        media_s: (P,) when each picture is shown on the timeline of the file; P may differ from N. None without video.
        video: Address of the video on this server, or None.
    """

    spec: dict[str, Any]
    frames: pd.DataFrame
    pts_s: Any
    media_s: Any
    video: str | None


@cache
def version() -> str:
    """Fingerprint of the modules: part of their address, so that no browser keeps an older set."""
    digest = hashlib.sha256()
    for module in sorted(MODULES.glob("*.js")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:12]


def provide_plotly() -> None:
    """Copy plotly.js once from the Python package to where Streamlit serves it: no CDN, and never inside an update."""
    source = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
    if PLOTLY.is_file() and PLOTLY.stat().st_size == source.stat().st_size:
        return
    STATIC.mkdir(exist_ok=True)
    beside = PLOTLY.with_suffix(f".{os.getpid()}.part")
    beside.write_bytes(source.read_bytes())
    os.replace(beside, PLOTLY)


_component = st.components.v2.component(
    "iaca_player",
    html=(FOLDER / "player.html").read_text(encoding="utf-8"),
    css=(FOLDER / "player.css").read_text(encoding="utf-8"),
    js=(FOLDER / "player.js").read_text(encoding="utf-8"),
    # Inside a shadow root Plotly's own styles do not apply.
    isolate_styles=False,
)


def player(content: PlayerData) -> None:
    """Mount the player.

    Call it in every run and at one fixed place of the script, never inside columns, tabs or an `if`: anything else
    mounts it anew, which interrupts playback.

    Args:
        content: What it shows; changed content updates the player where it stands.
    """
    pictures = 0 if content.media_s is None else len(content.media_s)
    count = max(len(content.pts_s), pictures)
    clock = pd.DataFrame({"pts_s": pd.Series(content.pts_s), "media_s": pd.Series(content.media_s, dtype=float)})
    _component(
        key="player",
        data={
            "modules": f"{ROUTE}/{version()}",
            "plotly": f"/app/static/{PLOTLY.name}",
            "spec": content.spec,
            "video": content.video,
            "pictures": pictures,
            "clock": clock.reindex(range(count)),
            "frames": content.frames,
        },
    )
