"""The Fréchet distance against scipy's matrix root and known cases; the features on real digits."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.data.digits import digits
from nexus.data.fidelity import digit_features, frechet_distance


def test_it_matches_scipys_matrix_root(matches):
    sqrtm = pytest.importorskip("scipy.linalg").sqrtm
    a, b = torch.randn(30, 4) @ torch.randn(4, 4) + 1, torch.randn(40, 4) @ torch.randn(4, 4)
    root = torch.as_tensor(sqrtm((a.T.cov() @ b.T.cov()).numpy()).real).trace()
    means = (a.mean(0) - b.mean(0)).square().sum()
    theirs = means + a.T.cov().trace() + b.T.cov().trace() - 2 * root
    matches(sqrtm, frechet_distance(a, b), theirs, wrt=None)


@pytest.mark.law("it is symmetric, 0 for the same, a shift squared, and blind to the order of rows")
def test_distance():
    a, b, shift = torch.randn(50, 3), 2 * torch.randn(60, 3), torch.tensor([1.0, -2.0, 3.0])
    assert_close(frechet_distance(a, b), frechet_distance(b, a))
    assert_close(frechet_distance(a, b), frechet_distance(a[torch.randperm(50)], b))
    assert frechet_distance(a, a).abs() < 1e-9
    assert_close(frechet_distance(a, a + shift), torch.tensor(14.0))


@pytest.mark.worked(
    "if one feature varies: the squared difference of means plus that of deviations"
)
def test_one_feature():
    a, b = (torch.tensor([x, [1.0] * 3]).T for x in ([1.0, 3.0, 5.0], [10.0, 11.0, 12.0]))
    assert_close(frechet_distance(a, b), torch.tensor(8.0**2 + (2.0 - 1.0) ** 2))


def test_features_tell_digits_from_noise_and_each_other():
    features, (train, test) = digit_features(), digits()
    seen, unseen = (features(2 * part.images - 1) for part in (train, test))
    noise = features(torch.randn(360, 8, 8))
    assert frechet_distance(seen[:360], unseen) < frechet_distance(noise, unseen) / 10
    centers = torch.stack([seen[train.labels == label].mean(0) for label in range(10)])
    assert (torch.cdist(unseen, centers).argmin(1) == test.labels).float().mean() > 0.85


def test_features_are_the_same_each_time_and_leave_the_generator_alone():
    torch.manual_seed(7)
    first, x = digit_features(), torch.randn(3, 8, 8)
    drawn = torch.rand(2)
    torch.manual_seed(7)
    torch.randn(3, 8, 8)
    assert torch.equal(torch.rand(2), drawn)
    assert torch.equal(first(x), digit_features()(x))


def examples():
    return [
        (partial(digit_features), ()),
        (partial(frechet_distance), (torch.randn(9, 4), torch.randn(8, 4))),
    ]
