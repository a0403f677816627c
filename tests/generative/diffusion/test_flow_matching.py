"""Flow matching against torchcfm and torchdiffeq, and the theorems that make it right."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd import grad
from torch.testing import assert_close

from nexus.generative.diffusion import flow_matching as fm


def network():
    layers = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 6))
    return layers, lambda x, t: layers(torch.cat([x.flatten(1), t[:, None]], 1)).view_as(x)


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.7])
def test_path_and_loss_match_torchcfm(sigma, matches):
    oracle = pytest.importorskip("torchcfm.conditional_flow_matching")
    theirs, (layers, net) = oracle.TargetConditionalFlowMatcher(sigma), network()
    x0, x1 = (torch.randn(4, 2, 3, requires_grad=True) for _ in "01")
    loss = fm.cfm_loss(net, x1, sigma_min=sigma, generator=torch.Generator().manual_seed(3))
    draw, call = torch.Generator().manual_seed(3), theirs.sample_location_and_conditional_flow
    t, noise = torch.rand(4, generator=draw), torch.randn(4, 2, 3, generator=draw)
    theirs.sample_noise_like = lambda x: noise
    _, xt, target = call(noise, x1, t)
    matches(call, loss, (net(xt, t) - target).square().mean(), wrt=[x1, *layers.parameters()])
    ours = fm.conditional_flow(x0, x1, t.requires_grad_(), sigma_min=sigma)
    matches(theirs.sample_xt, ours, theirs.sample_xt(x0, x1, t, x0), wrt=(x0, x1, t))
    ours = fm.conditional_velocity(x0, x1, t, sigma_min=sigma)
    call = theirs.compute_conditional_flow
    matches(call, ours, call(None, x1, t, x0), wrt=(x0, x1, t))


@pytest.mark.parametrize("advance", [fm.euler, fm.midpoint])
def test_every_state_matches_torchdiffeq(advance, matches):
    odeint, (layers, net) = pytest.importorskip("torchdiffeq").odeint, network()
    x, grid = torch.randn(4, 2, 3, requires_grad=True), torch.linspace(0, 1, 6)
    ours = torch.stack([x, *fm.integrate(advance, net, x, steps=5)])
    wants = odeint(lambda t, y: net(y, t.expand(4)), x, grid, method=advance.__name__)
    matches(odeint, ours, wants, wrt=[x, *layers.parameters()])


@pytest.mark.law("given its data, a point is at t x_1 on average, 1 - (1 - σ_min) t around it")
def test_path():
    t, x1 = torch.tensor([0, 0.25, 0.5, 1]), torch.tensor([[3.0, -1], [2, 5], [-4, 1], [6, 7]])
    ends, std = (torch.zeros(4, 2), torch.ones(4, 2)), torch.tensor([1, 0.825, 0.65, 0.3])
    mean, outside = (fm.conditional_flow(x0, x1, t, sigma_min=0.3) for x0 in ends)
    assert_close(outside - mean, std[:, None].expand(4, 2))
    assert_close((mean, fm.path_std(t, sigma_min=0.3)), (t[:, None] * x1, std))
    assert_close(fm.conditional_velocity(outside, x1, t, sigma_min=0.3), x1 - 0.7)  # at any time


@pytest.mark.law("the FM and the CFM loss have one gradient: theorem 2, summed over data, x and t")
def test_theorem_2():
    data, layers = torch.tensor([[-1.5], [0.5], [2.0]]), nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    x, last = torch.linspace(-9, 9, 1201)[:, None], torch.randn(3, 1)
    cfm = marginal = torch.zeros(())
    for time in (0.0, 0.3, 0.8, 1.0):
        t, std = torch.full((1201,), time), 1 - 0.6 * time
        guess = layers(torch.cat([x, t[:, None]], 1)) @ last
        density = [(-(((x - time * x1) / std) ** 2) / 2).exp() / std for x1 in data]
        for x1, p in zip(data, density, strict=True):
            line = fm.conditional_velocity(x, x1.expand(1201, 1), t, sigma_min=0.4)
            cfm = cfm + (p * (guess - line) ** 2).sum()
        mean = fm.marginal_velocity(x, t, data, sigma_min=0.4)
        marginal = marginal + (sum(density) * (guess - mean) ** 2).sum()
    slope, same = (grad(y, [*layers.parameters()], retain_graph=True) for y in (cfm, marginal))
    assert all(each.abs().max() > 1 for each in slope) and cfm > marginal + 1
    assert_close(slope, same)


@pytest.mark.law("the exact field of a data set carries noise to its members, each as often")
def test_the_exact_field_ends_at_the_data():
    data = torch.tensor([[[1.0, 2, 0]], [[-2, 0, 1]], [[0, -1, -3]]])
    exact = partial(fm.marginal_velocity, data=data, sigma_min=0.0)
    *_, end = fm.integrate(fm.euler, exact, torch.randn(900, 1, 3), steps=100)
    gap, member = (end[:, None] - data).flatten(2).norm(dim=2).min(1)
    assert gap.max() < 0.02 and (member.bincount(minlength=3) - 300).abs().max() < 60


@pytest.mark.law("from normal noise to normal data the flow has the data's mean and covariance")
def test_gaussian_to_gaussian():
    cov, mean, eye = torch.tensor([[2.2, -1.3], [-1.3, 1]]), torch.tensor([2.0, -1]), torch.eye(2)

    def field(x, t):  # E[x_1 | x] by the formula for jointly normal vectors
        gain = t[0] * cov @ torch.linalg.inv(t[0] ** 2 * cov + (1 - 0.8 * t[0]) ** 2 * eye)
        told = mean + (x - t[0] * mean) @ gain.T
        return fm.conditional_velocity(x, told, t, sigma_min=0.2)

    *_, end = fm.integrate(fm.midpoint, field, torch.eye(3)[:, 1:], steps=400)
    slope = (end[1:] - end[0]).T  # the flow is affine: three points tell it
    assert_close((end[0], slope @ slope.T), (mean, cov + 0.04 * eye), rtol=0, atol=1e-4)
    x, t = torch.tensor([[0.5, -1], [1, 0]]), torch.tensor([0.2, 0.6])
    many = mean + torch.randn(60000, 2) @ torch.linalg.cholesky(cov).T  # has the same field
    want = torch.cat([field(x[i : i + 1], t[i : i + 1]) for i in (0, 1)])
    assert_close(fm.marginal_velocity(x, t, many, sigma_min=0.2), want, rtol=0, atol=0.05)


@pytest.mark.law("half the step is half Euler's error, a quarter of the midpoint rule's")
@pytest.mark.parametrize("advance, calls, factor", [(fm.euler, 1, 2), (fm.midpoint, 2, 4)])
def test_order_and_calls(advance, calls, factor):
    told, error = [], []
    grow, grid = lambda x, t: told.extend(t[:1]) or x * (1 + t[:, None]), torch.arange(200.0)
    for steps in (50, 100):
        *_, end = fm.integrate(advance, grow, torch.ones(2, 1), steps=steps)
        error.append(abs(end[0, 0] - math.exp(1.5)))  # x = exp(t + t² / 2)
    assert_close(torch.stack(told[50 * calls :]), grid[: 100 * calls] / 100 / calls)  # never 1
    assert error[0] / error[1] == pytest.approx(factor, rel=0.05)


@pytest.mark.law("every sample has a time and a noise of its own, and the times are even")
def test_draws():
    told, x1 = [], torch.full((4000, 3), 0.3).float()
    fm.cfm_loss(lambda *x: told.extend(x) or 0 * x[0], x1, sigma_min=0.2)
    noise = (told[0] - 0.3 * told[1][:, None]) / (1 - 0.8 * told[1][:, None])
    assert len(told[1].unique()) > 3990 and len(noise.unique()) > 11900
    assert (10 * told[1]).long().bincount(minlength=10).sub(400).abs().max() < 80
    assert noise.mean().abs() < 0.03 > noise.std().sub(1).abs() and noise.dtype == x1.dtype


@pytest.mark.worked("data -1 and 1, σ_min = 0, x = t = 1/2: E x_1 = tanh 1, so u = 2 tanh 1 - 1")
def test_two_points():
    half, data = torch.tensor([0.5]), torch.tensor([[-1.0], [1]], requires_grad=True)
    u, tanh = fm.marginal_velocity(half[None], half, data, sigma_min=0.0).sum(), math.tanh(1)
    farther = (grad(u, data)[0] * data).sum()  # if both data move away from 0
    want = torch.tensor([2 * tanh - 1, 2 * tanh + 2 - 2 * tanh**2])
    assert_close(torch.stack([u, farther]), want)


def test_what_is_no_end_is_refused():
    for sigma in (-0.1, 1.0):
        with pytest.raises(ValueError, match=rf"sigma_min={sigma} is not within \[0, 1\)"):
            fm.path_std(torch.ones(3), sigma_min=sigma)


def examples():
    (x, y), t = torch.randn(2, 3, 4, 5), torch.tensor([0.1, 0.5, 0.9])
    net, small = (lambda x, t: x * t[:, None, None]), {"sigma_min": 0.1}
    return [
        (partial(fm.path_std, **small), (t,)),
        *((partial(f, **small), (x, y, t)) for f in (fm.conditional_flow, fm.conditional_velocity)),
        (partial(fm.marginal_velocity, data=torch.randn(7, 4, 5), **small), (x, t)),
        (partial(fm.cfm_loss, net, **small), (x,)),
        *((partial(advance, net, step=0.1), (x, t)) for advance in (fm.euler, fm.midpoint)),
        (partial(fm.integrate, fm.midpoint, net, steps=3), (x,)),
    ]
