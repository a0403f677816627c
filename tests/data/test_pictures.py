"""The pictures that come with the package are the ones that were collected."""

from functools import partial

import pytest
import torch

from nexus.data.pictures import GARMENTS, fashion, mnist, read


def test_they_are_all_there():
    train, test = mnist()
    assert train.images.shape == (4000, 28, 28) and test.images.shape == (1000, 28, 28)
    assert train.labels.bincount().tolist() == [400] * 10 and test.labels.bincount().eq(100).all()
    train, test = fashion()
    assert train.images.shape == (6000, 28, 28) and test.images.shape == (1000, 28, 28)
    assert train.labels.bincount().tolist()[:3] == [560, 643, 608] and len(GARMENTS) == 10
    assert GARMENTS[train.labels[0]] == "boot" and GARMENTS[train.labels[1]] == "T-shirt"


@pytest.mark.parametrize("pictures, ink", [(mnist, 514_773), (fashion, 1_571_390)])
def test_pixels_are_bytes(pictures, ink):
    images = torch.cat([part.images for part in pictures()])
    assert images.dtype == torch.get_default_dtype() and images.min() == 0 and images.max() == 1
    assert (255 * images - (255 * images).round()).abs().max() < 1e-9
    assert round(images.sum().item()) == ink


@pytest.mark.parametrize("pictures, least", [(mnist, 0.9), (fashion, 0.75)])
def test_nearest_neighbours_recognise_them(pictures, least):
    train, test = (part._replace(images=part.images.float().flatten(1)) for part in pictures())
    nearest = torch.cdist(test.images, train.images).argmin(1)
    right = (train.labels[nearest] == test.labels).double().mean()
    assert least < right < 0.97  # images and labels are in step, and the two parts do not overlap


def examples():
    digits = partial(read, "digits", training=1437, most=16)
    return [(partial(mnist), ()), (partial(fashion), ()), (digits, ())]
