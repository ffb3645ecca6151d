"""Figures 1 and 3 of the paper from the study's models: SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from iaca.checkpoints import Checkpoint
from iaca.config import MODALITIES, TARGETS
from iaca.data.episodes import read_episodes
from iaca.data.media.apart import apart
from iaca.data.media.video import iterate_frames
from iaca.data.recordings import find_recordings, folder_of
from iaca.errors import InputError
from iaca.features.feature_files import read_features
from iaca.features.folder import EPISODES
from iaca.figures.contrast_forest import contrast_figure
from iaca.figures.memory_curve import memory_figure
from iaca.figures.paper import Person, figure_1, figure_3
from iaca.figures.print_style import save
from iaca.inference import infer
from iaca.study.plan import ALONE, EXTENSIONS
from iaca.types import Recording

FORMATS = ("svg", "png")
PAPER_FIGURE_1 = ("12-24-1920x1080", "21-24-1920x1080")
PAPER_FIGURE_3 = "131-30-1920x1080"
"""Subjects of the paper's figures, used where they are in the data."""

PICTURES = 3
PICTURE_PX = 180
"""Height of the frames in Fig 1: 0.6 inch in print at 300 dots an inch."""

TITLES = {"strong": "strong complementarity", "weak": "weak complementarity"}


def draw_missing(out: Path, table: pd.DataFrame, synthetic: bool) -> list[Path]:
    """Fig 3, for missing audio and for missing video, of each regime.

    Args:
        out: Folder of the study; figures go to its `figures`.
        table: As `missing_clips` returns it.
        synthetic: Whether the corpus is synthetic.

    Returns:
        The files.
    """
    files = []
    for modality in MODALITIES:
        # A model that never had the missing modality: a gated one that comes as near is deaf, or blind, to it.
        names = [name for name in ALONE.values() if name != ALONE[modality]]
        own = table[(table.modality == modality) & ~table.variant.eq(ALONE[modality])]
        for regime in dict.fromkeys(own.regime):
            chosen = own[own.regime.eq(regime) | own.variant.isin(names)]
            chosen = chosen.assign(model=chosen.model.str.removesuffix(f" ({regime})"))
            end = "" if regime == EXTENSIONS else f"-{regime}"
            figure = figure_3(chosen, synthetic=synthetic)
            files += [save(figure, out / "figures" / f"missing-{modality}{end}.{kind}") for kind in FORMATS]
    return files


def draw_decisions(
    out: Path, primary: pd.DataFrame, memory: pd.DataFrame, autocorrelation: pd.DataFrame, synthetic: bool
) -> list[Path]:
    """The primary contrasts, and the label-memory curve, where there are any.

    Args:
        out: Folder of the study; figures go to its `figures`.
        primary: As `decisions.decide` returns it, of every draw.
        memory: As `label_curve.memory_curve` returns it.
        autocorrelation: Of labels by memory, as `label_curve.labels_by_memory` returns it.
        synthetic: Whether the corpus is synthetic.

    Returns:
        The files.
    """
    drawn = {}
    if len(primary):
        drawn["contrasts"] = contrast_figure(primary, synthetic=synthetic)
    if len(memory):
        drawn["label-memory"] = memory_figure(memory, autocorrelation, synthetic=synthetic)
    return [save(figure, out / "figures" / f"{name}.{end}") for name, figure in drawn.items() for end in FORMATS]


def draw_attention(
    out: Path, models: Sequence[Checkpoint], videos: Path, features: Path, synthetic: bool
) -> list[Path]:
    """Fig 1 for a strong and a weak subject, with frames of their videos.

    Args:
        out: Folder of the study; figures go to its `figures`.
        models: The models of its rows.
        videos: Folder with the videos.
        features: Folder with their features, made by the backbones of the models.
        synthetic: Whether the corpus is synthetic.

    Returns:
        The files.

    Raises:
        InputError: There are not two subjects with video and features.
    """
    people = attention_subjects(videos, features)
    persons = []
    for kind, recording in people.items():
        item = read_features(features / f"{recording.subject}.safetensors")
        traces = {model.title: infer(item, model).frames for model in models}
        scores = {
            title: {m: frames[f"{TARGETS[0]}_{m}_contribution"].to_numpy() for m in MODALITIES}
            for title, frames in traces.items()
        }
        title = f"{recording.subject}: {TITLES[kind]}"
        persons.append(Person(title, item.pts_s, scores, _pictures(recording, item.pts_s)))
    figure = figure_1(persons, synthetic=synthetic)
    return [save(figure, out / "figures" / f"attention.{end}") for end in FORMATS]


def attention_subjects(videos: Path, features: Path) -> dict[str, Recording]:
    """Whom Fig 1 shows: the subjects of the paper, or the first without and the first with known episodes.

    Args:
        videos: Folder with the videos, or their manifest.
        features: Folder with their features.

    Returns:
        "strong" and "weak" -> the subject.

    Raises:
        InputError: There are not two subjects with video and features.
    """
    found = {
        recording.subject: recording
        for recording in find_recordings([videos]).recordings
        if recording.video_file is not None and (features / f"{recording.subject}.safetensors").is_file()
    }
    if all(name in found for name in PAPER_FIGURE_1):
        return dict(zip(TITLES, (found[name] for name in PAPER_FIGURE_1), strict=True))
    file = folder_of(videos) / EPISODES
    weak = {episode.subject for episode in read_episodes(file)} if file.is_file() else set()
    first = {
        kind: next((r for name, r in found.items() if (name in weak) == (kind == "weak")), None) for kind in TITLES
    }
    if None in first.values():
        raise InputError(
            f"{videos} and {features} hold no strong and no weak subject with video, features and episodes.csv; "
            f"expected these, or the subjects {' and '.join(PAPER_FIGURE_1)}"
        )
    return {kind: recording for kind, recording in first.items() if recording is not None}


def _pictures(recording: Recording, pts_s: np.ndarray) -> list[tuple[float, np.ndarray]]:
    wanted = np.zeros(len(pts_s), bool)
    wanted[np.linspace(0, len(pts_s) - 1, PICTURES + 2).round().astype(int)[1:-1]] = True
    assert recording.video_file is not None
    return apart(recording.video_file, _small_pictures, recording.video_file, wanted, pts_s, attempts=2)


def _small_pictures(video: Path, wanted: np.ndarray, pts_s: np.ndarray) -> list[tuple[float, np.ndarray]]:
    found = []
    for frame, picture in iterate_frames(video, wanted):
        scale = min(1.0, PICTURE_PX / picture.shape[0])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found.append((round(float(pts_s[frame]), 1), small))
    return found
