"""python -m iaca evaluate: scores of checkpoints on features."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iaca.commands import CommandError, add_device, add_log, add_plugin
from iaca.commands.refusals import as_path, check_different, check_files, check_folders, check_word
from iaca.config import TARGETS
from iaca.files import check_writable

if TYPE_CHECKING:
    from iaca.checkpoints import Checkpoint
    from iaca.evaluation import Evaluation
    from iaca.types import Features


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE", help="models to score")
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument(
        "--predictions", type=as_path, metavar="DIR", help="write the challenge's files of unlabelled subjects"
    )
    parser.add_argument(
        "--list", type=as_path, metavar="FILE", help="the challenge's sample file: one file with its rows"
    )
    parser.add_argument(
        "--postprocess",
        choices=("nearest", "authors"),
        default="nearest",
        help="what smoothed curves are padded with: their nearest value, or zeros as with the authors",
    )
    parser.add_argument(
        "--ccc",
        choices=("pooled", "mean"),
        default="pooled",
        help="scores of several recordings: over all their frames together, as in ABAW, MuSe and AVEC 2019, or the "
        "mean over recordings, as in AVEC 2018 (default: pooled)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Score every checkpoint, pooled and per subject, and print the table."""
    from iaca.compute.devices import choose_device
    from iaca.evaluation import evaluate
    from iaca.features.folder import groups_of, has_labels, read_folder
    from iaca.inference import check_fit, gate_health, infer
    from iaca.inference.placing import load_where_it_fits

    _check(args)
    device = choose_device(args.device)
    checkpoints = [load_where_it_fits(path, device) for path in args.checkpoint]
    if args.predictions:
        for checkpoint in checkpoints:
            _check_targets(checkpoint)
    features = read_folder(args.features, args.split)
    groups = groups_of(args.features, features)
    if not args.predictions and not any(map(has_labels, features)):
        raise CommandError(f"{args.features} holds no subject with labels to score; expected some, or --predictions")
    for checkpoint in checkpoints:
        for item in features:
            check_fit(item, checkpoint)
    document = {}
    for checkpoint in checkpoints:
        if args.predictions:
            _write_predictions(args, checkpoint, features)
        labelled = [item for item in features if has_labels(item)]
        if not labelled:
            continue
        evaluation = evaluate(checkpoint.model, labelled, groups, postprocess=args.postprocess, pooling=args.ccc)
        gates = gate_health([infer(item, checkpoint) for item in labelled]) if checkpoint.config.iaca else ()
        document[checkpoint.name] = evaluation.to_dict()
        document[checkpoint.name]["gates"] = [gate._asdict() | {"is_dead": gate.is_dead} for gate in gates]
        if not args.json:
            _print(checkpoint.title, evaluation)
            for gate in gates:
                if gate.is_dead:
                    print(f"  {gate.sentence}")
    if args.json:
        print(json.dumps(document, indent=2))


def _check(args: argparse.Namespace) -> None:
    from iaca.features.feature_files import SPLITS

    check_word("--split", args.split, SPLITS)
    check_folders("--features", [args.features])
    if args.list and not args.predictions:
        raise CommandError("--list is given without --predictions; expected both: the folder that its rows go to")
    check_files("--list", [args.list])
    check_different("--checkpoint", args.checkpoint)
    if args.predictions:
        check_writable(args.predictions, "predictions")


def _check_targets(checkpoint: Checkpoint) -> None:
    if set(checkpoint.config.targets) != set(TARGETS):
        raise CommandError(
            f"{checkpoint.name} predicts {checkpoint.config.targets[0]} alone; the challenge asks for both"
        )


def _write_predictions(args: argparse.Namespace, checkpoint: Checkpoint, features: Sequence[Features]) -> None:
    from iaca.evaluation.smoothing import postprocess
    from iaca.evaluation.submission import write_listed, write_per_subject
    from iaca.features.folder import has_labels
    from iaca.inference import predict

    unlabelled = [item for item in features if not has_labels(item)]
    if not unlabelled:
        raise CommandError(f"{args.features} holds no subject without labels; --predictions writes files of those only")
    predictions = {
        item.subject: {
            t: postprocess(values, t, args.postprocess == "authors")
            for t, values in predict(item, checkpoint.model).items()
        }
        for item in unlabelled
    }
    labelled = {item.subject for item in features} - predictions.keys()
    folder = args.predictions / checkpoint.name
    if args.list:
        rows = write_listed(folder / "predictions.txt", args.list, predictions, labelled)
        written = f"{rows} rows in {folder / 'predictions.txt'}"
    else:
        written = f"{len(write_per_subject(folder, predictions))} files in {folder}"
    print(written, file=sys.stderr)


def _print(title: str, evaluation: Evaluation) -> None:
    print(f"{title}\n  {evaluation.pooling.sentence}")
    print(f"  {'':24} {'target':8} {'CCC':>7} {'95 % interval':>17} {'smoothed':>9} {'r':>7} {'RMSE':>7} frames")
    for rows in (evaluation.groups, evaluation.subjects):
        for name, by_target in rows.items():
            for target, a in by_target.items():
                interval = "" if a.interval[0] != a.interval[0] else f"[{a.interval[0]:.3f}, {a.interval[1]:.3f}]"
                print(
                    f"  {name:24} {target:8} {a.ccc:7.3f} {interval:>17} {a.smoothed_ccc:9.3f} {a.pearson:7.3f} "
                    f"{a.rmse:7.3f} {a.valid_frames}"
                )
