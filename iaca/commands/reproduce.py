"""python -m iaca reproduce: does IACA help, when, and do its gates tell the truth, on the given features."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from iaca.commands import add_device, add_engine, add_log, add_plugin, engine_of
from iaca.commands.refusals import MOST_SEEDS, as_path, check_folders, check_roots, check_whole
from iaca.config import PRESETS, TrainingConfig
from iaca.config.checks import MOST_LAYERS, MOST_STEPS
from iaca.files import check_writable

if TYPE_CHECKING:
    from iaca.study.reproduction import Reproduction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument(
        "--out", type=as_path, required=True, metavar="DIR", help="folder for tables, figures and report.md"
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1 (default: 5)")
    parser.add_argument("--fusion", nargs="+", help="base fusions (default: all of Tables 1 and 2)")
    parser.add_argument("--tca-layers", type=int, default=2, metavar="N", help="layers of transformers (default: 2)")
    parser.add_argument(
        "--test", type=as_path, metavar="DIR", help="features of the test draw (default: the folder test in --features)"
    )
    parser.add_argument(
        "--memories", type=as_path, nargs="+", default=[], metavar="DIR",
        help="features of synthetic corpora whose labels remember for longer or shorter (corpus.json says it), for the "
        "label-memory curve",
    )  # fmt: skip
    parser.add_argument(
        "--videos",
        type=as_path,
        metavar="ROOT",
        help="videos for Fig 1, or a manifest, with their features in ROOT/features or beside the manifest",
    )
    parser.add_argument(
        "--published",
        type=as_path,
        metavar="CSV",
        help="published scores to print beside: columns model,valence,arousal",
    )
    parser.add_argument(
        "--preset", choices=sorted(PRESETS), action="append", default=[],
        help="named settings for every model; may be given several times, and the later wins",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, metavar="N", help="epochs of every training (default: 20)")
    parser.add_argument("--quick", action="store_true", help="two epochs a model, to see the command run")
    parser.add_argument(
        "--report-only",
        action="store_true",
        help="write report.md from study.json and the tables in --out; train nothing",
    )
    add_engine(parser, "models")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Train what is missing, score it, and write tables, figures and report.md, which is printed too."""
    study = _reproduction(args)
    print(study.write_report() if args.report_only else study.run())


def _reproduction(args: argparse.Namespace) -> Reproduction:
    """The study that the command line asks for.

    Raises:
        CommandError: A number out of its bounds, or a folder that is not there.
    """
    from iaca.compute.devices import choose_device
    from iaca.study.plan import TEST
    from iaca.study.reproduction import QUICK, Reproduction
    from iaca.study.study_report import read_published

    check_whole("--seeds", args.seeds, 1, MOST_SEEDS)
    check_whole("--tca-layers", args.tca_layers, 1, MOST_LAYERS)
    engine = engine_of(args)
    for name in ("features", "test"):
        check_folders(f"--{name}", [getattr(args, name)])
    check_folders("--memories", args.memories)
    check_roots("--videos", [args.videos] if args.videos else [])
    device = str(choose_device("cpu" if engine.is_ray else args.device))
    published = read_published(args.published) if args.published else ()
    if not args.report_only:
        check_writable(args.out, "the study")
    default_test = args.features / TEST
    check_whole("--epochs", args.epochs, 1, MOST_STEPS)
    settings: dict[str, dict[str, Any]] = {"fusion": {}, "training": {}}
    for name in args.preset:
        for part, values in PRESETS[name].items():
            settings[part] |= values
    limits: dict[str, Any] = dict(QUICK) if args.quick else {}
    if args.epochs is not None:
        limits["epochs"] = args.epochs
    options: dict[str, Any] = {
        "training": TrainingConfig.from_dict(settings["training"]),
        "limits": limits,
        "fusion": settings["fusion"],
    }
    if args.fusion:
        options["fusions"] = tuple(args.fusion)
    return Reproduction(
        features=args.features,
        out=args.out,
        seeds=args.seeds,
        tca_layers=args.tca_layers,
        test=args.test or (default_test if default_test.is_dir() else None),
        memories=tuple(args.memories),
        videos=args.videos,
        published=published,
        engine=engine,
        device=device,
        **options,
    )
