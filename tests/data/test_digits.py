"""The pictures that come with the package are the ones that were collected."""

from functools import partial

import torch

from nexus.data.digits import digits


def test_they_are_all_there():
    train, test = digits()
    assert train.images.shape == (1437, 8, 8) and test.images.shape == (360, 8, 8)
    labels = torch.cat([train.labels, test.labels])
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_pixels_are_sixteenths_of_ink():
    train, test = digits()
    images = torch.cat([train.images, test.images])
    assert images.dtype == torch.get_default_dtype()
    assert (16 * images).sum() == 561718 and images.min() == 0 and images.max() == 1
    assert (16 * images % 1 == 0).all()


def test_the_first_picture_is_a_nought():
    (image, *_), (label, *_) = digits()[0]
    drawn = ["".join(" .#"[int(2 * pixel)] for pixel in row) for row in image.tolist()]
    print(*drawn, sep="\n")
    assert label == 0
    assert image[3:5, 3:5].sum() < 0.2 * image[1:7, 1:7].sum() and image[3, 2] > 0.4


def test_nearest_neighbours_recognise_them():
    train, test = digits()
    distance = torch.cdist(test.images.flatten(1), train.images.flatten(1))
    right = (train.labels[distance.argmin(1)] == test.labels).double().mean()
    assert 0.95 < right < 1  # images and labels are in step, and the two parts do not overlap


def examples():
    return [(partial(digits), ())]
