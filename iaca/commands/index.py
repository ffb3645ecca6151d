"""python -m iaca index: what a download of Aff-Wild2 holds, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys

from iaca.commands import CommandError, add_log
from iaca.commands.refusals import as_path
from iaca.files import check_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "roots", nargs="+", type=as_path, metavar="ROOT", help="folders with videos, crops and annotations"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    parser.add_argument("--strict", action="store_true", help="exit with status 1 when there is any problem")
    parser.add_argument(
        "--cache",
        type=as_path,
        metavar="FILE",
        help="where facts about files are kept (default: the user's cache folder)",
    )
    add_log(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report.

    Returns:
        0 when the tree is usable, 1 when it is not, or has a problem with --strict.
    """
    from iaca.data.index_report import inspect_roots
    from iaca.data.index_text import format_report

    if args.cache is not None:
        if args.cache.is_dir():
            raise CommandError(f"--cache is {args.cache}, which is a folder; expected a file")
        check_writable(args.cache.parent, "facts about files")
    report = inspect_roots(args.roots, cache_file=args.cache, progress=sys.stderr.isatty())
    print(json.dumps(report.to_json(), indent=1) if args.json else format_report(report))
    return 0 if report.usable and not (args.strict and report.problems) else 1
