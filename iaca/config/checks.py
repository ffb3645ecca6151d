"""Checks that refuse a bad setting with a sentence: its name, its value and what was expected."""

from __future__ import annotations

from dataclasses import MISSING, fields
from enum import StrEnum
from numbers import Integral, Real
from typing import Any, TypeGuard, TypeVar

from iaca.config.vocabulary import CLIP_FRAMES
from iaca.errors import InputError


class ConfigError(InputError):
    """An invalid configuration: the message names the field, its value and what was expected."""


MOST_UNITS = 2**16
MOST_LAYERS = 256
"""Largest dimension and depth of a network; a damaged file may ask for more."""

MOST_STEPS = 10**7
"""Largest number of epochs, of steps in one, and of windows or clips in a batch: more never ends, or fits no memory."""

LOWEST_RATE, HIGHEST_RATE = 1e-12, 100.0
"""Bounds of a learning rate: below them no weight changes in float32, above them every run diverges."""

LOWEST_NORM, HIGHEST_NORM = 1e-6, 1e6
"""Bounds of the norm that gradients are clipped to; the highest clips nothing."""

HIGHEST_WEIGHT = 1e6
"""Largest weight of a part of a loss, or of the decay."""

MOST_SEED = 2**63 - 1
"""Largest seed."""

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 1e-6, 1e6
"""Bounds of a gate's temperature: beyond them its softmax overflows, or is flat to the last bit."""


Choice = TypeVar("Choice", bound=StrEnum)


def member_of(kind: type[Choice], name: str, value: Any) -> Choice:
    """The member of an enum that a value of field `name` stands for.

    Raises:
        ConfigError: There is no such member; the message lists those that exist.
    """
    try:
        return kind(value)
    except ValueError:
        expected = ", ".join(member.value for member in kind)
        raise ConfigError(f"{name} is {value!r}; expected one of: {expected}") from None


def as_enum(config: Any, name: str, kind: type[StrEnum]) -> None:
    """Replace the value of a field by the member of an enum that it stands for.

    Raises:
        ConfigError: There is no such member; the message lists those that exist.
    """
    object.__setattr__(config, name, member_of(kind, name, getattr(config, name)))


def from_fields(kind: type, values: dict[str, Any]) -> Any:
    """Make a configuration from a dict.

    Raises:
        ConfigError: A field is unknown, or its value invalid, or one without a default is missing; the message lists
            the fields that exist.
    """
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"unknown field {unknown[0]!r}; expected any of: {', '.join(sorted(known))}")
    needed = [field.name for field in fields(kind) if field.default is MISSING and field.name not in values]
    if needed:
        raise ConfigError(f"field {needed[0]!r} is missing; expected it beside any of: {', '.join(sorted(known))}")
    return kind(**values)


def check_seed(config: Any) -> None:
    """Raise ConfigError unless field `seed` is a whole number that every generator takes."""
    at_least(config, 0, "seed")
    at_most(config, MOST_SEED, "seed")


def at_most(config: Any, maximum: int, *names: str) -> None:
    """Raise ConfigError for fields above `maximum`: a value that large is a mistake."""
    for name in names:
        if getattr(config, name) > maximum:
            raise ConfigError(f"{name} is {getattr(config, name)!r}; expected at most {maximum}")


def at_least(config: Any, minimum: int, *names: str) -> None:
    """Raise ConfigError for fields that are not whole numbers of at least `minimum`."""
    for name in names:
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise ConfigError(f"{name} is {value!r}; expected a whole number of at least {minimum}")


def share(config: Any, *names: str) -> None:
    """Raise ConfigError for fields that are not shares from 0 to below 1."""
    for name in names:
        value = getattr(config, name)
        if not (is_number(value) and 0 <= value < 1):
            raise ConfigError(f"{name} is {value!r}; expected a share from 0 to below 1")


def above_zero(config: Any, lowest: float, highest: float, *names: str) -> None:
    """Raise ConfigError for fields that are not numbers above 0, within bounds of what makes sense."""
    for name in names:
        value = getattr(config, name)
        if not (is_number(value) and lowest <= value <= highest):
            raise ConfigError(f"{name} is {value!r}; expected a number above 0, from {lowest:g} to {highest:g}")


def check_temperature(config: Any, *names: str) -> None:
    """Raise ConfigError for fields that are no temperature of a gate."""
    above_zero(config, LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, *names)


def not_negative(config: Any, *names: str) -> None:
    """Refuse fields that are not numbers of at least 0, within bounds of what makes sense."""
    for name in names:
        value = getattr(config, name)
        if not (is_number(value) and 0 <= value <= HIGHEST_WEIGHT):
            raise ConfigError(f"{name} is {value!r}; expected a number of at least 0, up to {HIGHEST_WEIGHT:g}")


def true_or_false(config: Any, *names: str) -> None:
    """Raise ConfigError for fields that are neither true nor false: a word such as "false" would count as true."""
    for name in names:
        if not isinstance(getattr(config, name), bool):
            raise ConfigError(f"{name} is {getattr(config, name)!r}; expected true or false")


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number; true and false are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_clip_stride(clip_stride: int) -> None:
    """Raise unless a stride divides a clip: otherwise the clips of a window would not be 32 frames apart.

    Raises:
        ConfigError: `clip_stride` is none of 1, 2, 4, 8, 16, 32.
    """
    whole = isinstance(clip_stride, Integral) and not isinstance(clip_stride, bool)
    if not whole or clip_stride < 1 or CLIP_FRAMES % clip_stride:
        raise ConfigError(f"clip_stride is {clip_stride!r}; expected one of 1, 2, 4, 8, 16, 32")
