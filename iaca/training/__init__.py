"""Training of fusion models and of backbones."""

from __future__ import annotations

from iaca.training.fusion_training import (
    RunProgress,
    TrainingError,
    TrainingStep,
    check_together,
    features_fingerprint,
    train_fusion,
)

__all__ = ["RunProgress", "TrainingError", "TrainingStep", "check_together", "features_fingerprint", "train_fusion"]
