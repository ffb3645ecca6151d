"""python -m iaca evaluate: scores of checkpoints on features."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from iaca.commands import add_device, add_plugin, groups_of, read_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--checkpoint", type=Path, required=True, nargs="+", metavar="FILE", help="models to score")
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_device(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Score every checkpoint, pooled and per subject, and print the table."""
    from iaca.checkpoints import load_checkpoint
    from iaca.devices import choose_device
    from iaca.evaluation import evaluate
    from iaca.inference import check_fit

    device = choose_device(args.device)
    features = read_folder(args.features, args.split)
    groups = groups_of(args.features, features)
    document = {}
    for path in args.checkpoint:
        checkpoint = load_checkpoint(path, device)
        for item in features:
            check_fit(item, checkpoint)
        evaluation = evaluate(checkpoint.model, features, groups)
        document[checkpoint.name] = evaluation.to_dict()
        if not args.json:
            _print(checkpoint.title, evaluation)
    if args.json:
        print(json.dumps(document, indent=2))


def _print(title: str, evaluation) -> None:
    print(
        f"{title}\n  {'':24} {'target':8} {'CCC':>7} {'95 % interval':>17} {'smoothed':>9} {'r':>7} {'RMSE':>7} frames"
    )
    for rows in (evaluation.groups, evaluation.subjects):
        for name, by_target in rows.items():
            for target, a in by_target.items():
                interval = "" if a.interval[0] != a.interval[0] else f"[{a.interval[0]:.3f}, {a.interval[1]:.3f}]"
                print(
                    f"  {name:24} {target:8} {a.ccc:7.3f} {interval:>17} {a.smoothed_ccc:9.3f} {a.pearson:7.3f} "
                    f"{a.rmse:7.3f} {a.valid_frames}"
                )
