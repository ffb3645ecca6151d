"""Training of a backbone to predict valence and arousal of the last frame of a clip; resumable after any kill."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from iaca.compute.devices import device_of, keep_freed_memory, sent
from iaca.compute.distributed import worker
from iaca.compute.gpu_memory import as_fits, on_cpu, step_or_what_fits
from iaca.compute.prefetch import prefetch
from iaca.compute.repeatable import repeatable
from iaca.config import AUDIO, TARGETS, VISUAL, BackboneConfig, ConfigError
from iaca.config.training import BackboneTraining
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.errors import InputError
from iaca.features.backbone_inputs import visual_input
from iaca.metrics import ccc
from iaca.models.backbones import Backbone, build_backbone
from iaca.training.augmentation import augment_audio, augment_visual
from iaca.training.backbone_batches import batches, decode_all, draw_epoch, groups_of_one_shape
from iaca.training.clip_cache import CachedClips
from iaca.training.losses import ccc_loss
from iaca.training.state import TrainingState
from iaca.types import Recording

STATE_INTERVAL_S = 300.0
"""A killed run loses at most this much work, or an epoch where that is shorter."""

SCORE_CLIP_STRIDE = 8
"""Frames between the clips that validation scores."""

SCORED_AT_ONCE = {"cpu": 64, "cuda": 256}
"""Clips that are scored at a time, by type of device."""

RANK_SEED = 2**40
"""Distance between the seeds of processes, more than any run has steps: each augments in its own way, and the first as
if it were alone."""


class BackboneTrainingError(InputError):
    """Recordings that a backbone cannot be trained on: the message says what was expected."""


class BackboneStep(nn.Module):
    """A backbone with its loss, so that one forward pass is one step, on one device or on several.

    Args:
        model: The network.
        training: Weights of the loss, and whether clips are augmented.
    """

    def __init__(self, model: Backbone, training: BackboneTraining) -> None:
        super().__init__()
        self.model = model
        self.training_config = training

    def forward(self, groups: Sequence[Tensor], targets: Tensor, recordings: Tensor, seed: int) -> Tensor:
        """The loss of a batch.

        Args:
            groups: Clips, those of one shape together: (B, P, 112, 112, 3) uint8 or (B, 1, 64, F) float32.
            targets: (M, 2) valence and arousal, in the order of the groups.
            recordings: (M,) int64, which recording each clip is of, by numbers below M.
            seed: Seed of the augmentation.

        Returns:
            A scalar, at least 0.
        """
        training, modality = self.training_config, self.model.config.modality
        generator = torch.Generator().manual_seed(seed)
        predictions = []
        for group in groups:
            x = _model_input(group, modality, training.pictures)
            if training.augment:
                x = (augment_visual if modality == VISUAL else augment_audio)(x, generator)
            with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda"):
                predictions.append(self.model(x))
        prediction = torch.cat(predictions).float()
        valid = torch.ones(len(targets), dtype=torch.bool, device=targets.device)
        loss = training.mse_weight * functional.mse_loss(prediction, targets)
        centred = _centre(torch.cat((targets, prediction), dim=1), recordings)
        for i in range(len(TARGETS)):
            over_all = ccc_loss(targets[:, i], prediction[:, i], valid)
            within = ccc_loss(centred[:, i], centred[:, len(TARGETS) + i], valid)
            loss = loss + ((1 - training.within_weight) * over_all + training.within_weight * within) / len(TARGETS)
        return loss


class _Batch(NamedTuple):
    """A batch as it comes from the disk; as `BackboneStep` takes it."""

    groups: Sequence[np.ndarray]
    targets: np.ndarray
    recordings: np.ndarray
    seed: int

    def first(self, size: int, device: torch.device) -> tuple[list[Tensor], Tensor, Tensor, int]:
        """The first clips of the batch, on a device."""
        left, groups = size, []
        for group in self.groups:
            groups.append(sent(group[:left], device))
            left -= len(groups[-1])
            if left == 0:
                break
        recordings = np.unique(self.recordings[:size], return_inverse=True)[1]
        return groups, sent(self.targets[:size], device), sent(recordings, device), self.seed


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
    """Train one backbone on the clips that extraction makes of the recordings.

    The loss is 1 - CCC per target over the batch, plus a small mean squared error. Where configured, part of it is
    1 - CCC of what changes within each recording: the mean of a video is the easiest part of its labels, and can be
    learnt by recognising the person. Clips without annotation or without the modality are left out, and so are
    recordings that cannot be read. Started by torchrun, each process decodes its share of the recordings and takes its
    share of every batch, and gradients are averaged; CCC and batch statistics are then those of a share.

    Args:
        recordings: Training subjects.
        config: Configuration of the network.
        training: Settings of the training; None: the defaults of `BackboneTraining`.
        cache_dir: Folder for decoded clips, kept between epochs and runs; the same for all processes.
        validation: Subjects whose CCC is reported at the end.
        device: Device to train on.
        start: Network whose weights to start from; None: random weights.
        state_file: File for the state of the run. A run that finds it continues, and ends with the same weights as a
            run that was never stopped, as `train_fusion` says. The caller removes the file once the result is saved.
        progress: Whether to show bars on stderr.

    Returns:
        The network in eval mode, and a report: settings, what was left out, losses, wall time in seconds, and
        validation CCC, which only the leading one of several processes knows.

    Raises:
        ConfigError: `pictures` is given for sound.
        BackboneTrainingError: Too few clips are annotated, or a batch is too small to be shared.
        StateError: The state file is damaged or belongs to another run.
        ShortMemoryError: A batch does not fit the GPU's memory; the message says what would.
    """
    training = training or BackboneTraining()
    if config.modality == AUDIO and training.pictures != CLIP_PICTURES:
        raise ConfigError(f"pictures is {training.pictures} and modality is 'audio'; expected it of a visual backbone")
    with worker(device) as me, repeatable(me.device, me.world) as repetition:
        if me.device.type == "cpu":
            keep_freed_memory()
        clips, left_out = decode_all(recordings, config.modality, training.clip_stride, cache_dir, me, progress)
        usable = [np.flatnonzero(np.isfinite(c.targets).all(axis=1)) for c in clips]

        def draw(epoch: int) -> np.ndarray:
            return draw_epoch(usable, clip_stride=training.clip_stride, seed=training.seed, epoch=epoch)

        steps = _steps(usable, draw, training, config.modality, len(recordings), me.world, left_out)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(training.seed)
            model = build_backbone(config)
        if start is not None:
            model.load_state_dict(start.state_dict())
        identity = json.dumps(
            [asdict(config), asdict(training), [c.subject for c in clips], steps, _fingerprint(model)]
        )
        model.to(me.device)
        optimiser = torch.optim.AdamW(model.parameters(), training.learning_rate, weight_decay=training.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, training.learning_rate, total_steps=training.epochs * steps + 1
        )
        file = None if state_file is None else Path(state_file)
        state = TrainingState(file, identity, model, optimiser, schedule, repetition)
        done = state.load(me.device) or {"step": 0, "losses": [], "spent_s": 0.0}
        losses, unread = list(done["losses"]), []
        share = me.share(BackboneStep(model, training))

        def spent_s() -> float:
            return done["spent_s"] + time.monotonic() - began

        began = saved = time.monotonic()
        bar = tqdm(
            total=training.epochs * steps * training.batch, initial=done["step"] * training.batch, unit="clip",
            desc=f"{config.modality} {config.arch.value}", disable=not (progress and me.leads), dynamic_ncols=True,
        )  # fmt: skip
        model.train()
        numbers = range(done["step"], training.epochs * steps)
        with bar:
            for number, groups, targets, members in prefetch(batches(clips, draw, steps, numbers, me), depth=3):
                # Seeded by the step, so that a resumed run augments as an unbroken one does.
                batch = _Batch(groups, targets, members, training.seed * 1_000_003 + number + me.rank * RANK_SEED)

                def gradients(size: int, batch: _Batch = batch) -> Tensor:
                    loss = share(*batch.first(size, me.device))
                    optimiser.zero_grad(set_to_none=True)
                    loss.backward()
                    return loss.detach()

                def learn(size: int = len(targets), gradients: Callable[[int], Tensor] = gradients) -> Tensor:
                    loss = gradients(size)
                    optimiser.step()
                    return loss

                attempt = gradients if me.world == 1 else None  # the others would wait for what is tried here
                unread.append(step_or_what_fits(learn, attempt, len(targets), "clips", "--batch"))
                schedule.step()
                repetition.note_place()
                is_due = (number + 1) % steps == 0 or time.monotonic() - saved > STATE_INTERVAL_S
                while len(unread) > (0 if is_due else 1):  # a loss is read one step late: a GPU works meanwhile
                    losses.append(float(unread.pop(0)))
                if losses:
                    bar.set_postfix(
                        epoch=f"{number // steps + 1}/{training.epochs}", loss=f"{np.mean(losses[-steps:]):.3f}"
                    )
                bar.update(training.batch)
                if me.leads and is_due:
                    state.save({"step": number + 1, "losses": losses, "spent_s": spent_s()})
                    saved = time.monotonic()
        model.eval()
        report = {
            "settings": asdict(training),
            "recordings": len(clips),
            "left_out": left_out,
            "clips": int(sum(map(len, usable))),
            "losses": [round(float(np.mean(losses[i : i + steps])), 4) for i in range(0, len(losses), steps)],
            "wall_s": round(spent_s(), 1),
            "repeatable": repetition.report(),
        }
        if validation:
            validation_clips, skipped = decode_all(
                validation, config.modality, SCORE_CLIP_STRIDE, cache_dir, me, progress
            )
            report["left_out"] = left_out + skipped
            if me.leads:
                report["validation_ccc"] = _score(validation_clips, model, training.pictures)
        me.wait()
    return model, report


def _score(recordings: Sequence[CachedClips], model: Backbone, pictures: int) -> dict[str, float]:
    """Target -> CCC of a backbone alone, over all annotated clips of some recordings."""
    device = device_of(model)
    truths, predictions = [], []

    @torch.inference_mode()
    def predict(place: torch.device, at_once: int, clips: CachedClips, members: np.ndarray) -> np.ndarray:
        network = model if place == device else on_cpu(model)
        parts = []
        for start in range(0, len(members), at_once):
            batch = torch.from_numpy(np.stack([clips.clip(i) for i in members[start : start + at_once]])).to(place)
            parts.append(network(_model_input(batch, model.config.modality, pictures)))
        return torch.cat(parts).cpu().numpy()

    for clips in recordings:
        for members in groups_of_one_shape(clips):
            work = partial(predict, clips=clips, members=members)
            predictions.append(as_fits(work, device, SCORED_AT_ONCE, "clips"))
            truths.append(clips.targets[members])
    if not truths:
        return dict.fromkeys(TARGETS, float("nan"))
    truth, prediction = np.concatenate(truths), np.concatenate(predictions)
    return {target: ccc(truth[:, i], prediction[:, i]) for i, target in enumerate(TARGETS)}


def _steps(
    usable: Sequence[np.ndarray],
    draw: Callable[[int], np.ndarray],
    training: BackboneTraining,
    modality: str,
    recordings: int,
    processes: int,
    left_out: Sequence[str],
) -> int:
    """Batches in an epoch; refuses ones so small that a process has nothing to compare."""
    annotated = sum(map(len, usable))
    if annotated < 2:
        more = f" ({left_out[0]})" if left_out else ""
        raise BackboneTrainingError(
            f"{annotated} {modality} clips of {recordings} recordings are annotated; expected at least 2{more}"
        )
    clips = len(draw(0))
    steps = -(-clips // training.batch)
    if processes > 1 and clips // steps < 2 * processes:
        raise BackboneTrainingError(
            f"a batch has {clips // steps} clips and {processes} processes share it; expected at least 2 for each: "
            "take larger batches, more recordings or fewer processes"
        )
    return steps


def _fingerprint(model: nn.Module) -> str:
    """SHA-256 of the weights that a run starts from."""
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _centre(values: Tensor, recordings: Tensor) -> Tensor:
    """(M, K) less the mean over each recording's rows: recognising the person does not help here."""
    sums = torch.zeros_like(values).index_add(0, recordings, values)  # as many rows as there may be recordings
    counts = values.new_zeros(len(values)).index_add(0, recordings, values.new_ones(len(values)))
    return values - (sums / counts.clamp(min=1)[:, None])[recordings]


def _model_input(batch: Tensor, modality: str, pictures: int) -> Tensor:
    return visual_input(batch[:, -pictures:]) if modality == VISUAL else batch
