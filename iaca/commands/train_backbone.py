"""python -m iaca train-backbone: fine-tune a backbone on valence and arousal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iaca.commands import CommandError, add_device

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
        help="where to start (default: Kinetics-400 or ImageNet for full-width networks, random for slim)",
    )
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="passes (default: 10)")
    parser.add_argument("--batch", type=int, default=48, metavar="N", help="clips in a step (default: 48)")
    parser.add_argument("--learning-rate", type=float, default=2e-3, metavar="X", help="its peak (default: 0.002)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="seed (default: 0)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="decoded clips (default: beside --out)")
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    """Train, score on the validation split where there is one, and save."""
    from iaca.backbone_training import BackboneTraining, train_backbone
    from iaca.checkpoints import save_backbone
    from iaca.config import Architecture, BackboneConfig
    from iaca.data.index import find_recordings
    from iaca.devices import choose_device
    from iaca.pretrained import find_backbone

    if args.out.suffix != ".safetensors":
        raise CommandError(f"--out is {args.out}; expected a file that ends in .safetensors")
    slim = args.arch == Architecture.SLIM
    config = BackboneConfig(modality=args.modality, arch=args.arch, dim=128 if slim else FULL_WIDTH_DIM)
    start = None
    if args.start not in (None, "random") or (args.start is None and not slim):
        start = find_backbone(args.start or args.arch, args.modality)
        if start.config != config:
            raise CommandError(f"--start is {start.config}; expected {config}")
    index = find_recordings(args.roots)
    for problem in index.problems:
        print(f"{problem.file}: {problem.reason} {problem.remedy}", file=sys.stderr)
    state = args.out.with_suffix(".state")
    model, report = train_backbone(
        [r for r in index.recordings if r.split == "train"],
        config,
        BackboneTraining(epochs=args.epochs, batch=args.batch, learning_rate=args.learning_rate, seed=args.seed),
        cache_dir=args.cache or args.out.parent / "clips",
        validation=[r for r in index.recordings if r.split == "validation"],
        device=choose_device(args.device),
        start=None if start is None else start.model,
        state_file=state,
    )
    save_backbone(args.out, model, config, report)
    state.unlink(missing_ok=True)
    scores = ", ".join(f"{target} {value:.3f}" for target, value in report.get("validation_ccc", {}).items())
    print(f"{args.out}: trained in {report['wall_s']:.0f} s; validation CCC: {scores or 'no validation subjects'}")
