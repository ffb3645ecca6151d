"""What a setting is stands at the setting: `--help`, docstrings and the documentation are made from it."""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

Value = TypeVar("Value")
Kind = TypeVar("Kind", bound=type)


class Setting(NamedTuple):
    """One setting of a configuration.

    Attributes:
        name: Name of the field.
        default: Its default in plain values; None also where it has none.
        description: What it is, in a sentence.
        unit: Its unit or its range; "" where the description says it.
    """

    name: str
    default: Any
    description: str
    unit: str

    @property
    def line(self) -> str:
        """Description and unit, as in `Grid of clip ends; a finer one stores more. [frames]`."""
        return self.description + (f" [{self.unit}]" if self.unit else "")


def setting(default: Value, description: str, unit: str = "") -> Value:
    """A field of a configuration.

    Args:
        default: Its default.
        description: What it is, in a sentence.
        unit: Its unit, or its range where it has none. The members of an enum stand for themselves.

    Returns:
        What a dataclass takes for a field with this default.
    """
    if isinstance(default, StrEnum):
        unit = f"one of: {', '.join(type(default))}"
    elif isinstance(default, bool):
        unit = "true or false"
    return field(default=default, metadata={"description": description, "unit": unit})


def settings_of(kind: type) -> list[Setting]:
    """The settings of a configuration, in order."""
    return [
        Setting(
            one.name,
            None if one.default is MISSING else getattr(one.default, "value", one.default),
            one.metadata["description"],
            one.metadata["unit"],
        )
        for one in fields(kind)
    ]


def documented(kind: Kind) -> Kind:
    """Write the settings of a configuration into its docstring, as the section Attributes."""
    text, raises, rest = (kind.__doc__ or "").rstrip().partition("\n\n    Raises:")
    lines = [f"        {one.name}: {one.line}" for one in settings_of(kind)]
    kind.__doc__ = "\n".join([text, "", "    Attributes:", *lines]) + raises + rest + "\n"
    return kind
