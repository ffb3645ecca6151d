"""iaca dashboard: open the page, from a clone or an installed package."""

from __future__ import annotations

import argparse
import runpy
import signal
import socket
import sys

from iaca.commands import CommandError, add_device, add_log
from iaca.commands.refusals import MOST_JOBS, as_path, check_amount, check_folders, check_roots, check_whole
from iaca.listening import HERE, ListeningError, check_listening, is_loopback
from iaca.resources import PAGE

MOST_GB = 2.0**20
"""Largest quota; more is a mistake."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; those of data and models are handed to the page as they are."""
    parser.add_argument(
        "--data", nargs="+", type=as_path, action="extend", default=[], metavar="ROOT",
        help="your data, shown before the demo: folders with videos, crops and annotations, or manifests (default: "
        "IACA_DATA)",
    )  # fmt: skip
    parser.add_argument(
        "--features",
        type=as_path,
        metavar="DIR",
        help="their feature files (default: IACA_FEATURES, else ROOT/features)",
    )
    parser.add_argument(
        "--checkpoints", type=as_path, metavar="DIR", help="models (default: IACA_CHECKPOINTS, else those that ship)"
    )
    parser.add_argument(
        "--results",
        type=as_path,
        metavar="DIR",
        help="results of a study (default: IACA_RESULTS, else those of the demo)",
    )
    # Not `plugin`: the page imports plugins when it computes, and must not wait for torch before it is shown.
    parser.add_argument(
        "--plugin", dest="plugins", action="append", default=[], metavar="MODULE",
        help="import a module that registers fusions",
    )  # fmt: skip
    parser.add_argument("--port", type=int, metavar="N", help="port of the page (default: 8501, or the next free one)")
    parser.add_argument(
        "--host", default=HERE, metavar="ADDRESS",
        help="listen there, 0.0.0.0 for every address of the machine (default: this machine alone); needs --locked or "
        "--trust-network",
    )  # fmt: skip
    parser.add_argument(
        "--locked", action="store_true",
        help="visitors see only the folders named here; their uploads are their own, and go when they leave",
    )  # fmt: skip
    parser.add_argument(
        "--trust-network", action="store_true",
        help="everybody who reaches the page may read what this account may read",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="name of the host in the page's address where a proxy gives it another one",
    )  # fmt: skip
    parser.add_argument(
        "--visit-quota", type=float, metavar="GB", help="what one visitor's uploads may take on the disk (default: 4)"
    )
    parser.add_argument("--upload-quota", type=float, metavar="GB", help="what all uploads may take (default: 20)")
    parser.add_argument("--jobs", type=int, metavar="N", help="videos that are worked on at a time (default: 2)")
    parser.add_argument(
        "--login", action="store_true",
        help="ask visitors to log in with the identity provider in the section [auth] of .streamlit/secrets.toml; "
        "needs --allow-email and the extra `login`",
    )  # fmt: skip
    parser.add_argument(
        "--allow-email", action="append", default=[], metavar="ADDRESS",
        help="who may log in: an address (anna@example.org), or everybody of a domain (@example.org)",
    )  # fmt: skip
    parser.add_argument(
        "--memory", type=float, metavar="GB",
        help="memory for what visitors share: models, features and curves; those that nobody asked for longest are "
        "computed again. The server itself takes about 0.7 GB more (default: a quarter of what the machine or its "
        "container has)",
    )  # fmt: skip
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    add_device(parser)
    add_log(parser)


def run(args: argparse.Namespace) -> None:
    """Become Streamlit's own command, whose exit status is that of this one; Ctrl-C ends it with 0.

    Raises:
        CommandError: The port cannot be, or this installation lacks the page.
        SystemExit: The server has ended; its code is the server's, or 2 where it would be open to others unasked.
    """
    try:
        check_listening(args.host, locked=args.locked, trusted=args.trust_network)
    except ListeningError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if args.port is not None and not 1 <= args.port <= 65535:
        raise CommandError(f"--port is {args.port}; expected 1 to 65535")
    check_whole("--jobs", args.jobs, 1, MOST_JOBS)
    check_amount("--visit-quota", args.visit_quota, MOST_GB)
    check_amount("--upload-quota", args.upload_quota, MOST_GB)
    check_amount("--memory", args.memory, MOST_GB)
    check_roots("--data", args.data)
    for name in ("features", "checkpoints", "results"):
        check_folders(f"--{name}", [getattr(args, name)])
    if not PAGE.is_file():
        raise CommandError(f"{PAGE} does not exist; expected the package dashboard beside iaca: install iaca again")
    command = ["streamlit", "run", str(PAGE), "--server.address", args.host]
    if not is_loopback(args.host):
        # Streamlit would ask a service on the internet for the address of this machine.
        command += ["--browser.serverAddress", (args.allow_host or [socket.gethostname()])[0]]
    if args.port is not None:
        command += ["--server.port", str(args.port)]
    if args.log_json:
        command += ["--logger.hideWelcomeMessage", "true"]
    if args.no_browser:
        command += ["--server.headless", "true"]
    sys.argv = [*command, "--", *_for_the_page(args)]
    # The server ends in order and then raises the signal again, which Streamlit would call an abort, with status 1.
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _for_the_page(args: argparse.Namespace) -> list[str]:
    options = ["--data", *map(str, args.data)] if args.data else []
    for name in ("features", "checkpoints", "results", "device", "visit-quota", "upload-quota", "jobs", "memory"):
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            options += [f"--{name}", str(value)]
    if args.log_level != "warning":
        options += ["--log-level", args.log_level]
    switches = ("locked", "trust-network", "login", "log-json")
    options += [f"--{name}" for name in switches if getattr(args, name.replace("-", "_"))]
    options += [part for name in args.allow_host for part in ("--allow-host", name)]
    options += [part for address in args.allow_email for part in ("--allow-email", address)]
    return options + [part for plugin in args.plugins for part in ("--plugin", plugin)]
