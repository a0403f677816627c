"""Patches: there and back, and the convolution that a linear layer on them is."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.nn.patches import from_patches, to_patches


def test_there_and_back():
    images = torch.randn(2, 3, 4, 6)
    patches = to_patches(images, 2)
    assert patches.shape == (2, 6, 12) and from_patches(patches, 2, 4).equal(images)
    assert patches[1, 4].equal(images[1, :, 2:, 2:4].flatten())  # the second in the second row


def test_a_linear_layer_is_a_convolution():
    images, weight = torch.randn(2, 3, 4, 6), torch.randn(5, 3, 2, 2)
    there = torch.nn.functional.conv2d(images, weight, stride=2)
    assert_close(to_patches(images, 2) @ weight.flatten(1).mT, there.flatten(2).mT)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="4 x 6 pixels cannot be cut into patches of size=4"):
        to_patches(torch.zeros(2, 3, 4, 6), 4)
    for shape, size, height in [((2, 5, 12), 2, 4), ((2, 6, 10), 2, 4), ((2, 6, 12), 2, 5)]:
        with pytest.raises(ValueError, match=f"are no patches of size=2 of pictures {height} high"):
            from_patches(torch.zeros(shape), size, height)


def examples():
    return [
        (partial(to_patches, size=2), (torch.randn(3, 1, 4, 6),)),
        (partial(from_patches, size=2, height=4), (torch.randn(3, 6, 4),)),
    ]
