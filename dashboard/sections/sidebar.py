"""The controls beside the page: what is drawn, where models run, and where the data lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from dashboard.sections.page import Page
from dashboard.services import corpora, influences, seed_models, traces
from dashboard.services.first_views import FirstView
from dashboard.services.model_files import Chosen
from dashboard.state import address, session
from dashboard.state.folders import Folders
from dashboard.timeline.meanings import SCORES
from iaca.config import TARGETS, TrunkSharing

NO_INFLUENCE = "off"
LEAST_THRESHOLD, LARGEST_THRESHOLD = 0.02, 0.5


class Display(NamedTuple):
    """What is drawn.

    Attributes:
        target: Whose gates and attention: valence or arousal.
        score: Which attention score.
        scaled: Whether it is scaled to [0, 1].
        smooth: Whether curves are smoothed for the eye.
        influence: Which influence of audio and visual, and from where on it counts; None for none.
        seeds: Whether models that differ in their seed alone are shown as one.
    """

    target: str
    score: str
    scaled: bool
    smooth: bool = False
    influence: influences.Wanted | None = None
    seeds: bool = False

    @property
    def threshold(self) -> float:
        """Influence from which a modality counts, whether it is shown or not."""
        return session.THRESHOLD.default if self.influence is None else self.influence.threshold


def choose_device(page: Page) -> str:
    """Ask where models run."""
    devices = traces.available_devices()
    return st.selectbox(
        "Device",
        devices,
        index=devices.index(page.device()),
        format_func=lambda name: traces.device_label(traces.choose_device(name)),
        help="Where the models run. `--device` or IACA_DEVICE sets the initial choice.",
        **session.DEVICE.widget,
    )


def choose_folders(folders: Folders) -> None:
    """Ask for folders, but on a locked page; `find_folders` reads the answers at the start of the next run."""
    if not folders.locked:
        _ask_for_folders(folders)
    st.button("Rescan folders", help="Look for new files in the data folders.", on_click=corpora.rescan)


def _ask_for_folders(folders: Folders) -> None:
    with st.expander("Data folders", icon=":material/folder_open:", key="data_folders"):
        st.text_area(
            "Data roots",
            height=68,
            placeholder="\n".join(map(str, folders.sources[0].roots)),
            help="One folder per line, laid out like the download, or the manifest (.csv) of another data set. Their "
            "subjects are listed before those of the demo.",
            **session.DATA_ROOTS.widget,
        )
        st.text_input(
            "Features",
            placeholder=str(folders.sources[0].features),
            help="Feature files of these data; if empty, the folder `features` in the first root or beside a manifest.",
            **session.FEATURES_FOLDER.widget,
        )
        st.text_input("Checkpoints", placeholder=str(folders.checkpoints), **session.CHECKPOINTS_FOLDER.widget)


def choose_display(models: Sequence[Chosen], first: FirstView | None = None) -> Display:
    """Ask whose gates and which attention score are drawn.

    Args:
        models: The models on the page.
        first: What to show until somebody chooses, or None.
    """
    configs = [model.checkpoint.config for model in models]
    targets = [target for target in TARGETS if any(target in config.targets for config in configs)]
    target = targets[0] if targets else TARGETS[0]
    if len(targets) > 1 and any(config.trunk is TrunkSharing.PER_TARGET for config in configs):
        target = st.selectbox(
            "Gates for",
            targets,
            index=targets.index(first.target) if first is not None and first.target in targets else 0,
            help="These models have separate attention and gates for each target.",
            **session.GATES_OF.widget,
        )
    score = st.selectbox(
        "Attention score",
        list(SCORES),
        help="  \n".join(f"*{name}*: {meaning.sentence}" for name, meaning in SCORES.items()),
        **session.SCORE.widget,
    )
    scaled = st.toggle(
        "Scale scores to 0–1",
        session.SCALED.default,
        help="Min-max scaling with the limits of the shown models without dropout, so that a real drop stays visible.",
        **session.SCALED.widget,
    )
    smooth = st.toggle(
        "Smooth curves (display only, half a second)",
        session.SMOOTH.default,
        help="A moving mean over half a second in rows, figures and videos, for the eye alone: scores, values at the "
        "cursor beside the video and exported tables stay as they are.",
        **session.SMOOTH.widget,
    )
    return Display(target, score, scaled, smooth, _choose_influence(targets), _choose_seeds(models))


def _choose_seeds(models: Sequence[Chosen]) -> bool:
    """Ask whether seeds of one model are shown as one, where there are several."""
    if all(len(places) == 1 for places in seed_models.seed_groups([model.checkpoint for model in models])):
        return False
    return st.toggle(
        "Seeds of one model as a band",
        session.SEEDS.default,
        help="Models that were trained alike but for their seed are one curve, their mean, and a band from the "
        "smallest to the largest of them. Scores are those of the mean. Of gates the mean alone is drawn.",
        **session.SEEDS.widget,
    )


def _choose_influence(targets: Sequence[str]) -> influences.Wanted | None:
    """Ask whether the influence of audio and visual is shown, on what, and from where on it counts."""
    options = (NO_INFLUENCE, *targets)
    address.accept_spellings(session.INFLUENCE, options)
    target = st.selectbox(
        "Influence of audio and visual",
        options,
        help="How far each modality moves a prediction, and a lane that says how the two relate: complement, conflict, "
        "or one dominates. It takes three more passes of each model, so it is off at first.",
        **session.INFLUENCE.widget,
    )
    if target == NO_INFLUENCE:
        return None
    return influences.Wanted(target, choose_threshold())


def choose_threshold() -> float:
    """Ask from which influence on a modality counts."""
    return st.slider(
        "Influence that counts",
        LEAST_THRESHOLD,
        LARGEST_THRESHOLD,
        session.THRESHOLD.default,
        0.01,
        help="A modality counts where its influence is at least this, on the scale of valence and arousal, whose ends "
        f"are 2 apart. At first {session.THRESHOLD.default:g}, from which two predictions count as different too.",
        **session.THRESHOLD.widget,
    )
