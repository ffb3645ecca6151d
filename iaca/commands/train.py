"""python -m iaca train: train one fusion model on features."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from typing import Any

from iaca.commands import CommandError, add_device, add_log, add_plugin, check_out
from iaca.commands.assignments import add_set, assigned
from iaca.commands.refusals import as_path, check_folders, check_seed_given
from iaca.config import PRESETS, FusionConfig, TrainingConfig
from iaca.files import check_writable

TABLES = {"fusion": FusionConfig, "training": TrainingConfig}
FIXED_BY_FEATURES = dict.fromkeys(("audio_dim", "visual_dim"), "it is that of the features")
BY_FEATURES = {"dim": "the smaller dimension of both features"}
"""Setting -> its default, where that follows from the features."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; every setting is listed with its default and unit."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--out", type=as_path, required=True, metavar="FILE", help="checkpoint to write (.safetensors)")
    parser.add_argument("--fusion", help="name of a fusion, such as ca; an unknown name lists all (default: ca)")
    parser.add_argument("--iaca", action="store_true", default=None, help="with the gates of eqs 5-9")
    parser.add_argument("--target", choices=("valence", "arousal", "both"), help="what to predict (default: both)")
    parser.add_argument("--seed", type=int, help="seed (default: 0)")
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), action="append", default=[],
        help="named settings, over the defaults; given twice, both hold, the later over the earlier",
    )  # fmt: skip
    parser.add_argument("--config", type=as_path, metavar="FILE", help="TOML file with tables [fusion] and [training]")
    parser.epilog = (
        "The later of these wins: defaults, --preset, --config, --fusion to --seed, --set.\n"
        "Settings for --config and --set, with their defaults and [units]:"
    )
    add_set(parser, TABLES, fixed=FIXED_BY_FEATURES, derived=BY_FEATURES)
    parser.add_argument("--log", type=as_path, metavar="DIR", help="write TensorBoard scalars there")
    parser.add_argument("--fresh", action="store_true", help="start again even if an interrupted run can go on")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Train, score on the validation split, and write the checkpoint."""
    from iaca.checkpoints import load_checkpoint, save_checkpoint
    from iaca.compute.devices import choose_device
    from iaca.compute.distributed import leads
    from iaca.evaluation import evaluate
    from iaca.features.folder import first_dimensions, read_folder
    from iaca.inference import gate_health, infer
    from iaca.training import train_fusion

    check_out(args.out)
    check_folders("--features", [args.features])
    if args.log is not None:
        check_writable(args.log, "TensorBoard's scalars")
    device = choose_device(args.device)
    config, training = configurations(args, *first_dimensions(args.features))
    features = read_folder(args.features)
    train = [item for item in features if item.split == "train"]
    validation = [item for item in features if item.split == "validation"]
    if not train:
        raise CommandError(f"{args.features} holds no subject of the split 'train'; expected some to learn from")
    state = args.out.with_suffix(".state")
    if args.fresh:
        state.unlink(missing_ok=True)
    model, report = train_fusion(
        train,
        config,
        training,
        validation=validation,
        device=device,
        state_file=state,
        log_dir=args.log,
    )
    if not leads():
        return
    scores = {}
    if validation:
        groups = evaluate(model, validation).groups["all"]
        scores = {target: {"ccc": a.ccc, "valid_frames": a.valid_frames} for target, a in groups.items()}
    save_checkpoint(args.out, model, backbones=train[0].backbones, training=report, scores=scores)
    state.unlink(missing_ok=True)
    print(f"{args.out}: {_scored(scores)}")
    if config.iaca:
        checkpoint = load_checkpoint(args.out, device)
        for gate in gate_health([infer(item, checkpoint) for item in validation or train]):
            if gate.is_dead:
                print(f"{args.out}: {gate.sentence}")


def _scored(scores: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{t} CCC {s['ccc']:.3f}" for t, s in scores.items()) or "no validation subjects to score"


def configurations(args: argparse.Namespace, audio_dim: int, visual_dim: int) -> tuple[FusionConfig, TrainingConfig]:
    """Settings from preset, file, arguments and --set; the later wins.

    Raises:
        CommandError: The file cannot be read, or it or --set names an unknown table.
        ConfigError: A value or a combination that cannot be.
    """
    from iaca.models.fusions.registry import checked

    check_seed_given(args.seed)
    values: dict[str, dict[str, Any]] = {"fusion": {}, "training": {}}
    layers = [PRESETS[name] for name in args.preset]
    if args.config:
        try:
            layers.append(tomllib.loads(args.config.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CommandError(f"{args.config} cannot be read as TOML: {error}") from error
    for layer in layers:
        unknown = sorted(set(layer) - set(values))
        if unknown:
            raise CommandError(f"{args.config} has a table [{unknown[0]}]; expected [fusion] and [training]")
        for table, content in layer.items():
            if not isinstance(content, dict):
                raise CommandError(f"{args.config} has {table} = {content!r}; expected a table [{table}]")
            values[table] |= content
    given = {"fusion": args.fusion, "iaca": args.iaca}
    if args.target:
        given["targets"] = ("valence", "arousal") if args.target == "both" else (args.target,)
    values["fusion"] |= {name: value for name, value in given.items() if value is not None}
    if args.seed is not None:
        values["training"]["seed"] = args.seed
    for table, settings in assigned(args.assignments, TABLES, fixed=FIXED_BY_FEATURES).items():
        values[table] |= settings
    for name, found in (("audio_dim", audio_dim), ("visual_dim", visual_dim)):
        if values["fusion"].setdefault(name, found) != found:
            raise CommandError(f"{args.config} has {name} = {values['fusion'][name]!r}; the features have {found}")
    values["fusion"].setdefault("dim", min(audio_dim, visual_dim))
    return checked(FusionConfig.from_dict(values["fusion"])), TrainingConfig.from_dict(values["training"])
