"""One module per command, each with `add_arguments(parser)` and `run(args)`; heavy imports stand inside `run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from iaca.compute.engine import ENGINES, LOCAL, Engine, check_engine
from iaca.errors import InputError
from iaca.files import check_writable
from iaca.logs import LEVELS


class CommandError(InputError):
    """Arguments that do not go together: the message names them and what was expected."""


def add_roots(parser: argparse.ArgumentParser) -> None:
    """Add ROOT... and --manifest, the same for every command that reads recordings."""
    from iaca.commands.refusals import as_path

    parser.add_argument(
        "roots", nargs="*", type=as_path, metavar="ROOT",
        help="folders with videos, crops and annotations of Aff-Wild2, or manifests (.csv)",
    )  # fmt: skip
    parser.add_argument(
        "--manifest", type=as_path, action="append", default=[], metavar="CSV",
        help="recordings of another data set: columns subject, video, split, labels, and others that docs/data-sets.md "
        "lists; the same as a ROOT that is a file",
    )  # fmt: skip


def given_roots(args: argparse.Namespace) -> list[Path]:
    """The folders and manifests that a command line names.

    Raises:
        CommandError: One does not exist, or is neither.
    """
    from iaca.commands.refusals import check_roots

    check_roots("ROOT", args.roots)
    check_roots("--manifest", args.manifest)
    return [*args.roots, *args.manifest]


def check_out(path: Path) -> None:
    """Refuse a name for a checkpoint that cannot be written, before anything is learnt.

    Raises:
        CommandError: It does not end in .safetensors, or is a folder.
        OutputError: Its folder cannot be written to.
    """
    if path.suffix != ".safetensors" or path.is_dir():
        raise CommandError(f"--out is {path}; expected a file that ends in .safetensors")
    check_writable(path.parent, "the checkpoint")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device, the same for every command."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: IACA_DEVICE, else a GPU when there is one)")


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add --log-level and --log-json, the same for every command that takes long."""
    parser.add_argument(
        "--log-level", choices=LEVELS, default="warning", help="what is logged on stderr (default: warning)"
    )
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line, bars of progress too")


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add --plugin, the same for every command that builds models."""
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="import a module that registers fusions"
    )


def add_engine(parser: argparse.ArgumentParser, unit: str) -> None:
    """Add --engine and what goes with it, the same for every command that does many things side by side.

    Args:
        parser: The parser.
        unit: What is done side by side, in the plural.
    """
    parser.add_argument("--engine", choices=ENGINES, default=LOCAL, help="processes of this machine, or a Ray cluster")
    parser.add_argument(
        "--address", metavar="ADDRESS", help="of the cluster: auto, or HOST:PORT (default: one for this run alone)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help=f"{unit} side by side")
    parser.add_argument(
        "--gpus-per-worker", type=float, default=0.0, metavar="F", help="share of a GPU for each (default: 0, the CPU)"
    )


def engine_of(args: argparse.Namespace) -> Engine:
    """The engine that the arguments of `add_engine` ask for.

    Raises:
        EngineError: They do not go together.
    """
    engine = Engine(args.engine, args.address, args.workers, args.gpus_per_worker)
    check_engine(engine)
    return engine
