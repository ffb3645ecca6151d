"""What if: sound and face taken away or corrupted, gates set by hand; always beside what the models say unchanged."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.sections.notices import attempt
from dashboard.sections.progress import show_bar, watch
from dashboard.services import corrupted_features, jobs, traces
from dashboard.services.corpora import Subject
from dashboard.state import session
from dashboard.state.folders import Folders
from iaca.config import (
    AUDIO,
    VISUAL,
    CorruptionConfig,
    CorruptionKind,
    DropoutConfig,
    DropoutPattern,
    ForcedGates,
    FusionConfig,
    GateOverrides,
    Stage1Choice,
    Stage2Choice,
    WhatIf,
)

BRUSHED = "brushed range"
WHOLE = "whole video"
PATTERNS = {
    DropoutPattern.SCATTERED.value: DropoutPattern.SCATTERED,
    DropoutPattern.BLOCK.value: DropoutPattern.BLOCK,
    BRUSHED: DropoutPattern.RANGE,
}
NOISES = ("none", CorruptionKind.WHITE.value, CorruptionKind.PINK.value)
TEMPERATURES = ("as trained", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10")
STAGE_1 = {
    "as the gate says": Stage1Choice.FREE,
    "always self-attended": Stage1Choice.SELF,
    "always cross-attended": Stage1Choice.CROSS,
}
STAGE_2 = {
    "as the gate says": Stage2Choice.FREE,
    "audio alone": Stage2Choice.AUDIO,
    "visual alone": Stage2Choice.VISUAL,
    "joint alone": Stage2Choice.JOINT,
}
INSIDE = (
    session.FACE_SHARE, session.FACE_PATTERN, session.NOISE, session.SNR, session.BLUR, session.CORRUPTED_SPAN,
    session.TEMPERATURE, session.STAGE_1, session.STAGE_2,
)  # fmt: skip
"""What the section asks for."""

FIELDS = (session.DROP_AUDIO, session.SHARE, session.PATTERN, session.SEED, *INSIDE)
"""Everything that Reset puts back."""

NO_RANGE = "No range is brushed: press [ and ] at two moments of the video, or brush one on a row."
BEGUN = "_corrupting"
"""Session key: extractions that this visit waits for."""


class Applied(NamedTuple):
    """What is changed in this run.

    Attributes:
        change: Dropout and gates.
        corrupted: Features of a corrupted modality that are ready.
        words: The change in a few words, or "".
    """

    change: WhatIf = traces.UNCHANGED
    corrupted: tuple[traces.CorruptedFeatures, ...] = ()
    words: str = ""

    def reaches(self, config: FusionConfig) -> bool:
        """Whether a model can say anything else than unchanged: gates reach only those that have some."""
        free = WhatIf(dropouts=self.change.dropouts) if not config.iaca else self.change
        return free != traces.UNCHANGED or bool(self.corrupted)

    @property
    def baseline_name(self) -> str:
        """What sets the baseline apart, for the legend."""
        only_dropout = not self.corrupted and replace(self.change, dropouts=()) == traces.UNCHANGED
        return "no dropout" if only_dropout else "unchanged"


def choose(range_s: tuple[float, float] | None) -> WhatIf:
    """Ask what is changed.

    Args:
        range_s: First and last second of the brushed range, or None.
    """
    dropouts = [_choose_audio_dropout(range_s)]
    section = st.expander("What if", icon=":material/tune:", **session.WHAT_IF.section)
    if not section.open and not any(map(session.is_set, INSIDE)):
        # Nine controls that nobody sees would be sent and drawn anew with every step of a slider.
        return WhatIf(dropouts=tuple(filter(None, dropouts)))
    with section:
        st.caption("**Face**")
        dropouts.append(_choose_face_dropout(range_s))
        corruptions = _choose_corruptions(range_s)
        st.caption("**Gates**")
        temperature = st.select_slider(
            "Gate temperature",
            TEMPERATURES,
            help="T of eqs 6 and 9: low, and a gate takes one side; high, and it mixes both.",
            **session.TEMPERATURE.widget,
        )
        stage1 = st.selectbox(
            "Stage 1", list(STAGE_1), help="The gates of audio and visual features (eqs 5-8).", **session.STAGE_1.widget
        )
        stage2 = st.selectbox(
            "Stage 2", list(STAGE_2), help="The gate of audio, visual and joint features (eq 9).",
            **session.STAGE_2.widget,
        )  # fmt: skip
        st.button("Reset", help="Everything as the models were trained.", on_click=_reset, icon=":material/undo:")
    return WhatIf(
        dropouts=tuple(filter(None, dropouts)),
        corruptions=corruptions,
        gates=GateOverrides(
            temperature=None if temperature == TEMPERATURES[0] else float(temperature),
            forced=ForcedGates(stage1=STAGE_1[stage1], stage2=STAGE_2[stage2]),
        ),
    )


def apply(
    change: WhatIf,
    subject: Subject,
    folders: Folders,
    device: str,
    place: DeltaGenerator,
    notices: list[str],
) -> Applied:
    """What can be shown of a change now; what has to be extracted first is begun, and told in `place`."""
    corrupted = []
    waiting: dict[str, corrupted_features.Extraction] = {}
    for config in change.corruptions if subject.features else ():
        ready = attempt(lambda config=config: corrupted_features.prepare(subject, config, folders), notices)
        if isinstance(ready, traces.CorruptedFeatures):
            corrupted.append(ready)
        elif ready is not None:
            job = jobs.find(ready.key)
            if job is not None and job.error:
                notices.append(f"{subject.name} cannot be heard or seen with {ready.title}: {job.error}")
                continue
            waiting[ready.key] = ready
            if st.session_state.get(BEGUN, {}).get(ready.key) != "stopped":
                corrupted_features.begin(ready, subject, config, folders, device)
    _leave(waiting)
    if waiting:
        with place:
            watch(map(jobs.find, waiting), lambda: _show_progress(list(waiting.values())))
    free = replace(change, corruptions=())
    return Applied(free, tuple(corrupted), _words(free, corrupted, change))


def _leave(waiting: dict[str, corrupted_features.Extraction]) -> None:
    """Stop what this visit began and does not want any more."""
    begun = st.session_state.get(BEGUN, {})
    for key in begun.keys() - waiting.keys():
        job = jobs.find(key)
        if job is not None:
            job.stop()
    st.session_state[BEGUN] = {key: begun.get(key, "running") for key in waiting}


def _show_progress(waiting: list[corrupted_features.Extraction]) -> None:
    for extraction in waiting:
        job = jobs.find(extraction.key)
        state = st.session_state.get(BEGUN, {}).get(extraction.key)
        if job is None or state == "stopped":
            if st.button(f"Resume: {extraction.title}", key=f"resume {extraction.key}"):
                _mark(extraction.key, "running")
                st.rerun()
        else:
            show_bar(job, extraction.title.capitalize(), "clips", key=f"stop {extraction.key}",
                     on_stop=partial(_mark, extraction.key, "stopped"))  # fmt: skip


def _mark(key: str, state: str) -> None:
    st.session_state[BEGUN] = st.session_state.get(BEGUN, {}) | {key: state}


def _reset() -> None:
    for field in FIELDS:
        st.session_state[field.key] = field.default


def _choose_audio_dropout(range_s: tuple[float, float] | None) -> DropoutConfig | None:
    on = st.toggle(
        "Drop audio",
        session.DROP_AUDIO.default,
        help="Take a share of the audio clips away from the models, as in Fig 3 of the paper.",
        **session.DROP_AUDIO.widget,
    )
    share = st.slider("Audio dropout (%)", 0, 100, session.SHARE.default, 5, disabled=not on, **session.SHARE.widget)
    pattern = st.selectbox("Pattern", list(PATTERNS), disabled=not on, **session.PATTERN.widget)
    seed = st.number_input("Seed", 0, 2**31 - 1, session.SEED.default, 1, disabled=not on, **session.SEED.widget)
    return _dropout(AUDIO, share, pattern, int(seed), range_s) if on else None


def _choose_face_dropout(range_s: tuple[float, float] | None) -> DropoutConfig | None:
    share = st.slider(
        "Visual dropout (%)", 0, 100, session.FACE_SHARE.default, 5,
        help="Take a share of the visual clips away; with a brushed range, all of them that end in it.",
        **session.FACE_SHARE.widget,
    )  # fmt: skip
    pattern = st.selectbox("Visual pattern", list(PATTERNS), **session.FACE_PATTERN.widget)
    if not share and PATTERNS[pattern] is not DropoutPattern.RANGE:
        return None
    return _dropout(VISUAL, share, pattern, st.session_state.get(session.SEED.key, 0), range_s)


def _dropout(
    modality: str, share: int, pattern: str, seed: int, range_s: tuple[float, float] | None
) -> DropoutConfig | None:
    if PATTERNS[pattern] is not DropoutPattern.RANGE:
        return (
            DropoutConfig(modality=modality, share=share / 100, pattern=PATTERNS[pattern], seed=seed) if share else None
        )
    if range_s is None:
        st.caption(NO_RANGE)
        return None
    return DropoutConfig(modality=modality, pattern=DropoutPattern.RANGE, start_s=range_s[0], end_s=range_s[1])


def _choose_corruptions(range_s: tuple[float, float] | None) -> tuple[CorruptionConfig, ...]:
    sigma = st.slider(
        "Blur (px)", 0.0, 12.0, session.BLUR.default, 0.5,
        help="Standard deviation of a Gaussian blur over the 112-pixel face. The backbone looks at the face anew.",
        **session.BLUR.widget,
    )  # fmt: skip
    st.caption("**Sound**")
    noise = st.selectbox(
        "Noise", NOISES, help="Noise over the sound. The backbone listens to it anew.", **session.NOISE.widget
    )
    ratio_db = st.slider(
        "Signal-to-noise ratio (dB)", -20, 40, session.SNR.default, 5, disabled=noise == NOISES[0],
        help="Mean power of the speech in the span to that of the noise.",
        **session.SNR.widget,
    )  # fmt: skip
    is_clean = noise == NOISES[0] and not sigma
    where = st.selectbox("Noise and blur in", [WHOLE, BRUSHED], disabled=is_clean, **session.CORRUPTED_SPAN.widget)
    if is_clean:
        return ()
    if where == BRUSHED and range_s is None:
        st.caption(NO_RANGE)
        return ()
    start_s, end_s = range_s if where == BRUSHED else (None, None)
    seed = st.session_state.get(session.SEED.key, 0)
    corruptions = []
    if noise != NOISES[0]:
        corruptions.append(CorruptionConfig(kind=noise, strength=ratio_db, seed=seed, start_s=start_s, end_s=end_s))
    if sigma:
        corruptions.append(CorruptionConfig(kind=CorruptionKind.BLUR, strength=sigma, start_s=start_s, end_s=end_s))
    return tuple(corruptions)


def _words(change: WhatIf, corrupted: list[traces.CorruptedFeatures], asked: WhatIf) -> str:
    """What is changed, for the line below the scores; audio dropout has its control there."""
    ready = {one.modality for one in corrupted}
    words = [f"{_share(one)} of the visual clips dropped" for one in change.dropouts if one.modality == VISUAL]
    for one in asked.corruptions:
        if one.modality in ready:
            is_blur = one.kind is CorruptionKind.BLUR
            words.append(
                f"blur of {one.strength:g} px" if is_blur else f"{one.kind.value} noise at {one.strength:g} dB"
            )
    if change.gates.temperature is not None:
        words.append(f"T = {change.gates.temperature:g}")
    for choices, chosen, stage in (
        (STAGE_1, change.gates.forced.stage1, "stage 1"),
        (STAGE_2, change.gates.forced.stage2, "stage 2"),
    ):
        if chosen.value != "free":
            words.append(f"{stage} {next(name for name, choice in choices.items() if choice is chosen)}")
    return " · ".join(words)


def _share(dropout: DropoutConfig) -> str:
    return "a range" if dropout.pattern is DropoutPattern.RANGE else f"{dropout.share:.0%}"
