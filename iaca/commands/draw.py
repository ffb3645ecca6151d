"""python -m iaca draw: a moment of each subject, or noted ones, as figures and films in one zip."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from iaca.commands import CommandError, add_device, add_log, add_plugin
from iaca.commands.refusals import (
    as_path,
    check_amount,
    check_files,
    check_folders,
    check_positive,
    check_roots,
    check_seed_given,
    check_word,
)
from iaca.config import TARGETS, VALENCE
from iaca.files import check_writable

KINDS = ("svg", "pdf", "png", "mp4")
PLACES = ("best", "worst")
PATTERNS = ("scattered", "block")
MOST_S = 600.0
"""Longest moment, seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--features", type=as_path, required=True, metavar="DIR", help="folder of feature files")
    parser.add_argument("--checkpoint", type=as_path, required=True, nargs="+", metavar="FILE",
                        help="models, at most six; the second is judged against the first")  # fmt: skip
    parser.add_argument("--out", type=as_path, required=True, metavar="FILE", help="zip to write")
    parser.add_argument("--at", default="best", help="best or worst: where the last of one or two models gains or "
                        "loses most, or has the smallest or largest error (default: best)")  # fmt: skip
    parser.add_argument("--notes", type=as_path, metavar="FILE",
                        help="draw these noted moments instead: the file that the page's Notes exports, or the one in "
                        "which it keeps them")  # fmt: skip
    parser.add_argument("--as", dest="kinds", nargs="+", default=["pdf"], metavar="KIND",
                        help="svg, pdf, png, mp4 (default: pdf)")  # fmt: skip
    parser.add_argument("--data", nargs="+", type=as_path, default=[], metavar="ROOT",
                        help="folders or manifests with the videos, for films")  # fmt: skip
    parser.add_argument("--target", default=VALENCE, help="whose gates and scores: valence or arousal")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S", help="length of a moment (default: 10)")
    parser.add_argument("--split", help="only subjects of this split (default: all)")
    parser.add_argument("--subjects", nargs="+", default=[], metavar="NAME", help="only these subjects")
    parser.add_argument(
        "--drop-audio", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the audio, 0 to 1"
    )
    parser.add_argument(
        "--drop-visual", type=float, default=0.0, metavar="SHARE", help="share of clips that lose the face, 0 to 1"
    )
    parser.add_argument("--pattern", default="scattered", help="scattered or block (default: scattered)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (default: 0)")
    parser.add_argument("--gate-temperature", type=float, help="use another temperature of the gates, above 0")
    add_device(parser)
    add_log(parser)
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Draw the moments and write the zip, beside and then renamed."""
    _check(args)
    from tqdm import tqdm

    from iaca.commands.many_subjects import beside, feature_files
    from iaca.compute.devices import choose_device
    from iaca.config import DropoutConfig, GateOverrides, WhatIf
    from iaca.data.notes import read_notes
    from iaca.data.recordings import find_recordings
    from iaca.features.feature_files import read_feature_header
    from iaca.inference.placing import load_where_it_fits

    shares = (("audio", args.drop_audio), ("visual", args.drop_visual))
    dropouts = tuple(
        DropoutConfig(modality=modality, share=share, pattern=args.pattern, seed=args.seed)
        for modality, share in shares
    )
    change = WhatIf(
        dropouts=tuple(one for one in dropouts if one.share), gates=GateOverrides(temperature=args.gate_temperature)
    )
    device = choose_device(args.device)
    check_writable(args.out.parent, "the zip")
    notes = None if args.notes is None else read_notes(args.notes).notes
    checkpoints = [load_where_it_fits(path, device) for path in args.checkpoint]
    files = feature_files(args.features, args.split, args.subjects)
    named: dict[str, Path] = {read_feature_header(file)["subject"]: file for file in files}
    recordings = {one.subject: one for one in find_recordings(args.data).recordings} if args.data else {}
    episodes, description = beside(args.features)
    # The rows and films are the player's, which the page draws too: here alone a command takes what is the page's.
    drawn = importlib.import_module("dashboard.services.drawn_moments")
    with tqdm(desc="moments", unit="file", disable=None) as bar:

        def progress(done: int, total: int, title: str = "") -> None:
            bar.total = total
            bar.update(done - bar.n)

        count, moments = drawn.write_moments(
            args.out, named, recordings, checkpoints, str(device), change, episodes=episodes, notes=notes, at=args.at,
            synthetic=bool(description and description.synthetic), target=args.target,
            kinds=[kind for kind in KINDS if kind in args.kinds], around_s=args.seconds, progress=progress,
        )  # fmt: skip
    print(f"{moments} moments: {count} files -> {args.out}; its manifest.csv says what each shows")


def _check(args: argparse.Namespace) -> None:
    from iaca.features.feature_files import SPLITS

    if args.out.suffix != ".zip" or args.out.is_dir():
        raise CommandError(f"--out is {args.out}; expected a name that ends in .zip")
    if len(args.checkpoint) > 6:
        raise CommandError(f"--checkpoint names {len(args.checkpoint)} models; expected at most six")
    if len(set(args.checkpoint)) < len(args.checkpoint):
        raise CommandError(f"--checkpoint names {args.checkpoint[0]} twice; expected different models")
    for kind in args.kinds:
        check_word("--as", kind, KINDS)
    for name, value, words in (
        ("--at", args.at, PLACES),
        ("--target", args.target, TARGETS),
        ("--pattern", args.pattern, PATTERNS),
        ("--split", args.split, SPLITS),
    ):
        check_word(name, value, words)
    check_seed_given(args.seed)
    check_amount("--seconds", args.seconds, MOST_S)
    check_positive("--gate-temperature", args.gate_temperature)
    check_folders("--features", [args.features])
    check_files("--notes", [args.notes])
    check_roots("--data", args.data)
