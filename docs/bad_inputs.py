"""What every command says of what it cannot use: the table bad-inputs.md. Made with: python -m docs.bad_inputs"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from docs import bad_arguments, bad_files, bad_lists
from iaca.__main__ import main
from iaca.resources import shipped

TABLE = Path(__file__).with_name("bad-inputs.md")
LIMIT_S = 60
LONGEST = 110
BAR = r"\d%\||\?(subject|clip)/s|\dclip/s"
"""Of a line that shows progress."""
HEAD = """# What is said of bad input

Every row was given to the command line, which answered with one sentence and an exit status other than 0. There are
{number:,} of them; none ended in a traceback, hung, or was accepted. `f` is a folder with two feature files,
`ca.safetensors` a model, `file` a text file and `empty` an empty folder; damaged files are made from those of the demo.
`python -m docs.bad_inputs` makes this page again, and a test repeats a sample of it.
"""


class Case(NamedTuple):
    """One bad input.

    Attributes:
        group: What kind it is of.
        name: What the table calls it.
        arguments: Of the command line.
        prepare: Writes the files that it needs into the working folder.
    """

    group: str
    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None] = lambda folder: None


class Outcome(NamedTuple):
    """How a case ended: `sentence`, `lines` (none or several), `traceback`, `hang` or `accepted`; and what was said."""

    kind: str
    said: str


def cases() -> Iterator[Case]:
    """All of them, each once."""
    seen = set()
    for group, listed in (("Arguments", bad_arguments.arguments()), ("Settings", bad_arguments.settings())):
        for arguments in listed:
            if arguments not in seen:
                seen.add(arguments)
                yield Case(group, shown("iaca " + " ".join(map(quoted, arguments))), arguments)
    for damaged in (*bad_files.files(), *bad_lists.lists()):
        yield Case(damaged.group, shown(damaged.name), damaged.arguments, damaged.prepare)


def prepare(folder: Path) -> None:
    """The files that cases name, in an empty folder."""
    (folder / "f").mkdir()
    for new, old in (("a", "strong-2001"), ("b", "mixed-2004")):
        (folder / "f" / f"{new}.safetensors").write_bytes((shipped("demo") / f"study/{old}.safetensors").read_bytes())
    (folder / "ca.safetensors").write_bytes((shipped("checkpoints") / "ca.safetensors").read_bytes())
    (folder / "empty").mkdir()
    (folder / "file").write_text("some text\n")


def outcome(case: Case, folder: Path) -> Outcome:
    """Give a case to the command line, in this process, and see what becomes of it."""
    case.prepare(folder)
    out, told = io.StringIO(), io.StringIO()

    def ring(*_: object) -> None:
        raise TimeoutError

    handlers, before = logging.getLogger().handlers[:], signal.signal(signal.SIGALRM, ring)
    signal.alarm(LIMIT_S)
    kind = ""
    try:
        with chdir(folder), redirect_stdout(out), redirect_stderr(told):
            code: object = main(case.arguments)
    except SystemExit as ended:
        code = ended.code
    except TimeoutError:
        code, kind = 1, "hang"
    except BaseException:
        code, kind = 1, "traceback"
        told.write(traceback.format_exc())
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        logging.getLogger().handlers[:] = handlers
    lines = [
        line for line in re.split(r"[\r\n]", told.getvalue()) if line.strip("\x1b[A ") and not re.search(BAR, line)
    ]
    errors = [line for line in lines if re.match(r"([\w .-]+: )?error: ", line)]
    said = (
        re.sub(r"^.*?error: ", "", errors[-1]) if errors else (lines or out.getvalue().splitlines() or [""])[-1].strip()
    )
    if not kind:
        # What is wrong with one of many subjects is a line without "error": its name, the reason, and what to do.
        kind = "accepted" if code in (0, None) else "sentence" if len(errors or lines) == 1 else "lines"
    return Outcome(kind, _anywhere(said, folder))


def quoted(word: str) -> str:
    """A word of a command line as one would type it."""
    return word if re.fullmatch(r"[\w./:=@+-]+", word, re.ASCII) else "'" + word + "'"


def shown(text: str) -> str:
    """A text on one line, without signs that cannot be seen, cut where it is long."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 20]}…{line[-18:]}"


def cell(text: str) -> str:
    """A text in a table of Markdown, as code."""
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def _anywhere(said: str, folder: Path) -> str:
    """What is said, without what differs from machine to machine."""
    said = said.replace(str(folder), ".").replace(os.getcwd(), ".")
    said = re.sub(r"expected one of: (cuda:\d+, )*cpu\b", "expected one of: cpu", said)
    said = re.sub(r"(which this machine does not have) \(.*\)(; expected)", r"\1\2", said)
    # Before Python 3.12, argparse puts each choice into quotes.
    said = re.sub(r"\(choose from .*\)$", lambda found: found[0].replace("'", ""), said)
    return said if len(said) <= 4 * LONGEST else said[: 4 * LONGEST] + "…"


def row(case: Case, found: Outcome) -> str:
    """A row of the table."""
    return f"| {cell(case.name)} | {cell(shown_whole(found.said))} |"


def shown_whole(said: str) -> str:
    """What was said, on one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in said)


def write() -> int:
    """Write the table, and name on stderr every case that did not end in a sentence.

    Returns:
        0, or 1 where there is one.
    """
    lines, counts, group = [], Counter[str](), ""
    with tempfile.TemporaryDirectory(prefix="iaca-bad-") as name:
        folder = Path(name).resolve()
        os.environ["IACA_CACHE"] = str(folder / "cache")
        prepare(folder)
        for case in tqdm(list(cases()), unit="case"):
            found = outcome(case, folder)
            counts[found.kind] += 1
            if found.kind != "sentence":
                print(f"{found.kind}: {case.name}: {found.said[-200:]}", file=sys.stderr)
                continue
            if case.group != group:
                group = case.group
                lines += [f"\n## {group}\n", "| Input | What is said |", "| --- | --- |"]
            lines.append(row(case, found))
    head = HEAD.format(number=counts["sentence"])
    TABLE.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    print(dict(counts), file=sys.stderr)
    return int(set(counts) != {"sentence"})


if __name__ == "__main__":
    sys.exit(write())
