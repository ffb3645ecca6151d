"""Training of a backbone: clips -> valence and arousal of their last frame. Resumable after a kill at any moment."""

from __future__ import annotations

import ctypes
import io
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from iaca.augmentation import augment_audio, augment_visual
from iaca.config import CLIP_FRAMES, TARGETS, VISUAL, BackboneConfig, ConfigError
from iaca.data.clip_cache import CachedClips, cached_clips
from iaca.data.clips import check_clip_stride
from iaca.data.prefetch import prefetch
from iaca.data.transforms import visual_input
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.losses import ccc_loss
from iaca.metrics import ccc
from iaca.models.backbones import Backbone, build_backbone
from iaca.types import Recording

CLIPS_TOGETHER = 4
"""Clips of one recording that stand together in a batch."""

STATE_INTERVAL_S = 300.0
"""A kill costs at most this, or an epoch where that is shorter."""


class BackboneTrainingError(InputError):
    """Recordings that nothing can be learnt from: the message says what was expected."""


@dataclass(frozen=True, kw_only=True)
class BackboneTraining:
    """How a backbone is trained.

    Attributes:
        epochs: Passes; each takes one clip per 32 frames of every recording, at a new phase.
        batch: Clips in a step.
        learning_rate: Its peak; one cycle up and down.
        weight_decay: Of AdamW.
        mse_weight: Weight of the mean squared error beside 1 - CCC, which alone says little on small batches.
        clip_stride: Grid of clip ends, in frames; a finer one decodes and stores more.
        seed: Of weights, draws and augmentation.
        within_weight: Share of the loss, 0 to 1, that is (1 - CCC) of what changes within each recording of a batch.
        augment: Whether clips are flipped, shifted, brightened (pictures), made louder and masked (spectrograms).
    """

    epochs: int = 10
    batch: int = 48
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    mse_weight: float = 0.3
    clip_stride: int = 4
    seed: int = 0
    within_weight: float = 0.0
    augment: bool = True

    def __post_init__(self) -> None:
        check_clip_stride(self.clip_stride)
        for name, minimum in (("epochs", 1), ("batch", 2), ("seed", 0)):
            if getattr(self, name) < minimum:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least {minimum}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate is {self.learning_rate}; expected a number above 0")


def train_backbone(
    recordings: Sequence[Recording],
    config: BackboneConfig,
    training: BackboneTraining | None = None,
    *,
    cache_dir: str | os.PathLike[str],
    validation: Sequence[Recording] = (),
    device: torch.device | str = "cpu",
    start: nn.Module | None = None,
    state_file: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> tuple[Backbone, dict[str, Any]]:
    """Train one backbone on the clips that extraction would make of the recordings.

    Loss: per target (1 - CCC) over the batch, plus a small mean squared error; where configured, part of it is
    (1 - CCC) of what changes within each recording, since the mean of a video is the easiest part of its labels and
    can be learnt by knowing who is in it. Clips without annotation or without
    the modality are left out.

    Args:
        recordings: Training subjects.
        config: The network.
        training: How to train it; by default as `BackboneTraining` says.
        cache_dir: Where decoded clips are kept between epochs and runs.
        validation: Subjects whose CCC is reported at the end.
        device: Where to train.
        start: Network whose weights are the start; None: random.
        state_file: Where the state is kept; a run that finds it goes on from there to the same weights as one that
            was never stopped. The caller removes it when the result is saved.
        progress: Whether to show bars on stderr.

    Returns:
        The network in eval mode, and a report: settings, losses, wall time, validation CCC.

    Raises:
        BackboneTrainingError: No clip is annotated, or the state file belongs to another run.
        InputError: A recording that cannot be read.
    """
    training = training or BackboneTraining()
    device = torch.device(device)
    if device.type == "cpu":
        _keep_freed_memory()
    clips = _decode_all(recordings, config.modality, training.clip_stride, cache_dir, progress)
    usable = [np.flatnonzero(np.isfinite(c.targets).all(axis=1)) for c in clips]
    if sum(map(len, usable)) < 2:
        raise BackboneTrainingError(
            f"{sum(map(len, usable))} {config.modality} clips of {len(recordings)} recordings are annotated; expected "
            "at least 2"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        model = build_backbone(config)
    if start is not None:
        model.load_state_dict(start.state_dict())
    model.to(device)
    steps = -(-len(_draw(usable, training, 0)) // training.batch)
    optimiser = torch.optim.AdamW(model.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, training.learning_rate, total_steps=training.epochs * steps + 1
    )
    identity = json.dumps([asdict(config), asdict(training), [c.subject for c in clips], steps])
    step, losses, spent_s = _resume(state_file, identity, model, optimiser, schedule, device)

    def save() -> None:
        if state_file is not None:
            _save(Path(state_file), identity, model, optimiser, schedule, step, losses, spent_s + time.time() - began)

    began = saved = time.time()
    total = training.epochs * steps * training.batch
    bar = tqdm(
        total=total, initial=step * training.batch, unit="clip", desc=f"{config.modality} {config.arch.value}",
        disable=not progress, dynamic_ncols=True,
    )  # fmt: skip
    model.train()
    with bar:
        for number, *batch in prefetch(_batches(clips, usable, training, steps, step), depth=3):
            loss = _step(model, *batch, training, number, device)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            step = number + 1
            losses.append(float(loss.detach()))
            bar.set_postfix(epoch=f"{number // steps + 1}/{training.epochs}", loss=f"{np.mean(losses[-steps:]):.3f}")
            bar.update(training.batch)
            if step % steps == 0 or time.time() - saved > STATE_INTERVAL_S:
                save()
                saved = time.time()
    model.eval()
    report = {
        "settings": asdict(training),
        "recordings": len(recordings),
        "clips": int(sum(map(len, usable))),
        "losses": [round(float(np.mean(losses[i : i + steps])), 4) for i in range(0, len(losses), steps)],
        "wall_s": round(spent_s + time.time() - began, 1),
    }
    if validation:
        report["validation_ccc"] = score_backbone(
            validation, model, cache_dir=cache_dir, device=device, progress=progress
        )
    return model, report


def score_backbone(
    recordings: Sequence[Recording],
    model: Backbone,
    *,
    cache_dir: str | os.PathLike[str],
    clip_stride: int = 8,
    device: torch.device | str = "cpu",
    progress: bool = True,
) -> dict[str, float]:
    """CCC of a backbone alone, over all annotated clips of some recordings.

    Returns:
        valence and arousal -> CCC in [-1, 1].
    """
    model = model.to(device).eval()
    truth, prediction = [], []
    for clips in _decode_all(recordings, model.config.modality, clip_stride, cache_dir, progress):
        for members in _by_shape(clips, np.arange(len(clips.ends))):
            for start in range(0, len(members), 64):
                part = members[start : start + 64]
                batch = torch.from_numpy(np.stack([clips.clip(i) for i in part])).to(device)
                with torch.inference_mode():
                    prediction.append(model(_model_input(batch, model.config.modality)).cpu().numpy())
                truth.append(clips.targets[part])
    if not truth:
        return dict.fromkeys(TARGETS, float("nan"))
    truth, prediction = np.concatenate(truth), np.concatenate(prediction)
    return {target: ccc(truth[:, i], prediction[:, i]) for i, target in enumerate(TARGETS)}


def _keep_freed_memory() -> None:
    """Let glibc reuse large blocks instead of giving them back to the system after every step.

    Measured: without it a visual step spends a quarter of its time in page faults. Elsewhere than glibc: nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        m_trim_threshold, m_mmap_max = -1, -4
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 2**31 - 1)


def _decode_all(
    recordings: Sequence[Recording], modality: str, clip_stride: int, cache_dir: str | os.PathLike[str], progress: bool
) -> list[CachedClips]:
    bar = tqdm(recordings, unit="subject", desc=f"decode {modality}", disable=not progress, dynamic_ncols=True)
    return [cached_clips(recording, modality, clip_stride, cache_dir) for recording in bar]


def _draw(usable: Sequence[np.ndarray], training: BackboneTraining, epoch: int) -> np.ndarray:
    """Clips of an epoch in random order, (M, 2): recording and clip. Each part of a recording gives one clip.

    Some clips of one recording stand together, so that a batch can tell what changes within a recording.
    """
    draw = np.random.default_rng((training.seed, epoch))
    part = CLIP_FRAMES // training.clip_stride
    rows = []
    for recording, members in enumerate(usable):
        for start in range(0, len(members), part):
            chunk = members[start : start + part]
            rows.append((recording, chunk[draw.integers(len(chunk))]))
    shuffled = draw.permutation(np.array(rows, np.int64).reshape(-1, 2))
    # Stable: clips of a recording stay shuffled, and come in groups that stand together in a batch.
    shuffled = shuffled[np.argsort(shuffled[:, 0], kind="stable")]
    bounds = np.flatnonzero(np.diff(shuffled[:, 0])) + 1
    groups = [
        recording[start : start + CLIPS_TOGETHER]
        for recording in np.split(shuffled, bounds)
        for start in range(0, len(recording), CLIPS_TOGETHER)
    ]
    return np.concatenate([groups[i] for i in draw.permutation(len(groups))])


def _batches(
    clips: Sequence[CachedClips], usable: Sequence[np.ndarray], training: BackboneTraining, steps: int, first: int
) -> Iterator[tuple[int, list[np.ndarray], np.ndarray, np.ndarray]]:
    """Step number, the clips of the batch in groups of one shape, and their targets and recordings in that order."""
    epoch, rows = -1, np.zeros((0, 2), np.int64)
    for number in range(first, training.epochs * steps):
        if number // steps != epoch:
            epoch = number // steps
            rows = _draw(usable, training, epoch)
        batch = np.array_split(rows, steps)[number % steps]  # batches of one epoch differ by one clip at most
        groups: dict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray, int]]] = {}
        for r, i in batch:
            clip = clips[r].clip(i)
            groups.setdefault(clip.shape, []).append((clip, clips[r].targets[i], r))
        yield (
            number,
            [np.stack([clip for clip, _, _ in group]) for group in groups.values()],
            np.stack([target for group in groups.values() for _, target, _ in group]),
            np.array([r for group in groups.values() for _, _, r in group]),
        )


def _by_shape(clips: CachedClips, members: np.ndarray) -> list[np.ndarray]:
    if clips.modality == VISUAL or not len(members):
        return [members] if len(members) else []
    lengths = clips.places[members, 1]
    return [members[lengths == length] for length in np.unique(lengths)]


def _step(
    model: Backbone,
    groups: Sequence[np.ndarray],
    targets: np.ndarray,
    recordings: np.ndarray,
    training: BackboneTraining,
    number: int,
    device: torch.device,
) -> Tensor:
    # Seeded by the step, so that a resumed run augments as an unbroken one does.
    generator = torch.Generator().manual_seed(training.seed * 1_000_003 + number)
    predictions = []
    for group in groups:
        x = _model_input(torch.from_numpy(group).to(device), model.config.modality)
        if training.augment:
            x = (augment_visual if model.config.modality == VISUAL else augment_audio)(x, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            predictions.append(model(x))
    prediction, truth = torch.cat(predictions).float(), torch.from_numpy(targets).to(device)
    valid = torch.ones(len(truth), dtype=torch.bool, device=device)
    loss = training.mse_weight * functional.mse_loss(prediction, truth)
    centred = _centre(torch.cat((truth, prediction), dim=1), torch.from_numpy(recordings).to(device))
    for i in range(len(TARGETS)):
        over_all = ccc_loss(truth[:, i], prediction[:, i], valid)
        within = ccc_loss(centred[:, i], centred[:, len(TARGETS) + i], valid)
        loss = loss + ((1 - training.within_weight) * over_all + training.within_weight * within) / len(TARGETS)
    return loss


def _centre(values: Tensor, recordings: Tensor) -> Tensor:
    """(M, K) less the mean of each recording's rows: who somebody is, learnt by heart, is worth nothing here."""
    _, place = recordings.unique(return_inverse=True)
    sums = values.new_zeros(int(place.max()) + 1, values.shape[1]).index_add(0, place, values)
    return values - (sums / place.bincount()[:, None])[place]


def _model_input(batch: Tensor, modality: str) -> Tensor:
    return visual_input(batch) if modality == VISUAL else batch


def _resume(
    state_file: str | os.PathLike[str] | None,
    identity: str,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    device: torch.device,
) -> tuple[int, list[float], float]:
    if state_file is None or not Path(state_file).is_file():
        return 0, [], 0.0
    saved = torch.load(state_file, map_location=device, weights_only=True)
    if saved["identity"] != identity:
        raise BackboneTrainingError(
            f"{state_file} belongs to another run; expected the same network, settings and recordings: remove it to "
            "start again"
        )
    model.load_state_dict(saved["model"])
    optimiser.load_state_dict(saved["optimiser"])
    schedule.load_state_dict(saved["schedule"])
    return saved["step"], list(saved["losses"]), saved["spent_s"]


def _save(
    path: Path,
    identity: str,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    step: int,
    losses: list[float],
    spent_s: float,
) -> None:
    state = {
        "identity": identity,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "step": step,
        "losses": losses,
        "spent_s": spent_s,
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(path, buffer.getvalue())
