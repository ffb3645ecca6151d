"""The symbols of the papers and the tensors that hold them."""

from __future__ import annotations

from iaca.config import RELATED_GATES, FusionConfig, Gate
from iaca.models.fusions.registry import Symbol, registered_fusion
from iaca.models.related_gates import GATE_SYMBOLS


def symbols(config: FusionConfig) -> dict[str, str]:
    """Map symbols of the papers to names in the state dict, for the fusion's matrices and for the gates.

    Matrices are stored as the paper writes them (W of eq 1 is D x D, W_ja is L x L, W_gl of eq 5 is D x 2), linear
    layers as torch does (`.weight` is output x input).

    Raises:
        ConfigError: The fusion is not registered.
    """
    names = {}
    for trunk in config.trunks:
        for module, listed in (
            ("attention", registered_fusion(config.fusion).symbols(config)),
            ("gating", _gate_symbols(config)),
        ):
            for symbol, tensor, place in listed:
                where = f"{place}, {trunk}" if place else trunk
                names[f"{symbol} ({where})"] = f"trunks.{trunk}.{module}.{tensor}"
    return names


def _gate_symbols(config: FusionConfig) -> list[Symbol]:
    if not config.iaca:
        return []
    if config.gate in RELATED_GATES:
        return list(GATE_SYMBOLS[config.gate])
    found = [Symbol("FC", "fc")]
    if config.stage1 and config.gate is Gate.LEARNED:
        found[:0] = [Symbol("W_gl,a", "W_gl_audio"), Symbol("W_gl,v", "W_gl_visual")]
    if config.stage2 and config.gate is Gate.LEARNED:
        found.append(Symbol("gate of G_av", "gate_av"))
    return found
