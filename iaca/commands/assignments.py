"""Settings from the command line: `--set TABLE.FIELD=VALUE`, and their list in `--help`."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from iaca.commands import CommandError
from iaca.config.settings import Setting, settings_of


def add_set(
    parser: argparse.ArgumentParser,
    tables: Mapping[str, type],
    *,
    fixed: Collection[str] = (),
    derived: Mapping[str, str] | None = None,
) -> None:
    """Add --set, and list every setting with its default and unit below the help.

    Args:
        parser: The command.
        tables: Name of a table -> its configuration.
        fixed: Settings that cannot be chosen.
        derived: Setting -> what its default follows from.
    """
    parser.add_argument(
        "--set", dest="assignments", action="append", default=[], metavar="TABLE.FIELD=VALUE",
        help="one setting of those listed below; may be repeated, and wins over everything else",
    )  # fmt: skip
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines = [parser.epilog, ""] if parser.epilog else []
    for table, kind in tables.items():
        lines.append(f"[{table}]")
        lines += [
            f"  {one.name} = {(derived or {}).get(one.name) or _default(one)}: {one.line}"
            for one in settings_of(kind)
            if one.name not in fixed
        ]
    parser.epilog = "\n".join(lines)


def assigned(
    assignments: Collection[str], tables: Collection[str], *, fixed: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """What --set was given, by table; the later of two wins.

    Values are written as in TOML; a word needs no quotes.

    Args:
        assignments: Each "table.field=value".
        tables: Tables that there are.
        fixed: Setting that cannot be chosen -> why.

    Raises:
        CommandError: One is not of this form, its table does not exist, or its setting cannot be chosen.
    """
    values: dict[str, dict[str, Any]] = {table: {} for table in tables}
    for assignment in assignments:
        place, equals, text = assignment.partition("=")
        table, dot, name = place.strip().partition(".")
        if not (equals and dot and name):
            raise CommandError(f"--set is {assignment!r}; expected TABLE.FIELD=VALUE, such as training.epochs=40")
        if table not in values:
            raise CommandError(f"--set names the table {table!r}; expected one of: {', '.join(tables)}")
        if name in (fixed or {}):
            raise CommandError(f"--set names {name!r}; {(fixed or {})[name]}")
        values[table][name] = _value(text.strip())
    return values


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return float(text)  # .5, which TOML does not know
    except ValueError:
        return text


def _default(one: Setting) -> str:
    if isinstance(one.default, bool):
        return str(one.default).lower()
    return str(list(one.default)) if isinstance(one.default, tuple) else str(one.default)
