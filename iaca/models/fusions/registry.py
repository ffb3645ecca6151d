"""The registry of base fusions. An entry holds everything that the rest of the project needs to know of a fusion."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from torch import nn

from iaca.config import RELATED_GATES, ConfigError, FusionConfig, Gate

Builder = Callable[[FusionConfig], nn.Module]
HeadBuilder = Callable[[FusionConfig, int], nn.Module | None]


class MapRows(StrEnum):
    """Whose clips the rows of a modality's map stand for: those of its `own` modality, or of the `other` one."""

    OWN = "own"
    OTHER = "other"


class Symbol(NamedTuple):
    """A matrix of a paper and where the state dict keeps it.

    Attributes:
        symbol: As the paper writes it, such as W_ja.
        tensor: Name in the state dict of the module that `build` makes.
        place: Where in the fusion, if the symbol occurs more than once: "recursion 1".
    """

    symbol: str
    tensor: str
    place: str = ""


ConfigCheck = Callable[[FusionConfig], FusionConfig]
SymbolTable = Callable[[FusionConfig], list[Symbol]]


class RegisteredFusion(NamedTuple):
    """A base fusion that models can be built on.

    Attributes:
        build: Configuration -> module with `forward(audio (B, L, D), visual (B, L, D)) -> Attended`.
        build_before_head: Configuration and input dimension -> module that maps (B, L, input) to (B, L, D) before
            the head, or None. RJCA has its joint BLSTM here.
        title: Its name on screen.
        check: Raises ConfigError if a configuration does not fit the fusion; returns it otherwise, with the fields that
            the fusion determines.
        map_rows: Whose clips the rows of its maps stand for; columns are of the other modality. Only for maps over
            clips.
        symbols: Configuration -> matrices that `iaca describe` names.
        order: Its place in lists.
        plugin: Module outside this project that registered it; None for the project's own.
    """

    build: Builder
    build_before_head: HeadBuilder
    title: str
    check: ConfigCheck
    map_rows: MapRows
    symbols: SymbolTable
    order: float
    plugin: str | None


_FUSIONS: dict[str, RegisteredFusion] = {}


def nothing_before_head(config: FusionConfig, input_dim: int) -> None:
    """No module between the features and the head, as in most fusions."""
    return None


def any_config(config: FusionConfig) -> FusionConfig:
    """Accept every configuration."""
    return config


def no_symbols(config: FusionConfig) -> list[Symbol]:
    """No symbols: the matrices have no names in a paper."""
    return []


def register_fusion(
    name: str,
    build: Builder,
    build_before_head: HeadBuilder = nothing_before_head,
    *,
    title: str | None = None,
    check: ConfigCheck = any_config,
    map_rows: MapRows | str = MapRows.OWN,
    symbols: SymbolTable = no_symbols,
    order: float = math.inf,
) -> None:
    """Register a base fusion: it gets gates, training, checkpoints and a place in the dashboard.

    A checkpoint stores the name of the module that defines `build`; it is never imported because a file says so.

    Args:
        name: Lower-case name, used in configurations and checkpoints.
        build: Makes the module; see `RegisteredFusion`.
        build_before_head: Makes a module between the features and the head, if there is one.
        title: Its name on screen; None: `name` in capitals.
        check: Refuses configurations that do not fit; see `RegisteredFusion`.
        map_rows: Whose clips the rows of a modality's map stand for, `own` or `other`.
        symbols: Lists the matrices that `iaca describe` names.
        order: Its place in lists, ascending; those without one follow in the order of registration.

    Raises:
        ConfigError: The name is not in lower case, or a fusion of another module has it.
    """
    if not name or name != name.lower():
        raise ConfigError(f"fusion name is {name!r}; expected lower case")
    module = getattr(build, "__module__", None) or "__main__"
    plugin = None if module.startswith("iaca.") else module
    known = _FUSIONS.get(name)
    if known is not None and known.plugin != plugin:
        raise ConfigError(f"fusion name {name!r} is already taken by {known.plugin or 'iaca'}; expected another name")
    _FUSIONS[name] = RegisteredFusion(
        build, build_before_head, title or name.upper(), check, MapRows(map_rows), symbols, order, plugin
    )


def registered_fusion(name: str) -> RegisteredFusion:
    """Look up a fusion by name.

    Raises:
        ConfigError: No fusion has this name; the message lists those that exist.
    """
    if name not in _FUSIONS:
        raise ConfigError(f"fusion is {name!r}; expected one of: {', '.join(fusion_names())}")
    return _FUSIONS[name]


def fusion_names() -> tuple[str, ...]:
    """Names of all registered fusions: the paper's in its order, then the others, then those of plugins."""
    return tuple(sorted(_FUSIONS, key=lambda name: _FUSIONS[name].order))


def plugin_modules() -> tuple[str, ...]:
    """Names of the modules outside this project that registered fusions."""
    return tuple(dict.fromkeys(fusion.plugin for fusion in _FUSIONS.values() if fusion.plugin))


def checked(config: FusionConfig) -> FusionConfig:
    """Check a configuration against its fusion, and fill in the fields that the fusion determines.

    Raises:
        ConfigError: The fusion is not registered, or the configuration does not fit it.
    """
    return registered_fusion(config.fusion).check(config)


def model_title(fusion: str, iaca: bool = False, gate: Gate = Gate.LEARNED) -> str:
    """The name of a model on screen: CA, CA+IACA, CA+GMU, ...

    Args:
        fusion: Name of its fusion. One that is not registered, such as that of a plugin that was not loaded, is shown
            in capitals.
        iaca: Whether it has gates.
        gate: Which gates; those of related work have a name of their own, and controls say that they are controls.
    """
    known = _FUSIONS.get(fusion)
    gates = "IACA" if gate is Gate.LEARNED else f"{gate.value} gates"
    if gate in RELATED_GATES:
        gates = RELATED_GATES[gate].title
    return (known.title if known else fusion.upper()) + (f"+{gates}" if iaca else "")
