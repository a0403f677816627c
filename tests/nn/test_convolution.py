"""The causal convolution against PyTorch's, and as a sum by hand."""

from functools import partial

import torch
from torch import nn
from torch.autograd import grad
from torch.testing import assert_close

from nexus.nn.convolution import CausalConvolution


def test_it_matches_pytorchs_padded_on_the_left(matches):
    ours, theirs = CausalConvolution(3, 4), nn.Conv1d(3, 3, 4, groups=3, padding=3)
    theirs.load_state_dict({"weight": ours.weight[:, None], "bias": ours.bias})
    x = torch.randn(2, 7, 3, requires_grad=True)
    matches(nn.Conv1d, ours(x), theirs(x.mT)[..., :7].mT, wrt=(x,))


def test_by_hand_the_last_weight_meets_the_newest_token():
    layer = CausalConvolution(1, 3)
    layer.weight.data, layer.bias.data = torch.tensor([[100.0, 10, 1]]), torch.tensor([0.5])
    x = torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1)
    assert layer(x).flatten().tolist() == [1.5, 12.5, 123.5, 234.5]


def test_a_step_keeps_the_last_inputs_only():
    layer = CausalConvolution(2, 3)
    state, x, y = layer.start(5), torch.randn(5, 4, 2), torch.tensor(0)
    for token in x.unbind(1):
        y, state = layer.step(token, state)
    assert_close(y, layer(x)[:, -1])
    assert torch.equal(state.x, x[:, -2:])
    layer = CausalConvolution(2, 1)  # a window of one has nothing to keep
    y, state = layer.step(x[:, 0], layer.start(5))
    assert state.x.shape == (5, 0, 2)
    assert_close(y, layer.weight[:, 0] * x[:, 0] + layer.bias)


def test_a_gradient_goes_back_through_the_window():
    layer, x = CausalConvolution(2, 3), torch.randn(5, 4, 2, requires_grad=True)
    state, y = layer.start(5), x[:, 0]
    for token in x.unbind(1):
        y, state = layer.step(token, state)
    assert_close(*(grad(last.sum(), x)[0] for last in (y, layer(x)[:, -1])))


def test_it_begins_as_pytorchs_does():
    layer = CausalConvolution(500, 4)
    for parameter in layer.parameters():
        assert 0.49 < parameter.abs().max() <= 0.5 and abs(parameter.mean()) < 0.05


def examples():
    return [(partial(CausalConvolution, 3, 4), (torch.randn(2, 5, 3),))]
