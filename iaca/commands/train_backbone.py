"""python -m iaca train-backbone: fine-tune a backbone on valence and arousal."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from iaca.commands import CommandError, add_device, add_log, add_roots, check_out, given_roots
from iaca.commands.assignments import add_set, assigned
from iaca.commands.refusals import as_path
from iaca.config import Architecture, BackboneConfig, BackboneTraining, from_fields
from iaca.config.settings import settings_of
from iaca.files import check_writable

if TYPE_CHECKING:
    from iaca.checkpoints import BackboneFile

FULL_WIDTH_DIM = 512
TABLES = {"training": BackboneTraining, "backbone": BackboneConfig}
FLAGS = ("epochs", "batch", "learning_rate", "mse_weight", "within_weight", "pictures", "seed")
"""Settings of the training that are arguments of their own."""

BY_ARGUMENTS = {name: f"give --{name}" for name in ("modality", "arch")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_roots(parser)
    parser.add_argument("--modality", required=True, choices=("visual", "audio"), help="which one")
    parser.add_argument("--arch", default="slim", help="slim, r3d_18, r2plus1d_18 or resnet18 (default: slim)")
    parser.add_argument("--out", type=as_path, required=True, metavar="FILE", help="the backbone (.safetensors)")
    parser.add_argument(
        "--start",
        metavar="FILE|random",
        help="where to start (default: Kinetics-400 or ImageNet for full-width networks, random for slim); what was "
        "taught single pictures is inflated to whole clips",
    )
    for one in settings_of(BackboneTraining):
        if one.name in FLAGS:
            kind = type(one.default)
            flag, shown = f"--{one.name.replace('_', '-')}", "N" if kind is int else "X"
            parser.add_argument(flag, type=kind, metavar=shown, help=f"{one.line} (default: {one.default})")
    parser.add_argument("--cache", type=as_path, metavar="DIR", help="decoded clips (default: clips beside --out)")
    add_device(parser)
    add_log(parser)
    parser.epilog = (
        "Several GPUs: torchrun --nproc-per-node N -m iaca train-backbone ...; each takes its share of every batch.\n"
        "A run that was stopped goes on when it is started again.\n"
        "--set wins over the arguments. Settings for it, with their defaults and [units]:"
    )
    add_set(parser, TABLES, fixed=BY_ARGUMENTS, derived={"dim": "128 for slim, else 512"})


def run(args: argparse.Namespace) -> None:
    """Train, score on the validation split where there is one, and save."""
    from iaca.checkpoints import save_backbone
    from iaca.compute.devices import choose_device
    from iaca.compute.distributed import leads
    from iaca.data.recordings import find_recordings
    from iaca.training.backbone_training import train_backbone

    check_out(args.out)
    roots = given_roots(args)
    if not roots:
        raise CommandError("expected ROOT... or --manifest CSV")
    config, training = configurations(args)
    device = choose_device(args.device)
    cache = args.cache or args.out.parent / "clips"
    check_writable(cache, "decoded clips")
    start = _start(args.start, config, training.pictures)
    index = find_recordings(roots)
    for problem in index.problems if leads() else ():
        print(problem.line, file=sys.stderr)
    state = args.out.with_suffix(".state")
    model, report = train_backbone(
        [r for r in index.recordings if r.split == "train"],
        config,
        training,
        cache_dir=cache,
        validation=[r for r in index.recordings if r.split == "validation"],
        device=device,
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


def configurations(args: argparse.Namespace) -> tuple[BackboneConfig, BackboneTraining]:
    """Settings from arguments and --set; the later wins.

    Raises:
        CommandError: --set names an unknown table, or what is an argument of its own.
        ConfigError: A value or a combination that cannot be.
    """
    given = assigned(args.assignments, TABLES, fixed=BY_ARGUMENTS)
    dim = 128 if args.arch == Architecture.SLIM else FULL_WIDTH_DIM
    flags = {name: getattr(args, name) for name in FLAGS if getattr(args, name) is not None}
    config = from_fields(BackboneConfig, {"modality": args.modality, "arch": args.arch, "dim": dim} | given["backbone"])
    return config, from_fields(BackboneTraining, flags | given["training"])


def _start(spec: str | None, config: BackboneConfig, pictures: int) -> BackboneFile | None:
    """The network to start from; one that was taught single pictures is made ready for whole clips."""
    from iaca.checkpoints.pretrained import find_backbone
    from iaca.models.backbones import inflate

    if spec == "random" or (spec is None and config.arch is Architecture.SLIM):
        return None
    start = find_backbone(spec or config.arch.value, config.modality)
    if start.config != config:
        raise CommandError(f"--start is {start.config}; expected {config}")
    if start.is_still and pictures > 1:
        inflate(start.model)
    return start
