"""Fig 2 of the paper, drawn anew, with the weights of a model's gates on its wires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

FOLDER = Path(__file__).parent
GATES = (
    "stage1_audio_self", "stage1_audio_cross", "stage1_visual_self", "stage1_visual_cross",
    "stage2_audio", "stage2_visual", "stage2_joint",
)  # fmt: skip
"""Columns of the weights, each the name of its wire."""

_component = st.components.v2.component(
    "iaca_gate_diagram",
    html=(FOLDER / "gate_diagram.html").read_text(encoding="utf-8"),
    css=(FOLDER / "gate_diagram.css").read_text(encoding="utf-8"),
    js=(FOLDER / "gate_diagram.js").read_text(encoding="utf-8"),
)


def gate_diagram(weights: pd.DataFrame, *, subject: str, colours: dict[str, Any]) -> None:
    """Draw the figure; a slider in it moves through the frames and begins where the player stands.

    Args:
        weights: One row a frame: pts_s and `GATES`, each in [0, 1], NaN for a stage that the model does not have. No
            row: the figure without numbers.
        subject: Name of the subject, or "".
        colours: audio, visual and joint -> colours on light and on dark pages.
    """
    _component(key="gate_diagram", data={"weights": weights, "subject": subject, "colours": colours})
