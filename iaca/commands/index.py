"""python -m iaca index: what a download of Aff-Wild2, or a manifest, holds, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys

from iaca.commands import CommandError, add_log, add_roots, given_roots
from iaca.commands.refusals import as_path
from iaca.files import check_writable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_roots(parser)
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

    roots = given_roots(args)
    if not roots:
        raise CommandError("expected ROOT... or --manifest CSV")
    if args.cache is not None:
        if args.cache.is_dir():
            raise CommandError(f"--cache is {args.cache}, which is a folder; expected a file")
        check_writable(args.cache.parent, "facts about files")
    report = inspect_roots(roots, cache_file=args.cache, progress=sys.stderr.isatty())
    print(json.dumps(report.to_json(), indent=1) if args.json else format_report(report))
    return 0 if report.usable and not (args.strict and report.problems) else 1
