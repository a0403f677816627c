"""The variational autoencoder against torch.distributions, diffusers and probabilistic PCA."""

import math
from functools import partial

import pytest
import torch
from torch import Generator, nn
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence
from torch.testing import assert_close

from nexus.generative.vae import vae
from nexus.generative.vae.vae import VAE, Bound, kl, log_bernoulli, log_normal, objective


def small(pixels=7, latent=3):
    encoder = nn.Sequential(nn.Linear(pixels, 5), nn.Tanh(), nn.Linear(5, 2 * latent))
    return VAE(encoder, nn.Sequential(nn.Linear(latent, 4), nn.Tanh(), nn.Linear(4, pixels)))


def gaussian(log_var):  # the decoder gives the mean; one variance for all pixels
    return lambda mean, x: log_normal(mean, x, log_var.expand_as(x))


def test_kl_and_densities_match_torch(matches):
    mean, log_var, x = torch.randn(3, 4, 6, requires_grad=True).unbind()
    q, prior = Normal(mean, log_var.exp().sqrt()), Normal(torch.zeros(6), torch.ones(6))
    matches(kl_divergence, kl(mean, log_var), kl_divergence(q, prior).sum(-1), wrt=(mean, log_var))
    ours, theirs = log_normal(mean, x, log_var), q.log_prob(x).sum(-1)
    matches(Normal.log_prob, ours, theirs, wrt=(mean, log_var, x))
    bits, logits = (x > 0).to(x.dtype).unflatten(1, (2, 3)), mean.unflatten(1, (2, 3))
    theirs = Bernoulli(logits=logits).log_prob(bits).sum((1, 2))
    matches(Bernoulli.log_prob, log_bernoulli(logits, bits), theirs, wrt=(mean,))


def test_kl_and_draws_match_diffusers(matches):
    models = pytest.importorskip("diffusers.models.autoencoders.vae")
    both = torch.randn(4, 6, 2, 5, requires_grad=True)  # channels of mean, then of log-variance
    q = models.DiagonalGaussianDistribution(both)
    mean, log_var = (part.flatten(1) for part in both.chunk(2, dim=1))
    matches(type(q).kl, kl(mean, log_var), q.kl(), wrt=(both,))
    ours, theirs = (Generator().manual_seed(3) for _ in "ab")
    draw = vae.reparameterize(mean, log_var, generator=ours).unflatten(1, (3, 2, 5))
    matches(type(q).sample, draw, q.sample(generator=theirs), wrt=(both,))


def equations(model, x, noise):
    """Equations 7 and 10, and log p(x) by importance weights, one x and one z at a time."""
    columns = []
    for each, draws in zip(x, noise.unbind(1), strict=True):
        mean, log_var = model.encoder(each).chunk(2)
        q, prior = Normal(mean, log_var.exp().sqrt()), Normal(torch.zeros_like(mean), 1.0)
        seen, weights = [], []
        for z in q.mean + q.stddev * draws:
            y = model.decoder(z).sigmoid()
            seen.append((each * y.log() + (1 - each) * (1 - y).log()).sum())
            weights.append((seen[-1] + (prior.log_prob(z) - q.log_prob(z)).sum()).exp())
        log_p = torch.stack(weights).mean().log()
        columns.append(torch.stack([-seen[0], kl_divergence(q, prior).sum(), log_p]))
    return torch.stack(columns, 1)


def test_the_bound_is_what_the_paper_says(transcribed):
    model, x, draw = small(), torch.rand(4, 7).round(), Generator()
    one, many = (torch.randn(k * 4, 3, generator=draw.manual_seed(k)) for k in (1, 5))
    ours = [*model(x, generator=draw.manual_seed(1))]
    ours += [model.log_prob(x, draws=5, generator=draw.manual_seed(5))]
    theirs = equations(model, x, one[None])[:2], equations(model, x, many.unflatten(0, (5, 4)))[2:]
    transcribed(equations, torch.stack(ours), torch.cat(theirs), wrt=(*model.parameters(),))


def data():  # a mean that is not 0, and spread unlike in each direction
    return torch.randn(300, 5) * torch.tensor([2, 1.5, 0.3, 0.5, 0.4]) @ torch.randn(5, 5) + 0.7


def probabilistic_pca(x, correction=1):
    """Tipping and Bishop: W = U (Λ - σ²)^½ and q(z | x) = N(Λ^-1 Wᵀ (x - μ), σ² Λ^-1)."""
    values, vectors = torch.linalg.eigh(torch.cov(x.T, correction=correction))
    variance, values = values[:-2].mean(), values[-2:]
    encoder, decoder, weight = nn.Linear(5, 4), nn.Linear(2, 5), vectors[:, -2:]
    weight = weight * (values - variance).sqrt()
    with torch.no_grad():
        decoder.weight[:], decoder.bias[:] = weight, x.mean(0)
        encoder.weight.copy_(torch.cat([(weight / values).T, torch.zeros(2, 5)]))
        encoder.bias.copy_(torch.cat([-x.mean(0) @ weight / values, (variance / values).log()]))
    exact = MultivariateNormal(x.mean(0), weight @ weight.T + variance * torch.eye(5))
    return VAE(encoder, decoder, observe=gaussian(variance.log())), exact


def test_the_linear_vae_with_the_exact_posterior_is_probabilistic_pca(matches):
    pca, x = pytest.importorskip("sklearn.decomposition").PCA, data()
    (model, exact), at = probabilistic_pca(x), x[:9].clone().requires_grad_()
    theirs = torch.as_tensor(pca(2, svd_solver="full").fit(x.numpy()).score_samples(x[:9].numpy()))
    matches(pca.score_samples, model.log_prob(x[:9], draws=1).detach(), theirs, wrt=None)
    matches(MultivariateNormal.log_prob, model.log_prob(at, draws=4), exact.log_prob(at), wrt=(at,))


@pytest.mark.law("a linear VAE has learned all it can at probabilistic PCA: the gradients vanish")
def test_probabilistic_pca_is_the_optimum():
    model, exact = probabilistic_pca(x := data(), correction=0)
    many, norms = x.repeat(200, 1), []
    for factor in (1.0, 1.1):  # at the optimum, and with a decoder that is too bold
        with torch.no_grad():
            next(model.decoder.parameters()).mul_(factor)
        loss = objective(model(many))
        norms.append([g.norm() for g in torch.autograd.grad(loss, [*model.parameters()])])
        assert factor > 1 or abs(loss + exact.log_prob(x).mean()) < 0.01
    assert all(20 * norms[0][weight] < norms[1][weight] for weight in (0, 2))


@pytest.mark.law("on average more draws give more, and never more than log p(x)")
def test_more_draws():
    model, x = small(4, 1).requires_grad_(False), torch.tensor([[0.0, 1, 1, 0]])
    grid = torch.linspace(-9, 9, 9001)[:, None]
    joint = log_bernoulli(model.decoder(grid), x.expand(9001, 4))
    exact = (joint + log_normal(0 * grid, grid, 0 * grid)).logsumexp(0) + math.log(18 / 9000)
    many = [x.expand(40_000 // k, 4) for k in (1, 4, 40)]
    means = [model.log_prob(y, draws=40_000 // len(y)).mean() for y in many]
    assert means[0] + 0.005 < means[1] < means[2] - 0.002 and abs(means[2] - exact) < 0.01
    assert abs(means[0] + objective(model(many[0]))) < 0.02


@pytest.mark.worked("μ = 1, σ² = 1 costs half a nat, σ² = e² (e² - 3) / 2; ten such cost ten times")
def test_by_hand():
    zero = torch.zeros(1, 10)
    assert kl(zero + 1, zero).item() == 5 and kl(zero, zero).item() == 0
    assert_close(kl(zero, zero + 2), torch.tensor([10 * (math.e**2 - 3) / 2]))
    bound = Bound(torch.tensor([1.0, 4]), torch.tensor([2.0, 6]))
    assert objective(bound).item() == 6.5 and objective(bound, weight=0.5).item() == 4.5
    assert_close(log_bernoulli(zero, zero + 0.3), torch.tensor([-10 * math.log(2)]))


def test_what_is_no_picture_or_no_posterior_is_refused():
    for low, high in (-0.25, 1), (0, 1.5):
        with pytest.raises(ValueError, match=rf"pixels from {low} to {high} are not within"):
            log_bernoulli(torch.zeros(1, 2), torch.tensor([[low, high]]))
    with pytest.raises(ValueError, match="5 numbers are no means and as many log-variances"):
        VAE(nn.Linear(4, 5), nn.Linear(2, 4)).encode(torch.zeros(3, 4))


def examples():
    mean, log_var, x = torch.randn(3, 3, 4, 5)
    return [
        (partial(kl), (mean[:, 0], log_var[:, 0])),
        (partial(vae.reparameterize), (mean[:, 0], log_var[:, 0])),
        (partial(log_normal), (mean, x, log_var)),
        (partial(log_bernoulli), (mean, x.sigmoid())),
        (partial(objective, weight=0.3), (Bound(mean[0, 0], x[0, 0]),)),
        (partial(VAE, nn.Linear(7, 6), nn.Linear(3, 7)), (torch.rand(4, 7),)),
    ]
