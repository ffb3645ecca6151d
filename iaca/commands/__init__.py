"""One module per command, each with `add_arguments(parser)` and `run(args)`; heavy imports stand inside `run`."""

from __future__ import annotations

import argparse

from iaca.errors import InputError


class CommandError(InputError):
    """Arguments that do not go together: the message names them and what was expected."""


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device, the same for every command."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: IACA_DEVICE, else a GPU when there is one)")


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add --plugin, the same for every command that builds models."""
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="import a module that registers fusions"
    )
