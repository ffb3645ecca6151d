"""From features and a model to a Trace: everything that the dashboard plots, on the clock of the video."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from iaca.checkpoints import Checkpoint, FusionNetwork
from iaca.checkpoints.onnx_files import OnnxNetwork
from iaca.clips import WindowPlan, Windows, plan_windows
from iaca.compute.devices import device_of
from iaca.compute.gpu_memory import as_fits, on_cpu
from iaca.compute.threads import side_by_side, threads_for
from iaca.config import AUDIO, MODALITIES, OWN_GATES, TARGETS, VISUAL, DropoutConfig, GateOverrides
from iaca.errors import InputError
from iaca.inference.dropout import dropped_clips
from iaca.inference.window_source import WindowSource
from iaca.metrics import ccc
from iaca.types import EXPLANATION_COLUMNS, TRACE_COLUMNS, Explanation, Features, Score, Trace

WINDOWS_AT_ONCE = {"cpu": 32, "cuda": 256}
"""Windows in one forward pass, by type of device: few enough for a core's cache; on a GPU few enough for most memories,
and fewer where one is short."""

KEPT_MASKS = 4
"""Outputs that are kept for each window, on average: of so many choices of dropped clips."""

_plan = lru_cache(maxsize=256)(plan_windows)


class MismatchError(InputError):
    """Features that do not fit the model: the message names the subject, what was found and what was expected."""


class WindowMemory:
    """The outputs of a model for each window, kept from one dropout to the next: only changed windows are computed.

    Valid for one subject's features, one model, one setting of its gates and one way of cutting windows. From one share
    of scattered dropout to the next (5 % more) nearly half of the windows stay the same; a block changes few.

    Attributes:
        names: Names of the outputs: columns of a Trace.
        outputs: (Number of the window, its dropped clips as bits) -> (outputs, L) float32; those that were asked for
            last come last. At most `KEPT_MASKS` for each window.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.outputs: dict[tuple[int, bytes], np.ndarray] = {}

    @property
    def nbytes(self) -> int:
        """What the outputs take: those of all windows have one size."""
        return len(self.outputs) * next((one.nbytes for one in self.outputs.values()), 0)

    def take(self, keys: Sequence[tuple[int, bytes]], new: dict[tuple[int, bytes], np.ndarray]) -> list[np.ndarray]:
        """Add new outputs and return those asked for; what was not asked for longest goes.

        Args:
            keys: One for each window, each either kept or new.
            new: Outputs that were not kept.
        """
        found = [new[key] if key in new else self.outputs.pop(key) for key in keys]
        self.outputs.update(zip(keys, found, strict=True))
        for key in list(itertools.islice(self.outputs, max(0, len(self.outputs) - KEPT_MASKS * len(keys)))):
            del self.outputs[key]
        return found


def infer(
    features: Features,
    checkpoint: Checkpoint,
    dropouts: Sequence[DropoutConfig] = (),
    *,
    gates: GateOverrides = OWN_GATES,
    windows: Windows | str = Windows.OVERLAP,
    memory: WindowMemory | None = None,
    exported: OnnxNetwork | None = None,
) -> Trace:
    """Predict every frame of a subject exactly once, and explain the predictions.

    A missing clip (dropped, or an empty place in a window) is the backbone's output for zeros. Between clips
    predictions are interpolated linearly; gates, scores and dropout marks are those of the last clip that ended;
    after the last clip everything is held. Such frames are marked `interpolated`.

    Args:
        features: One subject's features.
        checkpoint: The model; it is used read-only, on the device where it is.
        dropouts: Simulated losses, of either modality.
        gates: Overrides of the gates; a model without such a gate stays as it is.
        windows: How clips are cut into windows.
        memory: Outputs of windows from earlier calls, which is updated. One thread at a time may use it. With it, the
            features stay on the model's GPU from call to call; they must not be changed meanwhile.
        exported: The same model in ONNX Runtime, which then computes wherever the gates are the model's own.

    Returns:
        A Trace with one row per frame.

    Raises:
        MismatchError: Dimension, clip count or backbone differ from the model's, or a feature is not finite.
    """
    if memory is None or not memory.outputs:  # which is of these features and this model alone
        check_fit(features, checkpoint)
    dropped = dropped_by(features, dropouts)
    plan = _plan(len(features.frame), features.clip_stride, checkpoint.config.clips, windows)
    per_clip = _per_clip(features, checkpoint.model, plan, dropped, memory, gates, exported)
    columns = _per_frame(features, per_clip, dropped)
    scores = {
        target: Score(
            ccc(columns[f"{target}_truth"], columns[target]), int(np.isfinite(columns[f"{target}_truth"]).sum())
        )
        for target in checkpoint.config.targets
    }
    return Trace(features.subject, checkpoint.name, features.clip_stride, columns, scores)


def predict(
    features: Features,
    model: FusionNetwork,
    dropouts: Sequence[DropoutConfig] = (),
    gates: GateOverrides = OWN_GATES,
    *,
    keep_features: bool = False,
) -> dict[str, np.ndarray]:
    """Predict every frame of a subject, without explanations.

    Args:
        features: One subject's features.
        model: The model, in eval mode.
        dropouts: Simulated losses, of either modality.
        gates: Overrides of the gates; a model without such a gate stays as it is.
        keep_features: Whether the features stay on the model's GPU for further calls, as far as it has room; they must
            not be changed meanwhile.

    Returns:
        Target -> (N,) float32.
    """
    plan = _plan(len(features.frame), features.clip_stride, model.config.clips, Windows.OVERLAP)
    per_clip = _per_clip(features, model, plan, dropped_by(features, dropouts), None, gates, keep=keep_features)
    frame = np.arange(len(features.pts_s))
    return {t: np.interp(frame, features.frame, per_clip[t]).astype(np.float32) for t in model.config.targets}


def check_fit(features: Features, checkpoint: Checkpoint) -> None:
    """Raise unless the features are ones that the model was trained for.

    Raises:
        MismatchError: Dimension, clip count or backbone differ, or a feature is not finite.
    """
    for modality in MODALITIES:
        values = getattr(features, modality)
        if len(values) != len(features.frame):
            raise MismatchError(
                f"features of {features.subject}: {modality} has {len(values)} clips; expected {len(features.frame)}, "
                "one for each end of a clip; extract the subject again"
            )
        expected = getattr(checkpoint.config, f"{modality}_dim")
        if values.shape[1] != expected:
            raise MismatchError(
                f"features of {features.subject}: {modality} has dimension {values.shape[1]}; "
                f"model {checkpoint.name} expects {expected}"
            )
        made_by, wanted = features.backbones.get(modality), checkpoint.backbones.get(modality)
        if made_by and wanted and made_by["sha256"] != wanted["sha256"]:
            raise MismatchError(
                f"features of {features.subject}: {modality} was made by backbone {made_by['name']} "
                f"({made_by['sha256'][:8]}); model {checkpoint.name} expects {wanted['name']} "
                f"({wanted['sha256'][:8]}): extract the features again with it"
            )
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            frame = int(features.frame[np.argmin(finite)])
            raise MismatchError(
                f"features of {features.subject}: {modality} of the clip that ends at frame {frame} is not finite; "
                "extract the subject again"
            )


def dropped_by(features: Features, dropouts: Sequence[DropoutConfig]) -> dict[str, np.ndarray]:
    """The clips that each modality loses: modality -> (T,) bool, true where any of the dropouts takes the clip."""
    dropped = {modality: np.zeros(len(features.frame), bool) for modality in MODALITIES}
    for dropout in dropouts:
        dropped[dropout.modality] |= dropped_clips(dropout, features.frame, features.pts_s)
    return dropped


def _per_clip(
    features: Features,
    model: FusionNetwork,
    plan: WindowPlan,
    dropped: dict[str, np.ndarray],
    kept: WindowMemory | None,
    gates: GateOverrides = OWN_GATES,
    exported: OnnxNetwork | None = None,
    *,
    keep: bool = False,
) -> dict[str, np.ndarray]:
    """The columns of a Trace that come from the model, (T,) float32 each."""
    config = model.config
    memory = kept or WindowMemory()
    lost = np.stack([dropped[modality][plan.index] & (plan.index >= 0) for modality in MODALITIES], axis=1)
    keys = [(window, bits.tobytes()) for window, bits in enumerate(np.packbits(lost, axis=-1))]
    new = np.array([window for window, key in enumerate(keys) if key not in memory.outputs], int)
    device = device_of(model)

    def outputs(place: torch.device, at_once: int) -> tuple[list[str], np.ndarray]:
        """Names of the columns, and (columns, new windows, L) float32."""
        network = model if place == device else on_cpu(model)
        source = WindowSource(features, place, keep=keep or kept is not None)

        @torch.inference_mode()
        def run(index: np.ndarray) -> tuple[list[str], torch.Tensor]:
            audio, visual = (source.windows(modality, index, dropped[modality]) for modality in (AUDIO, VISUAL))
            if exported is not None and gates == OWN_GATES:
                output = exported(audio, visual)
            else:
                output = network(audio, visual, gates=gates, return_maps=False)
            columns = {target: getattr(output, target) for target in config.targets}
            for target, explanation in output.explanations.items():
                columns |= {f"{target}_{name}": values for name, values in _explanation_columns(explanation).items()}
            return list(columns), torch.stack(list(columns.values()))

        done = side_by_side(run, [plan.index[piece] for piece in _pieces(new, place, at_once)], place)
        return done[0][0], torch.cat([batch for _, batch in done], dim=1).float().cpu().numpy()

    computed: dict[tuple[int, bytes], np.ndarray] = {}
    if len(new):
        memory.names, values = as_fits(outputs, device, WINDOWS_AT_ONCE, "windows")
        # Copies: of a batch, single windows may be kept for long.
        computed = {keys[window]: values[:, i].copy() for i, window in enumerate(new)}
    per_clip = np.full((len(memory.names), len(features.frame)), np.nan, np.float32)
    if keys:
        per_clip[:, plan.index[plan.keep]] = np.stack(memory.take(keys, computed), axis=1)[:, plan.keep]
    return dict(zip(memory.names, per_clip, strict=True))


def _pieces(windows: np.ndarray, device: torch.device, at_once: int) -> list[np.ndarray]:
    """Windows in pieces of nearly equal size, at most `at_once` each, as many for one thread as for another."""
    threads = threads_for(device)
    rounds = math.ceil(len(windows) / (threads * at_once))
    return np.array_split(windows, min(len(windows), threads * rounds)) if len(windows) else []


def _explanation_columns(explanation: Explanation) -> dict[str, torch.Tensor]:
    columns = {
        "audio_contribution": explanation.audio_attention_contribution,
        "visual_contribution": explanation.visual_attention_contribution,
        "audio_received": explanation.audio_attention_received,
        "visual_received": explanation.visual_attention_received,
    }
    for modality, weights in (
        (AUDIO, explanation.stage1_audio_weights),
        (VISUAL, explanation.stage1_visual_weights),
    ):
        if weights is not None:
            columns[f"stage1_{modality}_self"], columns[f"stage1_{modality}_cross"] = weights.unbind(-1)
    if explanation.stage2_weights is not None:
        for name, weight in zip((AUDIO, VISUAL, "joint"), explanation.stage2_weights.unbind(-1), strict=True):
            columns[f"stage2_{name}"] = weight
    return {name: values for name, values in columns.items() if values is not None}


def _per_frame(
    features: Features, per_clip: dict[str, np.ndarray], dropped: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """TRACE_COLUMNS, (N,) each."""
    num_frames = len(features.pts_s)
    frame = np.arange(num_frames)
    held = np.searchsorted(features.frame, frame, side="right") - 1
    columns: dict[str, np.ndarray] = {
        "frame": frame.astype(np.int32),
        "pts_s": features.pts_s,
        "valence_truth": features.valence,
        "arousal_truth": features.arousal,
        "has_face": features.has_face,
        "has_audio": features.has_audio,
        "audio_dropped": dropped[AUDIO][held],
        "visual_dropped": dropped[VISUAL][held],
        "interpolated": features.frame[held] != frame,
    }
    for target in TARGETS:
        if target in per_clip:
            columns[target] = np.interp(frame, features.frame, per_clip[target]).astype(np.float32)
        for name in EXPLANATION_COLUMNS:
            values = per_clip.get(f"{target}_{name}")
            if values is not None:
                columns[f"{target}_{name}"] = values[held]
    missing = np.full(num_frames, np.nan, np.float32)
    return {name: columns.get(name, missing) for name in TRACE_COLUMNS}
