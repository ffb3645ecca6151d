"""python -m iaca reproduce: does IACA help, when, and do its gates tell the truth, on the given features."""

from __future__ import annotations

import argparse
from pathlib import Path

from iaca.commands import add_device, add_plugin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for results and report.md")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1 (default: 5)")
    parser.add_argument("--fusion", nargs="+", help="base fusions (default: all of Tables 1 and 2)")
    parser.add_argument("--tca-layers", type=int, default=2, metavar="N", help="layers of transformers (default: 2)")
    parser.add_argument(
        "--test", type=Path, metavar="DIR", help="features of the test draw (default: the folder test in --features)"
    )
    parser.add_argument(
        "--videos", type=Path, metavar="ROOT", help="videos for Fig 1, with their features in ROOT/features"
    )
    parser.add_argument(
        "--published", type=Path, metavar="CSV", help="published scores to print beside: columns model,valence,arousal"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="models trained side by side (default: one a core)")
    parser.add_argument("--quick", action="store_true", help="two epochs a model, to see the command run")
    add_device(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Train what is missing, score it, and write results, figures and report.md, which is printed too."""
    from iaca.study.reproduction import Reproduction

    print(Reproduction.from_arguments(args).run())
