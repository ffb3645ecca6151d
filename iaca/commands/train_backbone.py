"""python -m iaca train-backbone: fine-tune a backbone on valence and arousal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from iaca.commands import CommandError, add_device, check_out

if TYPE_CHECKING:
    from iaca.checkpoints import BackboneFile
    from iaca.config import BackboneConfig

FULL_WIDTH_DIM = 512


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("roots", nargs="+", metavar="ROOT", help="folders with videos, crops and annotations")
    parser.add_argument("--modality", required=True, choices=("visual", "audio"), help="which one")
    parser.add_argument("--arch", default="slim", help="slim, r3d_18, r2plus1d_18 or resnet18 (default: slim)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the backbone (.safetensors)")
    parser.add_argument(
        "--start",
        metavar="FILE|random",
        help="where to start (default: Kinetics-400 or ImageNet for full-width networks, random for slim); what was "
        "taught single pictures is inflated to whole clips",
    )
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="passes (default: 10)")
    parser.add_argument(
        "--batch", type=int, default=48, metavar="N", help="clips in a step, over all processes (default: 48)"
    )
    parser.add_argument("--learning-rate", type=float, default=2e-3, metavar="X", help="its peak (default: 0.002)")
    parser.add_argument(
        "--mse-weight", type=float, default=0.3, metavar="X",
        help="weight of the mean squared error beside 1 - CCC, at least 0 (default: 0.3)",
    )  # fmt: skip
    parser.add_argument(
        "--within-weight", type=float, default=0.0, metavar="X",
        help="share of 1 - CCC that looks at what changes within each recording, 0 to 1 (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--pictures", type=int, default=8, metavar="N",
        help="pictures seen of each clip, the last ones, 1 to 8 (default: 8); 1 teaches faces before movement, at a "
        "fraction of the time: go on from it with --start",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed (default: 0)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="decoded clips (default: clips beside --out)")
    add_device(parser)
    parser.epilog = (
        "Several GPUs: torchrun --nproc-per-node N -m iaca train-backbone ...; each takes its share of every batch. "
        "A run that was stopped goes on when it is started again."
    )


def run(args: argparse.Namespace) -> None:
    """Train, score on the validation split where there is one, and save."""
    from iaca.checkpoints import save_backbone
    from iaca.compute.devices import choose_device
    from iaca.compute.distributed import leads
    from iaca.config import Architecture, BackboneConfig
    from iaca.config.training import BackboneTraining
    from iaca.data.recordings import find_recordings
    from iaca.training.backbone_training import train_backbone

    check_out(args.out)
    slim = args.arch == Architecture.SLIM
    config = BackboneConfig(modality=args.modality, arch=args.arch, dim=128 if slim else FULL_WIDTH_DIM)
    training = BackboneTraining(
        epochs=args.epochs,
        batch=args.batch,
        learning_rate=args.learning_rate,
        mse_weight=args.mse_weight,
        within_weight=args.within_weight,
        pictures=args.pictures,
        seed=args.seed,
    )
    start = _start(args.start, config, args.pictures)
    index = find_recordings(args.roots)
    for problem in index.problems if leads() else ():
        print(problem.line, file=sys.stderr)
    state = args.out.with_suffix(".state")
    model, report = train_backbone(
        [r for r in index.recordings if r.split == "train"],
        config,
        training,
        cache_dir=args.cache or args.out.parent / "clips",
        validation=[r for r in index.recordings if r.split == "validation"],
        device=choose_device(args.device),
        start=None if start is None else start.model,
        state_file=state,
    )
    if not leads():
        return
    for reason in report["left_out"]:
        print(reason, file=sys.stderr)
    save_backbone(args.out, model, config, report)
    state.unlink(missing_ok=True)
    scores = ", ".join(f"{target} {value:.3f}" for target, value in report.get("validation_ccc", {}).items())
    print(f"{args.out}: trained in {report['wall_s']:.0f} s; validation CCC: {scores or 'no validation subjects'}")


def _start(spec: str | None, config: BackboneConfig, pictures: int) -> BackboneFile | None:
    """The network to start from; one that was taught single pictures is made ready for whole clips."""
    from iaca.checkpoints.pretrained import find_backbone
    from iaca.config import Architecture
    from iaca.models.backbones import inflate

    if spec == "random" or (spec is None and config.arch is Architecture.SLIM):
        return None
    start = find_backbone(spec or config.arch.value, config.modality)
    if start.config != config:
        raise CommandError(f"--start is {start.config}; expected {config}")
    if start.is_still and pictures > 1:
        inflate(start.model)
    return start
