"""python -m iaca describe: print what a checkpoint or a feature file is."""

from __future__ import annotations

import argparse
import json

from iaca.commands import add_plugin
from iaca.commands.refusals import as_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=as_path, help="checkpoint, backbone or feature file")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_plugin(parser)


def run(args: argparse.Namespace) -> None:
    """Print what the file holds."""
    from iaca.checkpoints import describe_file
    from iaca.features.feature_files import is_feature_file, read_feature_header

    if is_feature_file(args.file):
        description = read_feature_header(args.file)
        description["computed"] = description["computed"] or "not recorded"
    else:
        description = describe_file(args.file)
    if args.json:
        print(json.dumps(description, indent=2))
        return
    for name, value in description.items():
        if name not in ("training", "symbols"):
            print(f"{name}: {value}")
    if repeatable := (description.get("training") or {}).get("repeatable"):
        where = " and ".join(repeatable["computed_on"])
        print(f"trained on: {where}; repeatable to the last bit: {repeatable['why_not'] or 'yes'}")
