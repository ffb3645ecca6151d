"""Published networks with random weights, and windows for them."""

from __future__ import annotations

import torch
from torch import Tensor

from iaca.models.published.network import Published, PublishedNetwork

SIZES = {Published.RJCA: (88, 15_947_859), Published.JCA: (50, 8_586_323), Published.DCA: (106, 18_574_967)}
KINDS = tuple(Published)


def build(kind: Published, seed: int = 0, strength: float = 1.0) -> PublishedNetwork:
    """A network with random weights; a strength above 1 drives its correlations into the bend of tanh."""
    torch.manual_seed(seed)
    model = PublishedNetwork(kind).eval().requires_grad_(False)
    for name, values in model.named_parameters():
        if "dense_coattn" in name or "gating" in name:
            values.mul_(strength)
    return model


def windows(count: int = 3, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    audio = torch.randn(count, 16, 512, generator=generator)
    visual = torch.rand(count, 16, 25088, generator=generator)
    return audio.to(dtype), visual.to(dtype)
