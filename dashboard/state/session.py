"""Every session-state key and URL parameter, with its default, and the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st


class Field(NamedTuple):
    """One thing that the user chooses: `key` names it in the session and, where `url` is true, in the address."""

    key: str
    default: Any
    url: bool = True

    @property
    def section(self) -> dict[str, Any]:
        """Keyword arguments that tie an expander to it, so that the page knows whether it is open."""
        return self.widget | {"on_change": "rerun"}

    @property
    def widget(self) -> dict[str, Any]:
        """Keyword arguments that tie a widget to it."""
        return {"key": self.key} | ({"bind": "query-params"} if self.url else {})

    def widget_among(self, options: Sequence[object], *, by_index: bool = False) -> dict[str, Any]:
        """Keyword arguments that tie a choice to it; it starts with the default, or else with the first option.

        Args:
            options: What can be chosen; at least one.
            by_index: Whether the widget takes the place of its first choice, as a selectbox does, or its value.
        """
        if self.key in st.session_state:  # Streamlit warns of a default beside a value
            return self.widget
        first = self.default if self.default in options else options[0]
        return self.widget | ({"index": options.index(first)} if by_index else {"default": first})


SUBJECT = Field("subject", None, url=False)
"""Also a URL parameter, but by name: a bound widget would put its whole label there."""

FRAME = Field("frame", None, url=False)
"""URL parameter alone, which the player keeps: the frame at the cursor, from 0."""

RANGE = Field("range", None, url=False)
"""Likewise: first and last frame of the brushed range, as in 120-340."""

ROWS = Field("rows", None, url=False)
"""Likewise: how the rows of a link are arranged, as the player writes it."""

FUSION = Field("fusion", None)
CHECKPOINT = Field("checkpoint", None, url=False)
"""Also a URL parameter, by file name."""

MORE_MODELS = Field("more", None)
"""Files of models that are shown beside the two."""

SECOND_CHECKPOINT = Field("second", None, url=False)
"""Likewise."""

GATES_OF = Field("gates", "valence")
DROP_AUDIO = Field("drop_audio", False)
SHARE = Field("dropout", 40)
PATTERN = Field("pattern", "scattered")
SEED = Field("seed", 0)
BESIDE = Field("beside", None)
"""What is open beside the rows: attention, moments, or nothing."""

MOMENT_KINDS = Field("kinds", None)
MOMENT_ORDER = Field("order", "largest first")
MOMENT_SCOPE = Field("in", "this subject")
ATTENTION_OF = Field("map", "audio")
WHAT_IF = Field("what_if", False)
FACE_SHARE = Field("face_dropout", 0)
FACE_PATTERN = Field("face_pattern", "scattered")
NOISE = Field("noise", "none")
SNR = Field("snr", 10)
BLUR = Field("blur", 0.0)
CORRUPTED_SPAN = Field("spoilt", "whole video")
TEMPERATURE = Field("temperature", "as trained")
STAGE_1 = Field("stage1", "as the gate says")
STAGE_2 = Field("stage2", "as the gate says")
DROPOUT_FIELDS = (DROP_AUDIO, SHARE, PATTERN, SEED)
"""What can be changed at any time."""

WHAT_IF_FIELDS = (
    FACE_SHARE, FACE_PATTERN, NOISE, SNR, BLUR, CORRUPTED_SPAN, TEMPERATURE, STAGE_1, STAGE_2,
)  # fmt: skip
"""What can be changed in the section What if."""

AS_GIVEN = Field("as_given", False)
"""Whether the video is played as the models get it."""

SCORE = Field("score", "contribution")
SCALED = Field("scaled", True)
SMOOTH = Field("smooth", False)
"""Whether curves are smoothed for the eye."""

SEEDS = Field("seeds", False)
"""Whether models that differ in their seed alone are shown as one curve with a band."""

INFLUENCE = Field("influence", "off")
"""Whose influence of audio and visual is shown: that on valence, on arousal, or none."""

THRESHOLD = Field("influence_from", 0.1)
"""Influence from which a modality counts; at first as in `iaca.inference.influence`."""

DEVICE = Field("device", None, url=False)
DATA_ROOTS = Field("data_roots", "", url=False)
FEATURES_FOLDER = Field("features_folder", "", url=False)
CHECKPOINTS_FOLDER = Field("checkpoints_folder", "", url=False)
ROBUST_MODELS = Field("models", None)
ROBUST_MISSING = Field("missing", "audio")
ROBUST_PATTERN = Field("missing_pattern", "scattered")
ROBUST_SUBJECTS = Field("missing_of", None)
ROBUST_NUMBERS = Field("numbers", False)
"""Whether the numbers behind the curves are open."""

RESULTS_FOLDER = Field("results_folder", "", url=False)
TYPED = (DATA_ROOTS, FEATURES_FOLDER, CHECKPOINTS_FOLDER, RESULTS_FOLDER)
"""Fields for folders: they outlast a visit to another page."""

CORPUS_VIEW = Field("view", "subjects")
CORPUS_TARGET = Field("of_target", "valence")
CORPUS_CONDITIONS = Field("conditions", None)
CORPUS_SPLITS = Field("splits", None)
CORPUS_TEXT = Field("find", "")
CORPUS_BY = Field("by", "condition")
CORPUS_SORT = Field("sort", None)
CORPUS_LARGEST_FIRST = Field("largest_first", True)
CORPUS_BOX = Field("box", None, url=False)
"""URL parameter alone: what is brushed on the scatter, as in 0.1,0.5,0.2,0.6: left, right, bottom, top."""

EVENT_WHERE = Field("where", None, url=False)
"""URL parameter alone, as often as there are conditions: what is searched for, as in valence_stage2_visual > 0.7."""

EVENT_FOR = Field("lasting", None, url=False)
"""URL parameter alone: the shortest hit, seconds."""

EVENT_MODEL = Field("search_in", None, url=False)
"""URL parameter alone: file of the model whose curves are searched."""

RESULTS_REGIME = Field("regime", "extensions")
RESULTS_FRAMES = Field("frames_of", "all")
RESULTS_HEADROOM = Field("headroom_of", None)
RESULTS_MODELS = Field("scores_of", None)
RESULTS_GATES = Field("gates_of", None)
RESULTS_FINDINGS = Field("findings", False)
RESULTS_TABLE = Field("table", False)
"""Whether the findings in words and the table of differences are open."""

RESULTS_MISSING = Field("lost", "audio")
RESULTS_PATTERN = Field("lost_pattern", "scattered")
RESULTS_MISSING_REGIME = Field("lost_regime", "extensions")
RESULTS_NUMBERS = Field("lost_numbers", False)


BOUND = tuple(field for field in list(globals().values()) if isinstance(field, Field) and field.url)
"""Fields whose widgets Streamlit ties to the address."""

RANGES = "ranges"
"""Key of the session alone: subject -> first and last frame of its brushed range, or None."""

LAST_WHAT_IF = "last_what_if"
"""Key of the session alone: what Compare was asked to change last, key of a control -> its value."""

HANDED_OVER = "handed_over"
"""Likewise: what another page has chosen for the widgets of the next one, key -> value."""

LAST_VIEW = "last_view"
"""Key of the session alone: what was looked at last, for the other pages."""

EVENT_SEARCH = "event_search"
"""Key of the session alone: what was searched for last, as `dashboard.sections.event_query` keeps it."""

SUBJECT_BOX = "subject_box"
"""Likewise: the key of the selectbox Subject, which is another one with other models and scores."""


class LastView(NamedTuple):
    """What was looked at last: a subject's name, files of models, and where they ran."""

    subject: str
    models: tuple[Path, ...]
    device: str


def keep_typed() -> None:
    """Keep what was typed on a page while another one is shown: Streamlit forgets widgets that are not drawn."""
    for field in TYPED:
        if field.key in st.session_state:
            st.session_state[field.key] = st.session_state[field.key]


def hand_over(values: Mapping[str, Any]) -> None:
    """Choose for the widgets of the page that is opened next, key -> value.

    Until that page runs, the address belongs to the widgets of this one.
    """
    st.session_state[HANDED_OVER] = dict(values)


def take_handed() -> None:
    """Take what another page has chosen; call it before the first widget."""
    st.session_state.update(st.session_state.pop(HANDED_OVER, {}))


def remember(view: LastView) -> None:
    """Keep what is looked at for the other pages."""
    st.session_state[LAST_VIEW] = view


def last_view() -> LastView | None:
    """What was looked at last in this visit, or None."""
    return st.session_state.get(LAST_VIEW)


def keep_range(subject: str, frames: tuple[int, int] | None) -> None:
    """Keep the brushed range of a subject, for when the player is mounted anew and has not reported yet."""
    st.session_state.setdefault(RANGES, {})[subject] = frames


def has_range(subject: str) -> bool:
    """Whether a range was kept in this visit, also none: from then on the address has no say."""
    return subject in st.session_state.get(RANGES, {})


def kept_range(subject: str) -> tuple[int, int] | None:
    """First and last frame of the range of a subject in this visit, or None."""
    return st.session_state.get(RANGES, {}).get(subject)


def asked(field: Field) -> str | None:
    """What the address asks for, or None."""
    return st.query_params.get(field.key)


def chosen(field: Field) -> Any:
    """What is chosen before its widget is drawn: in this visit, else as text in the address, else the default."""
    return st.session_state.get(field.key, asked(field) or field.default)


def is_set(field: Field) -> bool:
    """Whether the session or the address has another value than the default."""
    return asked(field) is not None or st.session_state.get(field.key, field.default) != field.default
