"""Products through oneDNN are those of torch, but for the order of summation."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from iaca.models.onednn import ACTIVATIONS, linear, product


@pytest.mark.parametrize("then", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(3, 16, 24), (5, 24), (0, 24)])
@pytest.mark.parametrize("size", [1e-4, 1.0, 30.0])
def test_a_product_is_as_exact_as_torchs_own(then, shape, size):
    draw = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(one, generator=draw) for one in (shape, (40, 24), (40,)))
    x, bias = x * size, bias * size
    exact = ACTIVATIONS[then](F.linear(x.double(), weight.double(), bias.double()))
    found, plain = product(x, weight, bias, then), ACTIVATIONS[then](F.linear(x, weight, bias))
    assert found.shape == plain.shape
    if found.numel():
        limit = 2 * float((plain - exact).abs().max()) + 1e-7 * float(exact.abs().max())
        assert float((found - exact).abs().max()) <= limit


def test_parts_of_larger_tensors_and_layers_without_bias_can_be_given():
    x, layer = torch.randn(4, 24, 16).transpose(1, 2), nn.Linear(24, 7, bias=False).requires_grad_(False)
    torch.testing.assert_close(linear(layer, x, "relu"), F.relu(layer(x)), rtol=1e-5, atol=1e-6)


def test_gradients_and_other_types_take_torchs_own_product():
    x, layer = torch.randn(6, 24), nn.Linear(24, 7)
    expected = torch.autograd.grad(layer(x).tanh().sum(), layer.weight)[0]
    assert torch.equal(torch.autograd.grad(linear(layer, x, "tanh").sum(), layer.weight)[0], expected)
    double = layer.double()
    assert torch.equal(linear(double, x.double()), double(x.double()))


def test_an_exported_graph_has_operators_that_others_know():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(24, 7).requires_grad_(False)

        def forward(self, x):
            return linear(self.layer, x, "tanh")

    program = torch.export.export(Net(), (torch.randn(3, 24),))
    assert not [node for node in program.graph.nodes if "mkldnn" in str(node.target)]
