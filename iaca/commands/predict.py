"""python -m iaca predict: the Trace of one subject, or of all subjects of a folder, as a table."""

from __future__ import annotations

import argparse
import io

from iaca.commands import CommandError, add_device, add_engine, add_log, add_plugin, engine_of
from iaca.commands.refusals import as_path, check_different, check_positive, check_seed_given, check_word
from iaca.compute.engine import HERE
from iaca.config import DropoutPattern
from iaca.files import check_writable, write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="PATH",
                        help="feature file of a subject, or a folder of them")  # fmt: skip
    parser.add_argument("--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE",
                        help="the model; with a folder, one or more")  # fmt: skip
    parser.add_argument("--split", help="with a folder, only subjects of this split (default: all)")
    parser.add_argument("--subjects", nargs="+", default=[], metavar="NAME", help="with a folder, only these subjects")
    parser.add_argument("--out", type=as_path, required=True, metavar="FILE", help="table to write: .parquet or .csv")
    parser.add_argument(
        "--drop-audio", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the audio, 0 to 1"
    )
    parser.add_argument(
        "--drop-visual", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the face, 0 to 1"
    )
    parser.add_argument("--pattern", default="scattered", help="scattered or block (default: scattered)")
    parser.add_argument("--unit", default="clip", help="what is drawn: clip or second (default: clip)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--gate-temperature", type=float, help="use another temperature of the gates, above 0")
    parser.add_argument("--influence", action="store_true",
                        help="add how far audio and visual each move the predictions, and how they relate")  # fmt: skip
    parser.add_argument("--threshold", type=float, metavar="SIZE",
                        help="influence from which a modality counts for the relationship (default: 0.1)")  # fmt: skip
    add_engine(parser, "subjects")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Predict every frame and write the table, beside and then renamed."""
    if args.out.suffix not in (".parquet", ".csv") or args.out.is_dir():
        raise CommandError(f"--out is {args.out}; expected a name that ends in .parquet or .csv")
    is_folder = args.features.is_dir()
    _check_many(args, is_folder)
    if args.pattern == DropoutPattern.RANGE:
        raise CommandError("--pattern is 'range'; expected scattered or block")
    check_seed_given(args.seed)
    check_positive("--gate-temperature", args.gate_temperature)
    if args.threshold is not None and not args.influence:
        raise CommandError("--threshold says what counts as an influence; expected it with --influence")
    engine = engine_of(args)
    from iaca.commands.many_curves import write_curves
    from iaca.commands.many_subjects import feature_files
    from iaca.compute.devices import choose_device
    from iaca.config import DropoutConfig, GateOverrides
    from iaca.features.feature_files import read_features
    from iaca.inference.influence import THRESHOLD
    from iaca.inference.placing import load_where_it_fits
    from iaca.study.curve_tables import Curves

    check_positive("--threshold", args.threshold)
    threshold = THRESHOLD if args.threshold is None else args.threshold
    dropouts = tuple(
        DropoutConfig(modality=modality, share=share, pattern=args.pattern, unit=args.unit, seed=args.seed)
        for modality, share in (("audio", args.drop_audio), ("visual", args.drop_visual))
    )
    gates = GateOverrides(temperature=args.gate_temperature)
    curves = Curves(tuple(one for one in dropouts if one.share), gates, threshold if args.influence else None)
    device = choose_device("cpu" if engine.is_ray else args.device)
    check_writable(args.out.parent, "the table")
    checkpoints = [load_where_it_fits(path, device) for path in args.checkpoint]
    if is_folder:
        files = feature_files(args.features, args.split, args.subjects)
        rows = write_curves(args.out, files, checkpoints, curves, engine)
        models = ", ".join(one.name for one in checkpoints)
        print(f"{len(files)} subjects, {models}: {rows:,} rows -> {args.out}")
        return
    checkpoint = checkpoints[0]
    trace = curves.trace(read_features(args.features), checkpoint)
    frames = curves.table(trace, checkpoint.config.targets)
    buffer = io.BytesIO()
    if args.out.suffix == ".parquet":
        frames.to_parquet(buffer, index=False)
    else:
        frames.to_csv(buffer, index=False)
    write_whole(args.out, buffer.getvalue())
    scores = ", ".join(f"{t} CCC {s.ccc:.3f} ({s.valid_frames} frames)" for t, s in trace.scores.items())
    print(f"{trace.subject}: {len(frames)} frames, {scores} -> {args.out}")


def _check_many(args: argparse.Namespace, is_folder: bool) -> None:
    """Refuse what only a folder can be asked for, and two models of one name in it."""
    from iaca.features.feature_files import SPLITS

    check_word("--split", args.split, SPLITS)
    if not is_folder:
        if args.split or args.subjects or len(args.checkpoint) > 1:
            raise CommandError(
                f"--split, --subjects and several models are for a folder; --features is {args.features}, which is none"
            )
        if engine_of(args) != HERE:
            raise CommandError(
                f"--engine, --workers and what goes with them are for a folder; --features is {args.features}, which "
                "is none"
            )
        return
    if args.out.suffix != ".parquet":
        raise CommandError(f"--out is {args.out}; expected a name that ends in .parquet for a folder of subjects")
    check_different("--checkpoint", args.checkpoint)
