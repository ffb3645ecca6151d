"""The controls beside the page: what is drawn, where models run, and where the data lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from dashboard.sections.page import Page
from dashboard.services import corpora, traces
from dashboard.services.model_files import Chosen
from dashboard.state import session
from dashboard.state.folders import Folders
from dashboard.timeline import rows
from dashboard.timeline.declared import Shown
from iaca.config import TARGETS, TrunkSharing


class Display(NamedTuple):
    """What is drawn.

    Attributes:
        target: Whose gates and attention: valence or arousal.
        score: Which attention score.
        scaled: Whether it is scaled to [0, 1].
    """

    target: str
    score: str
    scaled: bool


def choose_device(page: Page) -> str:
    """Ask where models run."""
    devices = traces.available_devices()
    return st.selectbox(
        "Device",
        devices,
        index=devices.index(page.device()),
        format_func=lambda name: traces.device_label(traces.choose_device(name)),
        help="Where the models run. `--device` after `--`, or IACA_DEVICE, sets the first choice.",
        **session.DEVICE.widget,
    )


def choose_folders(folders: Folders) -> None:
    """Ask for folders; `find_folders` reads the answers at the start of the next run."""
    with st.expander("Data folders", icon=":material/folder_open:", key="data_folders"):
        st.text_area(
            "Data roots",
            height=68,
            placeholder="\n".join(map(str, folders.sources[0].roots)),
            help="One folder a line, in the layout of the download. Their subjects come before those of the demo.",
            **session.DATA_ROOTS.widget,
        )
        st.text_input(
            "Features",
            placeholder=str(folders.sources[0].features),
            help="Feature files of these data; if empty, `features` in the first root.",
            **session.FEATURES_FOLDER.widget,
        )
        st.text_input("Checkpoints", placeholder=str(folders.checkpoints), **session.CHECKPOINTS_FOLDER.widget)
        st.button("Look again", help="Look for new files in these folders.", on_click=corpora.look_again)


def choose_display(models: Sequence[Chosen]) -> Display:
    """Ask whose gates and which attention score are drawn."""
    configs = [model.checkpoint.config for model in models]
    targets = [target for target in TARGETS if any(target in config.targets for config in configs)]
    target = targets[0] if targets else TARGETS[0]
    if len(targets) > 1 and any(config.trunk is TrunkSharing.PER_TARGET for config in configs):
        target = st.selectbox(
            "Gates of",
            targets,
            help="These models have one attention and one gate for each target.",
            **session.GATES_OF.widget,
        )
    score = st.selectbox(
        "Attention score",
        list(rows.SCORES),
        help="  \n".join(f"*{name}*: {meaning}" for name, meaning in rows.SCORES.items()),
        **session.SCORE.widget,
    )
    scaled = st.toggle(
        "Scale scores to 0–1",
        session.SCALED.default,
        help="Min-max, with the limits of the shown models without dropout, so that a real fall is seen.",
        **session.SCALED.widget,
    )
    return Display(target, score, scaled)


def score_table(shown: list[Shown]) -> str:
    """CCC of every model and target with its change under what-if, as a Markdown table."""
    lines = ["| CCC | Valence | Arousal |", "|:--|--:|--:|"]
    for model in shown:
        cells = []
        for name in TARGETS:
            score, before = (trace.scores.get(name) for trace in (model.trace, model.baseline))
            if score is None or math.isnan(score.ccc):
                cells.append("–")
                continue
            cell = f"**{score.ccc:.3f}**"
            if model.changed:
                change = score.ccc - before.ccc
                colour = "gray" if abs(change) < 0.0005 else "red" if change < 0 else "green"
                cell += f" :{colour}[{change:+.3f}]"
            cells.append(cell.replace("-", "−"))
        lines.append(f"| {model.title} | {' | '.join(cells)} |")
    return "\n".join(lines)
