"""Denoising diffusion against diffusers' scheduler, and the laws that make it right."""

import math
from functools import partial

import pytest
import torch
from torch import Generator, nn
from torch.distributions import Normal
from torch.testing import assert_close

from nexus.generative.diffusion import ddpm
from nexus.generative.diffusion.ddpm import linear_schedule, p_mean, p_sample, posterior, q_sample


def knows(s, expected):  # the best network, from E[x_0 | x_t] as a function of x_t and ᾱ_t
    def network(x, time):
        bar = s.alpha_bar[(time * (len(s.beta) - 1)).round().long(), None, None]
        return (x - bar.sqrt() * expected(x, bar)) / (1 - bar).sqrt()

    return network


@pytest.mark.parametrize("kind", ["fixed_small", "fixed_large"])
def test_every_step_matches_diffusers(kind, matches):
    scheduler, s = pytest.importorskip("diffusers").DDPMScheduler, linear_schedule(40)
    theirs = scheduler(40, 25e-4, 0.5, variance_type=kind, clip_sample=False)
    assert_close(theirs.alphas_cumprod.double(), s.alpha_bar[1:], rtol=1e-5, atol=0)
    theirs.alphas_cumprod = s.alpha_bar[1:]  # theirs is float32, always
    s = s._replace(variance=s.beta_tilde) if kind == "fixed_small" else s
    x, noise = (torch.randn(40, 2, 3, requires_grad=True) for _ in "xn")
    t, ours, wants = torch.arange(1, 41), [], []
    for i in range(40):
        at, draws = slice(i, i + 1), [Generator().manual_seed(i) for _ in "ab"]
        back = p_sample(x[at], t[at], noise[at], s, generator=draws[0])
        ours += [back, ddpm.predict_x0(x[at], t[at], noise[at], s)]
        wants += theirs.step(noise[at], i, x[at], generator=draws[1], return_dict=False)
    matches(scheduler.step, torch.cat(ours), torch.cat(wants), wrt=(x, noise))
    wants = theirs.add_noise(x, noise, t - 1)
    matches(scheduler.add_noise, q_sample(x, t, noise, s), wants, wrt=(x, noise))


def bound(network, x0, beta, variance, draws):
    """Equations 1, 2, 5, 11 and 13; posteriors by Bayes' rule, divergences as sums over a grid."""
    bar = [math.prod(1 - b for b in beta[:t]) for t in range(len(beta) + 1)]
    grid, at, terms = torch.linspace(-9, 9, 18001), x0[..., None], []
    forward = [Normal(a**0.5 * at, (1 - a) ** 0.5) for a in bar[1:]]
    for t, (b, v) in enumerate(zip(beta, variance, strict=True), start=1):
        xt = bar[t] ** 0.5 * x0 + (1 - bar[t]) ** 0.5 * draws[t - 1]
        mean = xt - b / (1 - bar[t]) ** 0.5 * network(xt, torch.full((len(x0),), t / len(beta)))
        p = Normal(mean[..., None] / (1 - b) ** 0.5, v**0.5)
        step = Normal((1 - b) ** 0.5 * grid, b**0.5).log_prob(xt[..., None])
        terms.append((step + forward[t - 2].log_prob(grid), p))
    up, down = (terms[0][1].cdf(at + side / 16) for side in (1, -1))
    sums = [(torch.where(at == 1, 1, up) - torch.where(at == -1, 0, down)).log()[..., 0]]
    for log_q, p in [*terms[1:], (forward[-1].log_prob(grid), Normal(0.0, 1.0))]:
        density = log_q.log_softmax(-1) - math.log(1e-3)
        sums.append((1e-3 * density.exp() * (p.log_prob(grid) - density)).sum(-1))
    return -torch.stack(sums).mean(2) / math.log(2)


def test_the_bound_is_what_it_stands_for(transcribed):
    s = ddpm.schedule(beta := torch.linspace(0.01, 0.2, 25, requires_grad=True), remaining=0.5)
    s, weight = s._replace(variance=1.3 * s.variance), nn.Parameter(torch.randn(3, 3) / 3)
    x0 = torch.tensor([[-1.0, 0.5, 1.0], [0.25, -0.125, -1.0]])
    network, draw = lambda x, time: x @ weight + time[:, None], Generator().manual_seed(1)
    draws = [torch.randn(2, 3, generator=draw) for _ in range(25)]
    ours = ddpm.vlb(network, x0, s, levels=17, generator=draw.manual_seed(1))
    transcribed(bound, ours, bound(network, x0, beta, 1.3 * beta, draws), wrt=(weight, beta))


@pytest.mark.law("t steps at once have the mean and the variance of t steps one by one")
def test_one_jump_is_many_steps():
    s, unit, mean, variance = linear_schedule(30), torch.eye(2), 1, 0
    for t, beta in enumerate(s.beta.tolist()):  # t = 0 is the data itself
        mean, variance = math.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
        jump = q_sample(unit[:1], torch.tensor([t]), unit[1:], s)  # data alone, noise alone
        assert_close(jump, torch.tensor([[mean, math.sqrt(variance)]]))


@pytest.mark.law("one who knows x_0 steps back by Bayes' rule, and so does one who knows the noise")
def test_posterior():
    s, t, (x0, noise) = linear_schedule(30), torch.arange(1, 31), torch.randn(2, 30, 4)
    xt = q_sample(x0, t, noise, s)
    ours, beta, before = posterior(x0, xt, t, s), s.beta[t, None], s.alpha_bar[t - 1, None]
    total = beta + (1 - before) * (1 - beta)  # the two precisions, times both variances
    bayes = (beta * before.sqrt() * x0 + (1 - before) * s.alpha[t, None].sqrt() * xt) / total
    assert_close(ours.stddev**2, (beta * (1 - before) / total).expand(30, 4))
    assert_close(torch.stack([ours.mean, p_mean(xt, t, noise, s)]), torch.stack([bayes, bayes]))


@pytest.mark.law("the best network makes one point exactly, normal data right if σ² is β, not β̃")
@pytest.mark.parametrize("kind, low, high", [("beta", 0.985, 1.015), ("beta_tilde", 0.96, 0.985)])
def test_samples(kind, low, high):
    s, start = linear_schedule(200), torch.randn(200, 10, 10)
    s = s._replace(variance=getattr(s, kind))
    assert len(path := [*ddpm.sample(knows(s, lambda x, a: 0.3), start, s)]) == 200
    assert_close(path[-1], torch.full_like(start, 0.3))
    *_, x = ddpm.sample(knows(s, lambda x, a: 0.3 + a.sqrt() * x - 0.3 * a), start, s)
    assert abs(x.mean() - 0.3) < 0.02 and low < x.std() < high


@pytest.mark.law("the loss is 0 for one who sees the noise, and 1 on average for one who sees none")
def test_loss():
    s, x0, told = linear_schedule(30), torch.full((4000, 2, 3), 0.3, requires_grad=True), []
    assert ddpm.simple_loss(knows(s, lambda x, a: 0.3), x0, s) < 1e-20
    loss = ddpm.simple_loss(lambda *x: told.extend(x) or 0 * x[0], x0, s)
    assert abs(loss - 1) < 0.03 and loss.requires_grad
    assert len(told[0].unique()) == 24000  # nobody shares a noise, and the times are even
    assert 80 < (30 * told[1]).round().long().bincount(minlength=31)[1:].min()


@pytest.mark.law("the masses that a decoder gives to the grey values add up to 1, for any decoder")
def test_decoder():
    grey = torch.linspace(-1, 1, 5)[:, None].expand(-1, 4)
    decoder = Normal(torch.tensor([-3.0, -1, 0.1, 1.5]), torch.tensor([0.5, 0.01, 2, 0.1]))
    nll = ddpm.decoder_nll(grey, decoder, levels=5)
    assert_close((-nll).exp().sum(0), torch.ones(4))
    assert_close(nll, ddpm.decoder_nll(-grey, Normal(-decoder.mean, decoder.stddev), levels=5))


@pytest.mark.worked("section 4: β from 1e-4 to 0.02 in 1000 steps leaves 1e-5 bits a number in x_T")
def test_the_end_is_noise():
    ends = ddpm.Schedule(*(part[[0, 1, 1000]] for part in linear_schedule(1000)))
    bits = ddpm.vlb(torch.mul, torch.linspace(-1, 1, 21)[None], ends, levels=17)
    assert 1.06e-5 < bits[-1] < 1.08e-5
    assert linear_schedule(21).alpha_bar[-1] < 1e-4 > linear_schedule(4000).alpha_bar[-1]


def test_what_does_not_end_in_noise_is_refused():
    with pytest.raises(ValueError, match="alpha_bar ends at 0.364, above 0.01: x_T is no noise"):
        ddpm.schedule(torch.linspace(1e-4, 0.02, 100))  # made for 1000 steps
    for low, high in (0.5, 1), (0, 0.9):
        with pytest.raises(ValueError, match=f"beta from {low} to {high} is not within"):
            ddpm.schedule(torch.tensor([low, high]))
    small = ddpm.schedule((ones := torch.ones(2).float()) / 2, remaining=0.25)  # just fits
    assert next(ddpm.sample(lambda x, t: x * t[:, None], ones[:, None], small)).dtype == ones.dtype


def examples():
    s, t, (x, y) = linear_schedule(30), torch.tensor([1, 7, 30]), torch.randn(2, 3, 4, 5)
    drawn = [(ddpm.simple_loss, {}), (ddpm.sample, {}), (ddpm.vlb, {"levels": 5})]
    return [
        (partial(ddpm.schedule), (torch.full((9,), 0.5),)),
        (partial(linear_schedule, first=1e-3), (25,)),
        (partial(posterior, s=s), (x, y, t)),
        (partial(ddpm.decoder_nll, levels=5), (x, Normal(y, 0.1 + y**2))),
        *((partial(f, s=s), (x, t, y)) for f in (q_sample, p_mean, p_sample, ddpm.predict_x0)),
        *((partial(f, knows(s, torch.mul), s=s, **more), (x,)) for f, more in drawn),
    ]
