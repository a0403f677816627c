"""The network of the image experiments: every part is there, and does what it is there for."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nexus.nn.denoiser import Denoiser, TimedBlock, TimeWaves


def awake(size):
    """A network whose last layer no longer is zero."""
    network = Denoiser(size, width=8, depth=2, waves=3)
    nn.init.normal_(network.write.weight)
    nn.init.normal_(network.place)
    return network


def test_it_starts_as_zero():
    x, t = torch.randn(3, 5, 5), torch.rand(3)
    assert (Denoiser(5)(x, t) == 0).all()


def test_waves_by_hand():
    waves = TimeWaves(3)  # 1, √1000 and 1000 radians
    angle = 0.5 * torch.tensor([1, 1000**0.5, 1000])
    assert_close(waves(torch.tensor([0.5]))[0], torch.cat([angle.sin(), angle.cos()]))
    assert_close(waves(torch.zeros(1))[0], torch.tensor([0.0, 0, 0, 1, 1, 1]))


def test_a_block_by_hand():
    block = TimedBlock(8, waves=3)
    x, time = torch.randn(2, 8, 4, 5), torch.randn(2, 6)
    scale, shift = (time @ block.modulate.weight.T + block.modulate.bias)[..., None, None].split(
        8, 1
    )
    groups = x.unflatten(1, (4, 2)).flatten(2)  # a norm for each pair of channels
    norm = (groups - groups.mean(2, keepdim=True)) / (
        groups.var(2, correction=0, keepdim=True) + 1e-5
    ).sqrt()
    inner = block.before(norm.view_as(x) * (1 + scale) + shift)
    assert_close(block(x, time), x + block.after(inner * inner.sigmoid()))


def test_a_block_that_is_silent_passes_on():
    network = awake(5)
    for name, weight in network.named_parameters():
        if ".after." in name:
            nn.init.zeros_(weight)
    x, t = torch.randn(3, 5, 5), torch.rand(3)
    assert_close(network(x, t), network.write(network.read(x[:, None]) + network.place)[:, 0])


def test_the_time_reaches_the_picture():
    network, x = awake(5), torch.randn(1, 5, 5).expand(2, 5, 5)
    early, late = network(x, torch.tensor([0.1, 0.9]))
    assert (early - late).abs().max() > 1e-3


def test_every_pixel_reaches_every_pixel():
    network, x = Denoiser(8), torch.randn(1, 8, 8, requires_grad=True)
    nn.init.normal_(network.write.weight)
    (slope,) = torch.autograd.grad(network(x, torch.rand(1))[0, 0, 0], x)
    assert (slope != 0).all()  # 3 blocks of 2 convolutions, first and last: 8 pixels far


def test_its_sizes():
    network = Denoiser(5, width=8, depth=2, waves=3)
    assert len(network.blocks) == 2 and network.place.shape == (8, 5, 5)
    assert sum(w.numel() for w in Denoiser(8).parameters()) == 42601
    with pytest.raises(ValueError, match="width=10 is not a multiple of 4"):
        Denoiser(8, width=10)


def examples():
    x, t = torch.randn(3, 5, 5), torch.rand(3)
    return [
        (partial(TimeWaves, 3), (t,)),
        (partial(TimedBlock, 8, 3), (torch.randn(3, 8, 5, 4), torch.randn(3, 6))),
        (partial(Denoiser, 5, width=8, depth=2, waves=3), (x, t)),
    ]
