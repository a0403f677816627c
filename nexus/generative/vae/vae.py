"""The variational autoencoder: learn a code and its density by climbing a bound on log p(x).

Source: Kingma and Welling 2013, Auto-Encoding Variational Bayes,
https://arxiv.org/abs/1312.6114, equations 3, 7 and 10, appendix B;
Burda, Grosse and Salakhutdinov 2015, https://arxiv.org/abs/1509.00519, for `VAE.log_prob`.
Differs: the KL may be weighted, which the bound is not; log p(x) is estimated by importance weights
from the encoder, not as in appendix D; no decay of weights, the paper's prior on them.

Letters: b batch, z latent numbers, k draws of them for each x.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

Samples = Float[Tensor, "b *shape"]
Latents = Float[Tensor, "b z"]
Each = Float[Tensor, " b"]
Observe = Callable[[Samples, Samples], Each]  # what the decoder gives, x: to log p(x | z)


class Bound(NamedTuple):
    """The two parts of the negative bound for each x, in nats; log p(x) ≥ -distortion - rate."""

    distortion: Each  # -log p(x | z), for one z
    rate: Each  # KL(q(z | x) ‖ p(z))


def kl(mean: Latents, log_var: Latents) -> Each:
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - 1 - log σ²), over all latents (appendix B)."""
    return (mean**2 + log_var.expm1() - log_var).sum(-1) / 2


def reparameterize(
    mean: Latents, log_var: Latents, *, generator: Generator | None = None
) -> Latents:
    """z = μ + σ ε with ε from N(0, 1): a draw through which μ and σ get gradients."""
    noise = torch.randn(mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
    return mean + (log_var / 2).exp() * noise


def log_normal(mean: Samples, x: Samples, log_var: Samples) -> Each:
    """log N(x; μ, σ²), summed over all of x but the batch."""
    surprise = (x - mean) ** 2 * (-log_var).exp() + log_var + math.log(2 * math.pi)
    return -surprise.flatten(1).sum(1) / 2


def log_bernoulli(logits: Samples, x: Samples) -> Each:
    """Σ x log y + (1 - x) log(1 - y) with y = sigmoid(logits), over pixels.

    Raises:
        ValueError: a pixel is not within [0, 1].
    """
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"pixels from {x.min():.3g} to {x.max():.3g} are not within [0, 1]")
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def objective(bound: Bound, *, weight: float = 1.0) -> Float[Tensor, ""]:
    """Mean of distortion + weight · rate; with weight 1 the negative bound (equation 10)."""
    return (bound.distortion + weight * bound.rate).mean()


class VAE(nn.Module):
    """An encoder from x to mean and log σ² of z side by side, and a decoder from z.

    `observe` turns what the decoder gives and x into log p(x | z).
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, *, observe: Observe = log_bernoulli):
        super().__init__()
        self.encoder, self.decoder, self.observe = encoder, decoder, observe

    def encode(self, x: Samples) -> tuple[Latents, Latents]:
        """Mean and log σ² of q(z | x).

        Raises:
            ValueError: the encoder gives an odd number of numbers.
        """
        both = self.encoder(x)
        if both.shape[-1] % 2:
            raise ValueError(f"{both.shape[-1]} numbers are no means and as many log-variances")
        mean, log_var = both.chunk(2, dim=-1)
        return mean, log_var

    def forward(self, x: Samples, *, generator: Generator | None = None) -> Bound:
        """Distortion of one draw of z and rate, for each x (equation 7)."""
        mean, log_var = self.encode(x)
        z = reparameterize(mean, log_var, generator=generator)
        return Bound(-self.observe(self.decoder(z), x), kl(mean, log_var))

    def log_prob(self, x: Samples, *, draws: int, generator: Generator | None = None) -> Each:
        """log 1/k Σ p(x | z_i) p(z_i) / q(z_i | x): on average a bound, never looser with more."""
        mean, log_var = (part.repeat(draws, 1) for part in self.encode(x))  # k·b z
        z, zero = reparameterize(mean, log_var, generator=generator), torch.zeros_like(mean)
        seen = self.observe(self.decoder(z), x.repeat(draws, *(1,) * (x.ndim - 1)))
        weight = seen + log_normal(zero, z, zero) - log_normal(mean, z, log_var)
        return weight.unflatten(0, (draws, -1)).logsumexp(0) - math.log(draws)
