"""python -m iaca demo build, demo train, demo simulate: synthetic corpora, and everything that ships with one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from iaca.commands import add_device, add_log
from iaca.commands.refusals import MOST_SEEDS, as_path, check_whole
from iaca.files import check_writable
from iaca.resources import clone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the three commands."""
    commands = parser.add_subparsers(dest="demo_command", required=True, metavar="build|train|simulate")
    build = commands.add_parser("build", help="build a synthetic corpus in the layout of Aff-Wild2")
    build.add_argument("--out", type=as_path, required=True, metavar="DIR", help="folder of the corpus")
    build.add_argument("--identities", type=int, default=12, metavar="N", help="people (default: 12)")
    build.add_argument("--seconds", type=float, default=50.0, metavar="S", help="length of a video (default: 50)")
    build.add_argument("--seed", type=int, default=0, metavar="K", help="seed (default: 0)")
    build.add_argument(
        "--role", default="validation", help="validation, backbone, training or test (default: validation)"
    )
    build.add_argument(
        "--conditions", type=_cycle, metavar="LIST",
        help="conditions of the people in turn, such as mixed,mixed,strong, from the start when it runs out; "
        "strong+conflict gives a person two recordings (default: those of the role)",
    )  # fmt: skip
    build.add_argument(
        "--memory", type=float, metavar="S",
        help="seconds after which feelings have forgotten 63%% of where they were (default: 2.2 for the role backbone, "
        "11 for the others)",
    )  # fmt: skip
    build.add_argument(
        "--features-only", action="store_true",
        help="write features of the backbones that ship, one every 16 frames, and neither videos nor crops",
    )  # fmt: skip
    build.add_argument("--no-crops", action="store_true", help="leave out cropped_aligned/: faces.csv.gz will do")
    add_log(build)
    build.set_defaults(run=run_build)
    train = commands.add_parser("train", help="rebuild features, backbones and models that ship, and their scores")
    root = clone() or Path()
    train.add_argument(
        "--work", type=as_path, default=root / "runs/demo", metavar="DIR", help="folder for what is made"
    )
    train.add_argument("--demo", type=as_path, default=root / "demo", metavar="DIR", help="shown corpus and features")
    train.add_argument("--checkpoints", type=as_path, default=root / "checkpoints", metavar="DIR", help="models")
    train.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds of the study (default: 5)")
    train.add_argument("--tiny", action="store_true", help="a few seconds of everything, to see the chain run")
    add_device(train)
    add_log(train)
    train.set_defaults(run=run_train)
    simulate = commands.add_parser("simulate", help="write features for which the best possible scores are known")
    simulate.add_argument("--out", type=as_path, required=True, metavar="DIR", help="folder of the features")
    simulate.add_argument("--training", type=int, default=60, metavar="N", help="people to train on (default: 60)")
    simulate.add_argument("--validation", type=int, default=40, metavar="N", help="people to score (default: 40)")
    simulate.add_argument("--seconds", type=float, default=60.0, metavar="S", help="length (default: 60)")
    simulate.add_argument("--memory", type=float, default=11.0, metavar="S", help="as of demo build (default: 11)")
    simulate.add_argument(
        "--noise",
        type=float,
        default=0.8,
        metavar="X",
        help="noise of each modality over feelings (default: 0.8)",
    )
    simulate.add_argument(
        "--no-cue", action="store_true", help="nothing in the features says that a modality shows somebody else"
    )
    simulate.add_argument("--seed", type=int, default=0, metavar="K", help="seed (default: 0)")
    add_log(simulate)
    simulate.set_defaults(run=run_simulate)


def run(args: argparse.Namespace) -> None:
    """Run the command that was chosen."""
    args.run(args)


def run_build(args: argparse.Namespace) -> None:
    """Build a corpus, or its features."""
    planned = {
        "role": args.role,
        "identities": args.identities,
        "seconds": args.seconds,
        "seed": args.seed,
        "conditions": args.conditions,
        "emotion_memory_s": args.memory,
    }
    if args.features_only:
        from iaca.demo.feature_corpus import build_features

        subjects = build_features(args.out, **planned)
    else:
        from iaca.demo.corpus import build_corpus

        subjects = build_corpus(args.out, crops=not args.no_crops, **planned)
    print(f"{args.out}: {len(subjects)} synthetic subjects")


def run_simulate(args: argparse.Namespace) -> None:
    """Simulate features, and print what is known of them."""
    from iaca.demo.simulation import Simulation, simulate

    check_writable(args.out, "features")
    simulation = Simulation(
        training=args.training,
        validation=args.validation,
        seconds=args.seconds,
        memory_s=args.memory,
        noise=args.noise,
        cued=not args.no_cue,
        seed=args.seed,
    )
    known = simulate(args.out, simulation)
    print(f"{args.out}: {args.training} simulated people to train on, {args.validation} to score")
    for target, scores in known.items():
        print(
            f"{target}: CCC {scores['uninformed']:.3f} is the most without knowing which modality is wrong, "
            f"{scores['informed']:.3f} with"
        )


def _cycle(text: str) -> list[list[str]]:
    """Conditions of each person in turn: commas between people, plus signs between recordings of one."""
    return [group.split("+") for group in text.split(",")]


def run_train(args: argparse.Namespace) -> None:
    """Run the whole chain."""
    from iaca.compute.devices import choose_device
    from iaca.demo.rebuild import ChainSize, StudyFeatures, train_demo
    from iaca.study.reproduction import QUICK, Reproduction

    check_whole("--seeds", args.seeds, 1, MOST_SEEDS)
    for name in ("work", "demo", "checkpoints"):
        check_writable(getattr(args, name), f"--{name}")
    device = choose_device(args.device)
    options: dict[str, Any] = {"fusions": ("concat", "ca"), "limits": QUICK} if args.tiny else {}

    def study(features: StudyFeatures, out: Path) -> None:
        # One layer: the files that ship have a budget, and the corpus is small.
        options.update(features._asdict(), out=out, videos=args.demo)
        print(Reproduction(**options, seeds=args.seeds, tca_layers=1, device=str(device)).run())

    tiny = ChainSize(
        shown=2, training=2, validation=2, test=2, shipped_training=2, shipped_validation=2, backbone=2,
        backbone_validation=2, shown_s=4, seconds=4, memories_s=(2.2,), backbone_s=4, picture_epochs=1,
        visual_epochs=1, audio_epochs=1,
    )  # fmt: skip
    train_demo(
        args.work,
        args.demo,
        args.checkpoints,
        size=tiny if args.tiny else None,
        keep_backbones=args.keep_backbones,
        device=device,
        study=study,
    )
