"""What every row of the player means, said once: help of the rows, the page About, the tour and the README read it."""

from __future__ import annotations

from typing import NamedTuple

from dashboard.timeline.bands import differ_sentence


class Meaning(NamedTuple):
    """One row of the player, or what lies behind the rows.

    Attributes:
        title: Its title.
        text: What it shows, in sentences.
        equations: Of the paper, as in "eqs 5-8"; "" where there are none.
    """

    title: str
    text: str
    equations: str = ""

    @property
    def sentence(self) -> str:
        """Text and equations together, for the help of a row."""
        return f"{self.text} ({self.equations})" if self.equations else self.text


SCORES = {
    "contribution": Meaning(
        "Attention score (contribution)",
        "Share of a clip's attended feature that comes from attention, 0 to 1: |residual| / (|X| + |residual|).",
        "eqs 1-4",
    ),
    "received": Meaning(
        "Attention score (received)",
        "How much all clips of the window attend to this one: the row sum of the attention map, divided by its length.",
        "eq 1",
    ),
}
"""Attention scores. The paper plots them without defining them; both are offered."""

STAGE_1 = Meaning(
    "Stage-1 gate, audio and visual",
    "For each modality, the weights of its cross-attended and its self-attended feature. They sum to 1.",
    "eqs 5-8",
)
STAGE_2 = Meaning(
    "Stage-2 gate", "Weights of the audio, the joint and the visual feature, stacked. They sum to 1.", "eq 9"
)
TARGETS = Meaning(
    "Valence, arousal",
    "The annotation and each model's prediction, -1 to 1. Dotted lines: predictions before a change such as dropout.",
)
INFLUENCE = Meaning(
    "Influence on valence or arousal",
    "How far the audio and the visual modality each move a prediction: their Shapley values, from the predictions with "
    "both, with one and with none. Asked for in the sidebar; a lane says how the two relate.",
)
DIFFERENCE = Meaning("Difference", "Prediction of the second model minus that of the first.")
WAVEFORM = Meaning("Sound", "Smallest and largest sample at every pixel, on the clock of the video.")
SPECTROGRAM = Meaning(
    "Mel spectrogram",
    "What the audio backbone hears: 64 mel bands up to 22 kHz, low ones at the bottom, 80 dB down from the loudest.",
)
ROWS = (*SCORES.values(), STAGE_1, STAGE_2, INFLUENCE, TARGETS, DIFFERENCE, WAVEFORM, SPECTROGRAM)
"""In the order of the page; the last two are hidden at first."""

BANDS = Meaning(
    "Shaded and hatched spans",
    "Known episodes of corruption (synthetic corpus only) and dropped clips are shaded; missing data are hatched.",
)
DIFFER = Meaning(
    "Models differ, gate off its median",
    differ_sentence("The model without gates", "the one with them", "a prediction"),
)


def relation_sentence(target: str, threshold: float) -> str:
    """What the lane of relationships shows."""
    return (
        f"How the influences of audio and visual on {target} relate, each counting from {threshold:g}: complement (+) "
        "where both count with one sign, conflict (×) with opposite signs; A, the upper half: the audio dominates; V, "
        "the lower half: the visual dominates. Empty: neither counts, or a face or the sound is missing."
    )


SPREAD = "Seeds of one model are one curve, their mean, with a band from the smallest to the largest of them."
"""What is to be said of a row that has such a band."""

WEIGHTS = {
    "stage1_audio_cross": "cross-attended audio",
    "stage1_visual_cross": "cross-attended visual",
    "stage2_audio": "audio",
    "stage2_joint": "joint",
    "stage2_visual": "visual",
}
"""Gate weights, as a Trace names them without the target -> what they weigh."""

LEAST_MOVE = 0.05
"""A mean weight that moves by less is not said to move."""


def markdown_table(meanings: tuple[Meaning, ...]) -> str:
    """A table in Markdown."""
    lines = ["| Row | What it shows | Equations |", "| --- | --- | --- |"]
    for one in meanings:
        text = one.text.replace("|", r"\|")
        lines.append(f"| {one.title} | {text} | {one.equations.partition(' ')[2]} |")
    return "\n".join(lines)
