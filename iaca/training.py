"""Training of fusion models on features: seeded, with progress, resumable after a kill at any moment."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from iaca.config import TARGETS, FusionConfig, Optimiser, Schedule, TrainingConfig
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.inference import predict
from iaca.losses import ccc_loss
from iaca.metrics import ccc
from iaca.models.fusion_model import FusionModel
from iaca.sampling import Pool, draw_batch, make_pool
from iaca.types import Features


class TrainingError(InputError):
    """Features that nothing can be learnt from: the message names the subject and what was expected."""


class TrainingState(NamedTuple):
    """Where a run stands: enough to go on as if it had never stopped."""

    epoch: int
    best_score: float
    best_epoch: int
    history: list[dict[str, float]]


def train_fusion(
    features: Sequence[Features],
    config: FusionConfig,
    training: TrainingConfig,
    *,
    validation: Sequence[Features] = (),
    device: torch.device | str = "cpu",
    state_file: Path | None = None,
    progress: bool = True,
) -> tuple[FusionModel, dict[str, Any]]:
    """Train one model.

    Windows are drawn at random over subjects and phases. The loss is (1 - CCC) per target over the annotated clips
    of a batch (the paper's), plus, where configured, the same for each branch of stage 2 alone. With `patience`, the
    weights of the best validation epoch are kept; without, those of the last.

    Args:
        features: Training subjects, all of one clip stride and one pair of backbones.
        config: The model.
        training: How to train it.
        validation: Subjects whose pooled CCC is followed; needed for `patience` and the plateau schedule.
        device: Where to train.
        state_file: Where the state is kept after every epoch; a run that finds it goes on from there to the same
            weights as one that was never stopped.
        progress: Whether to show a bar on stderr.

    Returns:
        The model in eval mode, and a report: settings, fingerprint of the features, history.

    Raises:
        TrainingError: There are no features, they do not go together, or no clip is annotated.
    """
    check_together(features)
    needs_validation = training.patience is not None or training.schedule is Schedule.PLATEAU
    if needs_validation and not validation:
        raise TrainingError("no validation subjects; expected some, for patience or the plateau schedule")
    torch.manual_seed(training.seed)
    model = FusionModel(config).to(device)
    model.set_standardisation(*(_stack(features, m, device) for m in ("audio", "visual")))
    pool = make_pool(features, device)
    optimiser = _optimiser(model, training)
    schedule = _schedule(optimiser, training)
    draw = np.random.default_rng(training.seed)
    state = TrainingState(0, -math.inf, -1, [])
    best: dict[str, Tensor] | None = None
    fingerprint = features_fingerprint(features)
    identity = json.dumps([config.to_dict(), training.to_dict(), fingerprint], sort_keys=True)
    if state_file is not None and state_file.is_file():
        saved = torch.load(state_file, map_location=device, weights_only=True)
        if saved["identity"] != identity:
            raise TrainingError(f"{state_file} belongs to another run; expected the same settings and features")
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        draw.bit_generator.state = json.loads(saved["draw"])
        torch.set_rng_state(saved["torch_rng"].cpu())
        state, best = TrainingState(*saved["state"]), saved["best"]

    bar = tqdm(total=training.epochs, initial=state.epoch, desc=_title(config), unit="epoch", disable=not progress)
    with bar:
        for epoch in range(state.epoch, training.epochs):
            if training.patience is not None and epoch - state.best_epoch > training.patience:
                break
            loss = _epoch(model, pool, training, optimiser, schedule, draw)
            record = {"epoch": epoch, "loss": loss, "learning_rate": optimiser.param_groups[0]["lr"]}
            score = -math.inf
            if validation:
                score = _validate(model, validation, record)
            if training.schedule is Schedule.PLATEAU:
                schedule.step(score)
            state.history.append(record)
            improved = score > state.best_score
            if improved and training.patience is not None:
                best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            state = TrainingState(
                epoch + 1, max(score, state.best_score), epoch if improved else state.best_epoch, state.history
            )
            bar.set_postfix({k: f"{v:.3f}" for k, v in record.items() if k not in ("epoch", "learning_rate")})
            bar.update()
            if state_file is not None:
                _save_state(state_file, identity, model, optimiser, schedule, draw, state, best)
    if best is not None:
        model.load_state_dict(best)
    report = {
        "settings": training.to_dict(),
        "fingerprint": fingerprint,
        "subjects": len(features),
        "clip_stride": features[0].clip_stride,
        "epochs": state.epoch,
        "history": state.history,
    }
    return model.eval(), report


def check_together(features: Sequence[Features]) -> None:
    """Refuse features that do not go together.

    Raises:
        TrainingError: None at all, different strides or backbones, or nothing annotated.
    """
    if not features:
        raise TrainingError("there are no feature files; expected at least one subject")
    first = features[0]
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
    for target in TARGETS:
        if not any(np.isfinite(getattr(f, target)[f.frame]).any() for f in features):
            raise TrainingError(f"no clip of any subject is annotated with {target}; expected labels")


def features_fingerprint(features: Sequence[Features]) -> str:
    """What was trained on: a hash of names, features and labels of all subjects."""
    digest = hashlib.sha256()
    for item in sorted(features, key=lambda f: f.subject):
        digest.update(f"{item.subject}/{item.clip_stride}/{item.backbones}".encode())
        for array in (item.audio, item.visual, item.valence, item.arousal):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _epoch(
    model: FusionModel,
    pool: Pool,
    training: TrainingConfig,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    draw: np.random.Generator,
) -> float:
    model.train()
    device = pool.audio.device
    mixed = training.mixed_precision and device.type == "cuda"
    losses = []
    for _ in range(training.steps_per_epoch):
        audio, visual, truth = draw_batch(pool, training, model.config.clips, draw)
        with torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext():
            predictions, branches = model.forward_with_branches(audio, visual)
        loss = torch.zeros((), device=device)
        for target in model.config.targets:
            expected = truth[..., TARGETS.index(target)]
            valid = expected.isfinite()
            loss = loss + ccc_loss(expected, predictions[target], valid)
            for branch in branches[target] if training.auxiliary_weight else ():
                loss = loss + training.auxiliary_weight * ccc_loss(expected, branch, valid)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
        optimiser.step()
        if training.schedule is Schedule.COSINE:
            schedule.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


def _validate(model: FusionModel, validation: Sequence[Features], record: dict[str, float]) -> float:
    model.eval()
    predictions = [predict(item, model) for item in validation]
    for target in model.config.targets:
        truth = np.concatenate([getattr(item, target) for item in validation])
        record[f"validation_{target}"] = ccc(truth, np.concatenate([p[target] for p in predictions]))
    return float(np.mean([record[f"validation_{target}"] for target in model.config.targets]))


def _optimiser(model: FusionModel, training: TrainingConfig) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if training.optimiser is Optimiser.ADAMW else torch.optim.Adam
    return kind(model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)


def _schedule(optimiser: torch.optim.Optimizer, training: TrainingConfig) -> Any:
    if training.schedule is Schedule.COSINE:
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.epochs * training.steps_per_epoch)
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, mode="max", factor=0.5, patience=training.plateau_patience
    )


def _stack(features: Sequence[Features], modality: str, device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.concatenate([getattr(f, modality) for f in features])).to(device)


def _title(config: FusionConfig) -> str:
    return config.fusion.upper() + ("+IACA" if config.iaca else "")


def _save_state(
    path: Path,
    identity: str,
    model: FusionModel,
    optimiser: torch.optim.Optimizer,
    schedule: Any,
    draw: np.random.Generator,
    state: TrainingState,
    best: dict[str, Tensor] | None,
) -> None:
    buffer = io.BytesIO()
    torch.save(
        {
            "identity": identity,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "draw": json.dumps(draw.bit_generator.state),
            "torch_rng": torch.get_rng_state(),
            "state": tuple(state),
            "best": best,
        },
        buffer,
    )
    write_whole(path, buffer.getvalue())
