"""Trains in one of several processes that score every epoch differently: run by torchrun with a folder for reports."""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path

from iaca.compute.distributed import leads
from iaca.config import FusionConfig, TrainingConfig
from iaca.training import fusion_training
from tests.conftest import make_features


def main(folder: Path) -> None:
    """Write what the training of this process reports, and a sum over its weights."""
    calls = count()
    # The first process gets worse with every epoch, the other ones get better.
    fusion_training.ccc = lambda truth, prediction: (-1 if leads() else 1) * next(calls) / 100
    train = [make_features(600, 8, subject=name, seed=seed) for seed, name in enumerate("ab")]
    config = FusionConfig(audio_dim=train[0].audio.shape[1], visual_dim=train[0].visual.shape[1], dim=16)
    training = TrainingConfig(
        epochs=6, steps_per_epoch=2, batch_windows=4, patience=1, schedule="plateau", plateau_patience=1
    )
    model, report = fusion_training.train_fusion(train, config, training, validation=train, progress=False)
    weights = sum(float(tensor.double().sum()) for tensor in model.state_dict().values())
    (folder / f"{'first' if leads() else 'second'}.json").write_text(json.dumps([report, weights]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
