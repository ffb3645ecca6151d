"""The command line: `iaca COMMAND`, or `python -m iaca COMMAND`. Each command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import iaca
from iaca.errors import InputError

COMMANDS = {
    "index": "say what a download of Aff-Wild2 holds and what is wrong with it",
    "extract": "turn recordings into features, one file per subject",
    "train-backbone": "fine-tune a backbone on valence and arousal",
    "predict": "every frame's prediction and explanation of one subject, as a table",
    "train": "train a fusion model on features",
    "evaluate": "score checkpoints on features",
    "describe": "say what a checkpoint is",
    "export": "write a model as an ONNX file, with its gates and attention scores",
    "reproduce": "train every model of the study over seeds and compare them",
    "dashboard": "open the page",
    "demo": "build the synthetic corpus, or train everything that ships with it",
}
"""Name -> one line of help; the module is iaca.commands.<name>, with `add_arguments(parser)` and `run(args)`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments; None: those of the process.

    Returns:
        0, or 1 where the input cannot be used: one sentence on stderr says why.
    """
    called = "python -m iaca" if Path(sys.argv[0]).name == "__main__.py" else "iaca"
    parser = argparse.ArgumentParser(prog=called, description=iaca.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"iaca {iaca.__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        command = importlib.import_module(f"iaca.commands.{name.replace('-', '_')}")
        subparser = subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        command.add_arguments(subparser)
        if subparser.get_default("run") is None:
            subparser.set_defaults(run=command.run)
    args = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not be text
            stream.reconfigure(errors="backslashreplace")
    try:
        if hasattr(args, "plugin"):
            from iaca.plugins import load_plugins

            load_plugins(args.plugin)
        code = args.run(args) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # what a shell says of a closed pipe
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
