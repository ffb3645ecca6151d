"""python -m iaca predict: one subject's Trace as a table."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from iaca.commands import CommandError, add_device, add_plugin
from iaca.config import DropoutPattern


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=Path, required=True, metavar="FILE", help="feature file of the subject")
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="the model")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="table to write: .parquet or .csv")
    parser.add_argument("--drop-audio", type=float, default=0.0, metavar="SHARE", help="share of clips, 0 to 1")
    parser.add_argument("--drop-visual", type=float, default=0.0, metavar="SHARE", help="share of clips, 0 to 1")
    parser.add_argument("--pattern", default="scattered", help="scattered or block (default: scattered)")
    parser.add_argument("--unit", default="clip", help="what is drawn: clip or second (default: clip)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--gate-temperature", type=float, help="use another temperature of the gates, above 0")
    add_device(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Predict every frame and write the table, beside and then renamed."""
    if args.out.suffix not in (".parquet", ".csv"):
        raise CommandError(f"--out is {args.out}; expected a name that ends in .parquet or .csv")
    if args.pattern == DropoutPattern.RANGE:
        raise CommandError("--pattern is 'range'; expected scattered or block")
    if args.gate_temperature is not None and not args.gate_temperature > 0:
        raise CommandError(f"--gate-temperature is {args.gate_temperature}; expected a number above 0")
    from iaca.checkpoints import load_checkpoint
    from iaca.compute.devices import choose_device
    from iaca.config import DropoutConfig, GateOverrides
    from iaca.features.feature_files import read_features
    from iaca.files import write_whole
    from iaca.inference import infer

    dropouts = [
        DropoutConfig(modality=modality, share=share, pattern=args.pattern, unit=args.unit, seed=args.seed)
        for modality, share in (("audio", args.drop_audio), ("visual", args.drop_visual))
    ]
    checkpoint = load_checkpoint(args.checkpoint, choose_device(args.device))
    gates = GateOverrides(temperature=args.gate_temperature)
    trace = infer(read_features(args.features), checkpoint, dropouts, gates=gates)
    buffer = io.BytesIO()
    if args.out.suffix == ".parquet":
        trace.frames.to_parquet(buffer, index=False)
    else:
        trace.frames.to_csv(buffer, index=False)
    write_whole(args.out, buffer.getvalue())
    scores = ", ".join(f"{t} CCC {s.ccc:.3f} ({s.valid_frames} frames)" for t, s in trace.scores.items())
    print(f"{trace.subject}: {len(trace.frames)} frames, {scores} -> {args.out}")
