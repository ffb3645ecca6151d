"""The attention in one window: which clips, or which features, a model mixes at a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from iaca.checkpoints import Checkpoint
from iaca.clips import plan_windows
from iaca.compute.devices import device_of
from iaca.compute.gpu_memory import as_fits, on_cpu
from iaca.compute.threads import side_by_side
from iaca.config import AUDIO, MODALITIES, VISUAL, DropoutConfig
from iaca.inference import WINDOWS_AT_ONCE, check_fit, dropped_by, windows_of
from iaca.types import Explanation, Features

MOST_CELLS = 256
"""Rows and columns of a feature map at most; of a larger one, neighbours in the order are averaged."""


class WindowMaps(NamedTuple):
    """The maps of one window of one target.

    Attributes:
        clip_frame: (L,) int64, frame at which the clip at each place ends; -1 for an empty place.
        place: Place of the requested clip, 0 to L - 1.
        maps: Modality -> (L, L) weights over clips, columns sum to 1; or (D, 2D) correlations of features in [-1, 1].
            Empty for a model without attention.
        over_clips: Whether the maps are weights over clips.
        row_modality: Modality of a map -> modality of the clips that its rows stand for; columns are of the other one.
            Only for maps over clips.
    """

    clip_frame: np.ndarray
    place: int
    maps: dict[str, np.ndarray]
    over_clips: bool
    row_modality: dict[str, str]


class Ordered(NamedTuple):
    """A feature map with rows and columns in an order that shows its structure.

    Attributes:
        values: (R, C) float32, at most 256 x 256, each a mean over neighbours.
        divide: First column of the visual features; those before it are of audio features.
        row_span: Features per row.
        column_span: Features per column.
    """

    values: np.ndarray
    divide: int
    row_span: float
    column_span: float


def window_maps(
    features: Features, checkpoint: Checkpoint, frame: int, target: str, dropouts: Sequence[DropoutConfig] = ()
) -> WindowMaps:
    """The attention in the window whose prediction counts at a frame. Gates follow attention and do not change it.

    Choice: rows and columns are those of the model, whose registry entry says whose clips the rows stand for: in CA
    the columns of A_a belong to visual clips, since column j of Z holds the audio clips as visual clip j correlates
    with them; in TCA columns are queries and rows are keys of the other modality.

    Args:
        features: One subject's features.
        checkpoint: The model; it is used read-only, on the device where it is.
        frame: The frame, 0 to N - 1.
        target: valence or arousal, for a model with a trunk for each.
        dropouts: Simulated losses, of either modality.

    Returns:
        The maps.

    Raises:
        MismatchError: The features do not fit the model.
    """
    check_fit(features, checkpoint)
    plan = plan_windows(len(features.frame), features.clip_stride, checkpoint.config.clips)
    clip = int(np.searchsorted(features.frame, frame, side="right")) - 1
    window, place = (int(found[0]) for found in np.nonzero((plan.index == clip) & plan.keep))
    dropped = dropped_by(features, dropouts)
    device = device_of(checkpoint.model)

    def on(place: torch.device, _: int) -> dict[str, Explanation]:
        model = checkpoint.model if place == device else on_cpu(checkpoint.model)

        @torch.inference_mode()
        def explain(index: np.ndarray) -> dict[str, Explanation]:
            audio, visual = (windows_of(features, m, index, dropped[m]).to(place) for m in MODALITIES)
            return model(audio, visual).explanations

        return side_by_side(explain, [plan.index[window : window + 1]], place)[0]

    explanations = as_fits(on, device, dict.fromkeys(WINDOWS_AT_ONCE, 1), "attention maps")
    clips = plan.index[window]
    explanation = explanations.get(target, next(iter(explanations.values())))
    found = {AUDIO: explanation.audio_attention, VISUAL: explanation.visual_attention}
    maps = {m: values[0].float().cpu().numpy() for m, values in found.items() if values is not None}
    return WindowMaps(
        np.where(clips < 0, -1, features.frame[clips]).astype(np.int64),
        place,
        maps,
        explanation.audio_attention_received is not None,
        checkpoint.map_rows,
    )


def ordered(values: np.ndarray) -> Ordered:
    """Order a feature map by average-linkage clustering, so that similar rows and similar columns are neighbours.

    Features have no order of their own. Columns of audio and of visual features are ordered apart, audio first.

    Args:
        values: (D, 2D), columns of audio features before those of visual ones.

    Returns:
        The map in its new order, at most 256 x 256.
    """
    half = values.shape[1] // 2
    rows = _leaves(values)
    columns = np.concatenate((_leaves(values[:, :half].T), half + _leaves(values[:, half:].T)))
    shown = values[np.ix_(rows, columns)]
    row_span, column_span = (max(1, -(-size // MOST_CELLS)) for size in shown.shape)
    starts = np.arange(0, shown.shape[0], row_span), np.arange(0, shown.shape[1], column_span)
    for axis in (0, 1):
        counts = np.diff(np.append(starts[axis], shown.shape[axis]))
        counts = counts[:, None] if axis == 0 else counts
        shown = np.add.reduceat(shown, starts[axis], axis=axis) / counts
    return Ordered(shown.astype(np.float32), -(-half // column_span), row_span, column_span)


def _leaves(vectors: np.ndarray) -> np.ndarray:
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(vectors) < 2:
        return np.arange(len(vectors))
    return leaves_list(linkage(vectors, "average", optimal_ordering=len(vectors) <= MOST_CELLS))
