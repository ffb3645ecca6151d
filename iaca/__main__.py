"""The command line: `iaca COMMAND`, or `python -m iaca COMMAND`. Each command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import iaca
from iaca.errors import InputError, is_out_of_memory

_log = logging.getLogger("iaca.command")

COMMANDS = {
    "index": "say what a download of Aff-Wild2 holds and what is wrong with it",
    "extract": "turn recordings into features, one file per subject",
    "train-backbone": "fine-tune a backbone on valence and arousal",
    "predict": "every frame's prediction and explanation of one subject or of many, as a table",
    "train": "train a fusion model on features",
    "evaluate": "score checkpoints on features",
    "describe": "say what a checkpoint or a feature file is",
    "export": "write a model as an ONNX file, with its gates and attention scores",
    "draw": "draw a moment of each subject, or noted ones, as figures and films in one zip",
    "report": "write one HTML page on how one or two models do on a folder of features",
    "events": "list where conditions on the curves of a model are met in a folder of subjects, as CSV",
    "relationships": "say whether conflict and dominance of audio and visual mark known episodes",
    "reproduce": "train every model of the study over seeds and compare them",
    "dashboard": "open the page",
    "doctor": "check the installation, the machine and the whole chain, and say what to do",
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
    given = sys.argv[1:] if argv is None else argv
    for word in given:
        if re.fullmatch(r"--[\w-]+=--", word):  # argparse would hand on an empty list
            parser.error(f"argument {word[:-3]}: it is '--'; expected a value")
    args = parser.parse_args(given)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not be text
            stream.reconfigure(errors="backslashreplace")
    if hasattr(args, "log_level"):
        from iaca import logs

        logs.configure(args.log_level, as_json=args.log_json)
    began_s = time.monotonic()
    asked = " ".join(given)
    _log.info("begins", extra={"asked": asked})
    try:
        code = _run(args)
    except Exception as error:
        if not getattr(args, "log_json", False):
            raise
        logs.log_fault(_log, "the command failed", error, asked=asked)
        code = 1
    _log.info("ends with status %d", code, extra={"asked": asked, "duration_s": time.monotonic() - began_s})
    return code


def _run(args: argparse.Namespace) -> int:
    """Run the command, and say in one sentence what it cannot use."""
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
        _tell(args, f"error: {error}")
    except OSError as error:
        _tell(args, f"error: {error.filename or 'output'}: {error.strerror or error}")
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        _tell(args, f"error: a GPU's memory ran out ({str(error).split('. ')[0]}); free some, or take --device cpu")
    except KeyboardInterrupt:
        _tell(args, "stopped; run the same command again to go on")
        return 130
    return 1


def _tell(args: argparse.Namespace, sentence: str) -> None:
    """On stderr, as a record where these are JSON."""
    if getattr(args, "log_json", False):
        _log.error(sentence)
    else:
        print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
