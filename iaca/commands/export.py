"""python -m iaca export: write a model for programs without torch."""

from __future__ import annotations

import argparse

from iaca.commands import CommandError, add_plugin
from iaca.commands.refusals import as_path
from iaca.files import check_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=as_path, help="checkpoint of a fusion model")
    parser.add_argument("--onnx", type=as_path, required=True, metavar="OUT", help="ONNX file to write")
    add_plugin(parser)
    parser.epilog = (
        "Inputs: audio and visual, windows x clips x backbone features, float32; the number of windows is free. "
        "Outputs: valence and arousal and, for each, where the model has them, TARGET_stage1_audio_weights, "
        "TARGET_stage1_visual_weights, TARGET_stage2_weights, TARGET_audio_attention_contribution, "
        "TARGET_visual_attention_contribution, TARGET_audio_attention_received, TARGET_visual_attention_received. The "
        "metadata of the file describes the model, its backbones and its outputs."
    )


def run(args: argparse.Namespace) -> None:
    """Export the model, and say how closely the file agrees with it."""
    if args.onnx.suffix != ".onnx" or args.onnx.is_dir():
        raise CommandError(f"--onnx is {args.onnx}; expected a file that ends in .onnx")
    check_writable(args.onnx.parent, "the ONNX model")
    from iaca.checkpoints import load_checkpoint
    from iaca.checkpoints.onnx_files import export_onnx

    checkpoint = load_checkpoint(args.file)
    difference = export_onnx(checkpoint, args.onnx)
    print(f"{checkpoint.title} -> {args.onnx}: outputs differ from torch by {difference:.0e} at most")
