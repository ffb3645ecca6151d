"""Base fusions by name: the five of the paper, and any that a user registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from iaca.config import ConfigError, FusionConfig

Builder = Callable[[FusionConfig], nn.Module]
HeadBuilder = Callable[[FusionConfig, int], nn.Module | None]


class RegisteredFusion(NamedTuple):
    """A base fusion that models can be built on.

    Attributes:
        build: Configuration -> module with `forward(audio (B, L, D), visual (B, L, D)) -> Attended`.
        build_before_head: Configuration and input dimension -> module that maps (B, L, input) to (B, L, D) before
            the head, or to None. RJCA has its joint BLSTM here.
        plugin: Module outside this project that registered it; None for those of the paper.
    """

    build: Builder
    build_before_head: HeadBuilder
    plugin: str | None = None


_FUSIONS: dict[str, RegisteredFusion] = {}


def nothing_before_head(config: FusionConfig, input_dim: int) -> None:
    """What most fusions have between the features and the head."""
    return None


def register_fusion(name: str, build: Builder, build_before_head: HeadBuilder = nothing_before_head) -> None:
    """Make a base fusion known, so that it gets gates, training, checkpoints and a place in the dashboard.

    A checkpoint stores the name of the module that defines `build`; it is never imported because a file says so.

    Args:
        name: Lower-case name, used in configurations and checkpoints.
        build: Makes the module; see `RegisteredFusion`.
        build_before_head: Makes a module between the features and the head, if there is one.

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
    _FUSIONS[name] = RegisteredFusion(build, build_before_head, plugin)


def registered_fusion(name: str) -> RegisteredFusion:
    """The fusion of that name.

    Raises:
        ConfigError: No fusion has this name; the message lists those that exist.
    """
    if name not in _FUSIONS:
        raise ConfigError(f"fusion is {name!r}; expected one of: {', '.join(fusion_names())}")
    return _FUSIONS[name]


def plugin_modules() -> tuple[str, ...]:
    """Names of the modules outside this project that registered fusions."""
    return tuple(dict.fromkeys(fusion.plugin for fusion in _FUSIONS.values() if fusion.plugin))


def fusion_names() -> tuple[str, ...]:
    """Names of all registered fusions, in the order of registration."""
    return tuple(_FUSIONS)
