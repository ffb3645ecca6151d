"""python -m iaca doctor: is everything there that work needs, and does the whole chain run."""

from __future__ import annotations

import argparse
import json

from iaca.commands import CommandError, add_device
from iaca.commands.refusals import as_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; those of folders are as for `dashboard`."""
    parser.add_argument(
        "--data", nargs="+", type=as_path, action="extend", default=[], metavar="ROOT",
        help="data to look for (default: IACA_DATA)",
    )  # fmt: skip
    parser.add_argument("--features", type=as_path, metavar="DIR", help="their feature files (default: IACA_FEATURES)")
    parser.add_argument("--checkpoints", type=as_path, metavar="DIR", help="models (default: IACA_CHECKPOINTS)")
    parser.add_argument("--port", type=int, metavar="N", help="port of the page (default: 8501, or the next free one)")
    parser.add_argument("--no-self-test", action="store_true", help="look, but run nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything, run the chain, and print a line for each.

    Returns:
        0, or 1 where something failed that matters; what to do about it stands below it.
    """
    from iaca.doctor.environment import look_at_environment
    from iaca.doctor.self_test import run_chain
    from iaca.doctor.surroundings import look_around
    from iaca.doctor.verdicts import passed, to_json, to_text

    if args.port is not None and not 1 <= args.port <= 65535:
        raise CommandError(f"--port is {args.port}; expected 1 to 65535")
    verdicts = []
    steps = [look_at_environment(args.device), look_around(args.data, args.features, args.checkpoints, args.port)]
    if not args.no_self_test:
        steps.append(run_chain(args.device))
    for step in steps:
        for verdict in step:
            verdicts.append(verdict)
            if not args.json:
                print(to_text(verdict), flush=True)
    if args.json:
        print(json.dumps(to_json(verdicts), indent=1))
    else:
        print("everything that matters is in order" if passed(verdicts) else "something that matters failed: see ->")
    return 0 if passed(verdicts) else 1
