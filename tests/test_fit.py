"""The training loop on a problem whose every loss is known."""

from functools import partial

import pytest
import torch

from nexus.fit import fit


def test_gradient_descent_on_a_parabola():
    x = torch.tensor(8.0, requires_grad=True)
    losses = fit(lambda: x**2 / 2, torch.optim.SGD([x], lr=0.5), steps=3)
    assert losses == [32.0, 8.0, 2.0] and x.item() == 1.0


def test_a_loss_that_is_not_finite_stops_before_it_harms():
    x = torch.tensor(2.0, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=1.0)
    with pytest.raises(ValueError, match="the loss is inf at step 2"):
        fit(lambda: x if x > 0 else x + torch.inf, optimizer, steps=9)
    assert x.item() == 0.0
    with pytest.raises(ValueError, match="the loss is nan at step 0"):
        fit(lambda: x * torch.nan, optimizer, steps=9)


def examples():
    x = torch.tensor(8.0, requires_grad=True)
    return [(partial(fit, steps=3), (lambda: x**2 / 2, torch.optim.SGD([x], lr=0.5)))]
