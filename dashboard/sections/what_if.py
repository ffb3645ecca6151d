"""What if: what the user wants to change, and how it is called. A new what-if has its control and its words here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from dashboard.sections.what_if_values import (
    BRUSHED,
    LARGEST_SEED,
    LARGEST_SHARE,
    NOTCH,
    PATTERNS,
    STAGE_1,
    STAGE_2,
    TEMPERATURES,
    Range,
    Values,
    chosen_values,
)
from dashboard.state import session
from iaca.config import (
    AUDIO,
    VISUAL,
    CorruptionConfig,
    CorruptionKind,
    DropoutConfig,
    DropoutPattern,
    Stage1Choice,
    Stage2Choice,
    WhatIf,
)

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

WHOLE = "whole video"
NO_NOISE = "none"
NOISES = {NO_NOISE: None, "white": CorruptionKind.WHITE, "pink": CorruptionKind.PINK}
NO_RANGE = "No range is brushed: press [ and ] at two points of the video, or brush one on a row."


class Asked(NamedTuple):
    """What the user asks for.

    Attributes:
        change: All of it.
        values: Of the live controls.
        places: Modality -> where to show how far its noise or blur is: below the control that asks for it. Empty while
            the controls are not seen.
    """

    change: WhatIf
    values: Values
    places: Mapping[str, DeltaGenerator]


def choose(range_s: Range, bar: DeltaGenerator) -> Asked:
    """Ask what is changed.

    Args:
        range_s: First and last second of the brushed range, or None.
        bar: Where audio dropout is asked for, in a line; all else is asked for here.
    """
    with bar:
        _choose_audio_dropout(range_s)
    section = st.expander("What if", icon=":material/tune:", **session.WHAT_IF.section)
    if not section.open and not any(map(session.is_set, session.WHAT_IF_FIELDS)):
        # Controls that nobody sees would be sent and drawn anew with every step of a slider.
        values = _values()
        return Asked(WhatIf(dropouts=values.dropouts(range_s)), values, {})
    with section:
        st.caption("**Face**")
        _choose_face_dropout(range_s)
        corruptions, places = _choose_corruptions(range_s)
        st.caption("**Gates**")
        choose_gates()
        st.button("Reset", help="Undo all of these changes.", on_click=reset, icon=":material/undo:")
    values = _values()
    change = WhatIf(dropouts=values.dropouts(range_s), corruptions=corruptions, gates=values.gates)
    return Asked(change, values, places if section.open else {})


def describe(change: WhatIf) -> str:
    """A change in a few words, for the line below the scores; audio dropout has its controls there. "" for none."""
    words = [f"{_extent(one)} of the visual clips dropped" for one in change.dropouts if one.modality == VISUAL]
    for one in change.corruptions:
        if one.kind is CorruptionKind.BLUR:
            words.append(f"blur of {one.strength:g} px")
        else:
            words.append(f"{one.kind.value} noise at {one.strength:g} dB")
    if change.gates.temperature is not None:
        words.append(f"T = {change.gates.temperature:g}")
    if (stage1 := change.gates.forced.stage1) is not Stage1Choice.FREE:
        words.append(f"stage 1 {next(name for name, choice in STAGE_1.items() if choice is stage1)}")
    if (stage2 := change.gates.forced.stage2) is not Stage2Choice.FREE:
        words.append(f"stage 2 {next(name for name, choice in STAGE_2.items() if choice is stage2)}")
    return " · ".join(words)


def describe_all(change: WhatIf) -> str:
    """A change in a few words, audio dropout too; "" for none."""
    audio = [f"{_extent(one)} of the audio clips dropped" for one in change.dropouts if one.modality == AUDIO]
    return " · ".join(filter(None, [*audio, describe(change)]))


def _values() -> Values:
    """The values of the live controls, which the page Corpus takes over."""
    values = chosen_values()
    st.session_state[session.LAST_WHAT_IF] = values._asdict()
    return values


def reset() -> None:
    """Undo every change."""
    for field in (*session.DROPOUT_FIELDS, *session.WHAT_IF_FIELDS):
        st.session_state[field.key] = field.default


def _choose_audio_dropout(range_s: Range) -> None:
    on = st.toggle(
        "Drop audio",
        session.DROP_AUDIO.default,
        help="Remove a share of the audio clips, as in Fig 3 of the paper.",
        **session.DROP_AUDIO.widget,
    )
    drawn = on and session.chosen(session.PATTERN) != BRUSHED
    st.slider(
        "Audio dropout (%)", 0, LARGEST_SHARE, session.SHARE.default, NOTCH, disabled=not drawn, width=230,
        **session.SHARE.widget,
    )  # fmt: skip
    pattern = st.selectbox("Pattern", list(PATTERNS), disabled=not on, width=190, **session.PATTERN.widget)
    # Visual dropout and noise have the same seed.
    seeded = drawn or any(map(session.is_set, (session.FACE_SHARE, session.NOISE)))
    st.number_input(
        "Seed", 0, LARGEST_SEED, session.SEED.default, 1, disabled=not seeded, width=110, **session.SEED.widget
    )
    if on:
        _say_if_no_range(pattern, range_s)


def _choose_face_dropout(range_s: Range) -> None:
    st.slider(
        "Visual dropout (%)", 0, LARGEST_SHARE, session.FACE_SHARE.default, NOTCH,
        disabled=session.chosen(session.FACE_PATTERN) == BRUSHED,
        help="Remove a share of the visual clips; with a brushed range, every clip that ends in it.",
        **session.FACE_SHARE.widget,
    )  # fmt: skip
    _say_if_no_range(st.selectbox("Visual pattern", list(PATTERNS), **session.FACE_PATTERN.widget), range_s)


def _say_if_no_range(pattern: str, range_s: Range) -> None:
    if pattern == BRUSHED and range_s is None:
        st.caption(NO_RANGE)


def _choose_corruptions(range_s: Range) -> tuple[tuple[CorruptionConfig, ...], dict[str, DeltaGenerator]]:
    sigma = st.slider(
        "Blur (px)", 0.0, 12.0, session.BLUR.default, 0.5,
        help="Standard deviation of a Gaussian blur on the 112-pixel face. The backbone then sees the blurred face.",
        **session.BLUR.widget,
    )  # fmt: skip
    places = {VISUAL: st.container()}
    st.caption("**Sound**")
    noise = NOISES[
        st.selectbox(
            "Noise",
            list(NOISES),
            help="Noise added to the sound. The backbone then hears the noisy sound.",
            **session.NOISE.widget,
        )
    ]
    ratio_db = st.slider(
        "Signal-to-noise ratio (dB)", -20, 40, session.SNR.default, 5, disabled=noise is None,
        help="Mean power of the speech where the noise is, relative to that of the noise.",
        **session.SNR.widget,
    )  # fmt: skip
    places[AUDIO] = st.container()
    is_clean = noise is None and not sigma
    where = st.selectbox("Noise and blur in", [WHOLE, BRUSHED], disabled=is_clean, **session.CORRUPTED_SPAN.widget)
    if is_clean:
        return (), places
    if where == BRUSHED and range_s is None:
        st.caption(NO_RANGE)
        return (), places
    start_s, end_s = range_s if where == BRUSHED and range_s is not None else (None, None)
    seed = st.session_state.get(session.SEED.key, 0)
    corruptions = []
    if noise is not None:
        corruptions.append(CorruptionConfig(kind=noise, strength=ratio_db, seed=seed, start_s=start_s, end_s=end_s))
    if sigma:
        corruptions.append(CorruptionConfig(kind=CorruptionKind.BLUR, strength=sigma, start_s=start_s, end_s=end_s))
    return tuple(corruptions), places


def choose_gates() -> None:
    """Ask how the gates are set."""
    st.select_slider(
        "Gate temperature",
        TEMPERATURES,
        help="T in eqs 6 and 9: at a low T a gate takes one side, at a high T it mixes all of them.",
        **session.TEMPERATURE.widget,
    )
    st.selectbox(
        "Stage 1", list(STAGE_1), help="The gates of the audio and visual features (eqs 5-8).",
        **session.STAGE_1.widget,
    )  # fmt: skip
    st.selectbox(
        "Stage 2", list(STAGE_2), help="The gate of the audio, visual and joint features (eq 9).",
        **session.STAGE_2.widget,
    )  # fmt: skip


def _extent(dropout: DropoutConfig) -> str:
    return "a range" if dropout.pattern is DropoutPattern.RANGE else f"{dropout.share:.0%}"
