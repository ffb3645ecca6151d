"""Training of fusion models on features: seeded, with progress, and resumable after a kill at any time."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from iaca.compute.distributed import SHORT_PATIENCE, Worker, as_leader, worker
from iaca.compute.gpu_memory import step_or_what_fits
from iaca.compute.repeatable import repeatable
from iaca.config import MODALITIES, TARGETS, FusionConfig, Optimiser, Schedule, TrainingConfig
from iaca.inference import predict
from iaca.metrics import ccc
from iaca.models.fusion_model import FusionModel
from iaca.training.fusion_batches import Pool, draw_batch, pool_near
from iaca.training.losses import ccc_loss
from iaca.training.progress import MEAN, RunProgress, TrainingError, kept_for
from iaca.training.state import TrainingState
from iaca.types import Features

LATE_DECAY, LATE_DECAY_EPOCHS = 0.8, 2
"""Factor of `late_rate`, and the epochs between two of its falls: those of the authors' released code."""


class TrainingStep(nn.Module):
    """A model with its loss, so that one forward pass is one step, on one device or on several.

    Args:
        model: The model.
        auxiliary_weight: Weight of the loss on each branch of stage 2.
    """

    def __init__(self, model: FusionModel, auxiliary_weight: float) -> None:
        super().__init__()
        self.model = model
        self.auxiliary_weight = auxiliary_weight

    def forward(self, audio: Tensor, visual: Tensor, truth: Tensor) -> Tensor:
        """The loss of a batch: the sum over targets of 1 - CCC, and of the same for each branch of stage 2.

        Args:
            audio: (B, L, D_a).
            visual: (B, L, D_v).
            truth: (B, L, 2), NaN where it does not count.

        Returns:
            A scalar, at least 0.
        """
        predictions, branches = self.model.forward_with_branches(audio, visual)
        loss = truth.new_zeros(())
        for target in self.model.config.targets:
            expected = truth[..., TARGETS.index(target)]
            valid = expected.isfinite()
            loss = loss + ccc_loss(expected, predictions[target], valid)
            for branch in branches[target] if self.auxiliary_weight else ():
                loss = loss + self.auxiliary_weight * ccc_loss(expected, branch, valid)
        return loss


def train_fusion(
    features: Sequence[Features],
    config: FusionConfig,
    training: TrainingConfig,
    *,
    validation: Sequence[Features] = (),
    device: torch.device | str = "cpu",
    state_file: Path | None = None,
    log_dir: Path | None = None,
    progress: bool = True,
) -> tuple[FusionModel, dict[str, Any]]:
    """Train one fusion model on features.

    Windows are drawn at random over subjects and phases. The loss is the paper's: 1 - CCC per target over the annotated
    clips of a batch; where configured, the same for each branch of stage 2 alone is added. `training.keep` says which
    weights are kept. Started by torchrun, each process takes its
    share of every batch and gradients are averaged; the CCC is then that of a share. The first process decides for all:
    its loss and validation scores are the ones that schedule, best epoch and patience follow.

    Args:
        features: Training subjects, all of one clip stride and one pair of backbones.
        config: Configuration of the model.
        training: Settings of the training.
        validation: Subjects whose pooled CCC is tracked; needed to keep the best epoch, and for the plateau schedule.
        device: Device to train on.
        state_file: File for the state of the run, written after every epoch. A run that finds it continues, and ends
            with the same weights as a run that was never stopped: to the last bit on a CPU with as many threads, and
            on a GPU of the same kind with the same versions, where the report says so under `repeatable`; else, as
            with several processes or a fusion of one's own whose kernels add in any order, up to rounding.
        log_dir: Folder for TensorBoard scalars; None: no scalars.
        progress: Whether to show a bar on stderr.

    Returns:
        The model in eval mode, and a report: settings, fingerprint of the features, history, what is kept with its
        epoch, and whether the same training ends with the same bits.

    Raises:
        TrainingError: There are no features, they do not match, no clip is annotated, the best epoch of each target
            cannot be kept since they share weights, or the loss is not finite.
        StateError: The state file is damaged or belongs to another run.
        ShortMemoryError: A batch does not fit the GPU's memory; the message says what would.
    """
    check_together(features, config.targets)
    if training.needs_validation and not validation:
        raise TrainingError(
            "no validation subjects; expected some, to keep the best epoch, for patience or for the plateau schedule"
        )
    fingerprint = features_fingerprint(features)
    # Validation decides which epoch is best and where a plateau begins.
    validated = features_fingerprint(validation)
    identity = json.dumps([config.to_dict(), training.to_dict(), fingerprint, validated], sort_keys=True)
    with worker(device, SHORT_PATIENCE) as me, repeatable(me.device, me.world) as repetition:
        torch.manual_seed(training.seed)
        model = FusionModel(config).to(me.device)
        kept = kept_for(model, training.keep)
        pool = pool_near(features, me.device)
        model.set_standardisation(pool.audio[:-1], pool.visual[:-1])
        optimiser = _optimiser(model, training)
        schedule = _schedule(optimiser, training)
        saved = TrainingState(state_file, identity, model, optimiser, schedule, repetition)
        state = RunProgress(**(saved.load(me.device) or {}))
        step = me.share(TrainingStep(model, training.auxiliary_weight))
        bar = tqdm(
            total=training.epochs,
            initial=state.epoch,
            desc=model.title,
            unit="epoch",
            disable=not (progress and me.leads),
        )
        with bar, _scalars(log_dir if me.leads else None, state.epoch) as log:
            for epoch in range(state.epoch, training.epochs):
                if training.patience is not None and epoch - state.epochs.get(MEAN, -1) > training.patience:
                    break
                record = _epoch(step, pool, config.clips, training, optimiser, schedule, epoch, me)
                score = _validate(model, validation, record) if validation else -math.inf
                if training.schedule is Schedule.PLATEAU:
                    schedule.step(score)
                elif training.schedule is Schedule.LOSS_PLATEAU:
                    schedule.step(record["loss"])
                state.epoch = epoch + 1
                state.history.append(record)
                scores = {target: record.get(f"validation_{target}", score) for target in config.targets}
                state.note({MEAN: score} | scores, epoch, model, kept)
                log(record)
                bar.set_postfix({k: f"{v:.3f}" for k, v in record.items() if k not in ("epoch", "learning_rate")})
                bar.update()
                repetition.note_place()
                if me.leads:
                    saved.save(vars(state))
        state.restore(model)
        me.wait()
    report = {
        "settings": training.to_dict(),
        "fingerprint": fingerprint,
        "subjects": len(features),
        "clip_stride": features[0].clip_stride,
        "epochs": state.epoch,
        "history": state.history,
        "kept_epochs": {what: state.epochs[what] for what in state.weights},
        "repeatable": repetition.report(),
    }
    return model.eval(), report


def check_together(features: Sequence[Features], targets: Sequence[str] = TARGETS) -> None:
    """Raise unless a model can be trained on all of these features together.

    Args:
        features: Training subjects.
        targets: The targets of the model.

    Raises:
        TrainingError: There are no features, their strides or backbones differ, nothing is annotated, or all labels are
            the same.
    """
    if not features:
        raise TrainingError("there are no feature files; expected at least one subject")
    first = features[0]
    unnamed = [modality for modality in MODALITIES if modality not in first.backbones]
    if unnamed:
        raise TrainingError(
            f"features of {first.subject} do not name the backbone for {' and '.join(unnamed)}; expected name and "
            "sha256 in 'backbones', which the checkpoint passes on"
        )
    for other in features:
        if other.clip_stride != first.clip_stride:
            raise TrainingError(
                f"{other.subject} has clip stride {other.clip_stride}; expected {first.clip_stride}, as {first.subject}"
            )
        if other.backbones != first.backbones:
            raise TrainingError(
                f"features of {other.subject} come from other backbones than those of {first.subject}; "
                "extract all subjects with the same"
            )
    for target in targets:
        labels = np.concatenate([getattr(f, target)[f.frame] for f in features])
        labels = labels[np.isfinite(labels)]
        if not len(labels):
            raise TrainingError(f"no clip of any subject is annotated with {target}; expected labels")
        if labels.min() == labels.max():
            raise TrainingError(f"every label of {target} is {labels[0]:g}; expected labels that differ")


def features_fingerprint(features: Sequence[Features]) -> str:
    """SHA-256 of the names, features and labels of subjects, in any order: what a model was trained on."""
    digest = hashlib.sha256()
    for item in sorted(features, key=lambda f: f.subject):
        digest.update(f"{item.subject}/{item.clip_stride}/{item.backbones}".encode(errors="surrogateescape"))
        for array in (item.audio, item.visual, item.valence, item.arousal):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _epoch(
    step: nn.Module,
    pool: Pool,
    clips: int,
    training: TrainingConfig,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    epoch: int,
    me: Worker,
) -> dict[str, float]:
    """Run one epoch. All its randomness follows from seed, epoch and rank, so a resumed run repeats it exactly."""
    step.train()
    draw = np.random.default_rng([training.seed, epoch])
    torch.manual_seed(int(np.random.default_rng([training.seed, epoch, me.rank]).integers(2**62)))
    mixed = training.mixed_precision and me.device.type == "cuda"
    is_late = training.late_rate is not None and epoch >= training.late_from
    if training.late_rate is not None and is_late:
        falls = (epoch - training.late_from + 1) // LATE_DECAY_EPOCHS
        for group in optimiser.param_groups:
            group["lr"] = training.late_rate * LATE_DECAY**falls
    losses = []
    for _ in range(training.steps_per_epoch):
        batch = [part[me.rank :: me.world].to(me.device) for part in draw_batch(pool, training, clips, draw)]

        def gradients(size: int, batch: Sequence[Tensor] = batch) -> Tensor:
            with torch.autocast("cuda", torch.bfloat16, enabled=mixed):
                loss = step(*(part[:size] for part in batch))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            return loss.detach()

        def learn(size: int = len(batch[0]), gradients: Callable[[int], Tensor] = gradients) -> Tensor:
            loss = gradients(size)
            torch.nn.utils.clip_grad_norm_(step.parameters(), training.clip_norm)
            optimiser.step()
            return loss

        attempt = gradients if me.world == 1 else None  # the others would wait for what is tried here
        loss = step_or_what_fits(learn, attempt, len(batch[0]), "windows", "--set training.batch_windows")
        if training.schedule is Schedule.COSINE and not is_late:
            schedule.step()
        losses.append(loss)
    mean = as_leader(float(torch.stack(losses).mean()), me.device)
    if not math.isfinite(mean):
        raise TrainingError(
            f"the loss is {mean} in epoch {epoch} with learning_rate {training.learning_rate:g}; expected a finite "
            "one: train with a smaller rate"
        )
    return {"epoch": epoch, "loss": mean, "learning_rate": optimiser.param_groups[0]["lr"]}


def _validate(model: FusionModel, validation: Sequence[Features], record: dict[str, float]) -> float:
    """CCC of each target into the record, and their mean; in several processes it is the first one's that counts."""
    model.eval()
    device = next(model.parameters()).device
    predictions = [predict(item, model, keep_features=True) for item in validation]
    for target in model.config.targets:
        truth = np.concatenate([getattr(item, target) for item in validation])
        score = ccc(truth, np.concatenate([p[target] for p in predictions]))
        record[f"validation_{target}"] = as_leader(score, device)
    return float(np.mean([record[f"validation_{target}"] for target in model.config.targets]))


def _optimiser(model: FusionModel, training: TrainingConfig) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if training.optimiser is Optimiser.ADAMW else torch.optim.Adam
    return kind(model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)


def _schedule(optimiser: torch.optim.Optimizer, training: TrainingConfig) -> Any:
    if training.schedule is Schedule.COSINE:
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.epochs * training.steps_per_epoch)
    if training.schedule is Schedule.CONSTANT:
        return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda epoch: 1.0)
    mode: Literal["min", "max"] = "min" if training.schedule is Schedule.LOSS_PLATEAU else "max"
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, mode=mode, factor=0.5, patience=training.plateau_patience
    )


@contextmanager
def _scalars(log_dir: Path | None, epoch: int) -> Iterator[Callable[[dict[str, float]], None]]:
    """Yield a function that writes the record of an epoch for TensorBoard; earlier ones from `epoch` on are dropped."""
    if log_dir is None:
        yield lambda record: None
        return
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(log_dir, purge_step=epoch) as writer:

        def write(record: dict[str, float]) -> None:
            for name, value in record.items():
                if name != "epoch":
                    writer.add_scalar(name, value, int(record["epoch"]))

        yield write
