"""Give gates, training and a checkpoint to an attention of your own: `python examples/own_attention.py OUT`.

On the command line the same is `python -m iaca train --plugin own_attention --fusion mean --iaca ...`, run in the
folder of this file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from torch import Tensor, nn

import iaca
from iaca.types import Attended


class Mean(nn.Module):
    """Adds the mean of the other modality over the window to every clip."""

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Fuse (windows, clips, D) of both modalities."""
        a = visual.mean(1, keepdim=True).expand_as(audio)
        v = audio.mean(1, keepdim=True).expand_as(visual)
        return Attended(audio, visual, audio + a, visual + v, audio_residual=a, visual_residual=v)


iaca.register_fusion("mean", lambda config: Mean())


def main(out: Path) -> None:
    """Train it for a moment on the features that ship, save it, and load it again."""
    from iaca.checkpoints import save_checkpoint
    from iaca.config import FusionConfig, TrainingConfig
    from iaca.evaluation import evaluate
    from iaca.features.folder import read_folder
    from iaca.resources import shipped
    from iaca.training import train_fusion

    subjects = read_folder(shipped("demo") / "study")
    train = [one for one in subjects if one.split == "train"]
    validation = [one for one in subjects if one.split == "validation"]
    dims = {"audio_dim": train[0].audio.shape[1], "visual_dim": train[0].visual.shape[1]}
    config = FusionConfig(fusion="mean", iaca=True, dim=min(dims.values()), **dims)
    model, report = train_fusion(train, config, TrainingConfig(epochs=4), validation=validation, progress=False)
    for target, agreement in evaluate(model, validation).groups["all"].items():
        print(f"{target}: CCC {agreement.ccc:.3f} over {agreement.valid_frames:,} frames")
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out / "mean_iaca.safetensors", model, backbones=train[0].backbones, training=report)
    print(iaca.load_checkpoint(out / "mean_iaca.safetensors"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples"))
