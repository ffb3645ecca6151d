"""Files of weights: this project's, pretrained ones and those that the authors published."""

from __future__ import annotations

from iaca.checkpoints.backbone_files import BackboneFile, load_backbone, save_backbone
from iaca.checkpoints.fusion_files import Checkpoint, FusionNetwork, describe_file, load_checkpoint, save_checkpoint

__all__ = [
    "BackboneFile",
    "Checkpoint",
    "FusionNetwork",
    "describe_file",
    "load_backbone",
    "load_checkpoint",
    "save_backbone",
    "save_checkpoint",
]
