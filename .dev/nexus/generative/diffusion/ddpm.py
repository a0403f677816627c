"""Denoising diffusion: noise the data in T small steps, learn one step back, start from noise.

Source: Ho, Jain and Abbeel 2020, Denoising Diffusion Probabilistic Models,
https://arxiv.org/abs/2006.11239, equations 2 to 15, algorithms 1 and 2.
Differs: the network is told t / T, not t; if T is not 1000, beta is multiplied by 1000 / T;
the decoder has a bin for each of `levels` grey values, of which the paper has 256.

Letters: b batch, T steps; t counts 1 to T as in the paper. Entry 0 of a schedule is the data
itself (beta 0, alpha_bar 1), so that t - 1 is never an exception.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence

Samples = Float[Tensor, "b *shape"]
Times = Int[Tensor, " b"]
Steps = Float[Tensor, " steps"]
Network = Callable[[Samples, Float[Tensor, " b"]], Samples]  # x_t and t / T to the noise in x_t


class Schedule(NamedTuple):
    """What happens at t = 0 … T; σ² = β̃ instead of β is `s._replace(variance=s.beta_tilde)`."""

    beta: Steps  # variance of the noise that step t adds
    alpha: Steps  # 1 - beta, the share of the variance that step t keeps
    alpha_bar: Steps  # the share that steps 1 to t keep together
    beta_tilde: Steps  # variance of x_{t-1} for one who knows x_t and x_0
    time: Steps  # t / T, what the network is told
    variance: Steps  # σ² of the learned step back


def schedule(beta: Float[Tensor, " T"], *, remaining: float = 1e-2) -> Schedule:
    """What follows from β_1 … β_T: ᾱ_t = ∏ (1 - β_s), β̃_t = β_t (1 - ᾱ_{t-1}) / (1 - ᾱ_t).

    Raises:
        ValueError: a β is not within (0, 1), or ᾱ_T is above `remaining`: x_T is not yet noise.
    """
    if not ((beta > 0) & (beta < 1)).all():
        raise ValueError(f"beta from {beta.min():.3g} to {beta.max():.3g} is not within (0, 1)")
    beta = F.pad(beta, (1, 0))
    bar = (1 - beta).cumprod(0)
    if bar[-1] > remaining:
        raise ValueError(f"alpha_bar ends at {bar[-1]:.3g}, above {remaining}: x_T is no noise")
    tilde = beta * F.pad((1 - bar[:-1]) / (1 - bar[1:]), (1, 0))
    time = torch.linspace(0, 1, len(beta), dtype=beta.dtype, device=beta.device)
    return Schedule(beta, 1 - beta, bar, tilde, time, variance=beta)


def linear_schedule(steps: int, *, first: float = 1e-4) -> Schedule:
    """β evenly from `first` to 0.02 (section 4), all times 1000 / steps: 21 steps or more."""
    return schedule(torch.linspace(first, 0.02, steps) * (1000 / steps))


def _to(x: Samples, values: Float[Tensor, " b"]) -> Float[Tensor, "b *ones"]:
    """One value a sample, with axes of size 1 to multiply x by."""
    return values.reshape(-1, *(1,) * (x.ndim - 1))


def _noise(x: Samples, generator: Generator | None) -> Samples:
    return torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=generator)


def q_sample(x0: Samples, t: Times, noise: Samples, s: Schedule) -> Samples:
    """x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε: t steps at once (equation 4)."""
    alpha_bar = _to(x0, s.alpha_bar[t])
    return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise


def posterior(x0: Samples, xt: Samples, t: Times, s: Schedule) -> Normal:
    """q(x_{t-1} | x_t, x_0), the step back of one who knows the data (equations 6 and 7)."""
    before, now = _to(xt, s.alpha_bar[t - 1]), _to(xt, s.alpha_bar[t])
    of_x0 = before.sqrt() * _to(xt, s.beta[t]) / (1 - now)
    of_xt = _to(xt, s.alpha[t]).sqrt() * (1 - before) / (1 - now)
    std = _to(xt, s.beta_tilde[t].sqrt())  # at t = 1 it is 0, which torch would refuse
    return Normal(of_x0 * x0 + of_xt * xt, std, validate_args=False)


def predict_x0(xt: Samples, t: Times, noise: Samples, s: Schedule) -> Samples:
    """x_0 if the noise is right: q_sample solved for it (equation 15)."""
    alpha_bar = _to(xt, s.alpha_bar[t])
    return (xt - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()


def p_mean(xt: Samples, t: Times, noise: Samples, s: Schedule) -> Samples:
    """μ_θ = (x_t - β_t / √(1 - ᾱ_t) ε_θ) / √α_t (equation 11)."""
    share = _to(xt, s.beta[t]) / (1 - _to(xt, s.alpha_bar[t])).sqrt()
    return (xt - share * noise) / _to(xt, s.alpha[t]).sqrt()


def simple_loss(
    network: Network, x0: Samples, s: Schedule, *, generator: Generator | None = None
) -> Float[Tensor, ""]:
    """Mean of (ε - ε_θ(x_t, t))², each sample with a t and an ε of its own (algorithm 1)."""
    t = torch.randint(1, len(s.beta), x0.shape[:1], device=x0.device, generator=generator)
    noise = _noise(x0, generator)
    return F.mse_loss(network(q_sample(x0, t, noise, s), s.time[t]), noise)


def p_sample(
    xt: Samples, t: Times, noise: Samples, s: Schedule, *, generator: Generator | None = None
) -> Samples:
    """x_{t-1} = μ_θ + σ_t z, at t = 1 without z; `noise` is the network's (algorithm 2)."""
    std = _to(xt, s.variance[t].sqrt() * (t > 1))
    return p_mean(xt, t, noise, s) + std * _noise(xt, generator)


def sample(
    network: Network, x: Samples, s: Schedule, *, generator: Generator | None = None
) -> Iterator[Samples]:
    """From x_T, which is standard normal noise, x_{T-1} … x_0, the sample (algorithm 2)."""
    for step in range(len(s.beta) - 1, 0, -1):
        t = x.new_full(x.shape[:1], step, dtype=torch.long)
        x = p_sample(x, t, network(x, s.time[t]), s, generator=generator)
        yield x


def decoder_nll(x0: Samples, decoder: Normal, *, levels: int) -> Samples:
    """-log of the decoder's mass in the bin of each number, in nats (equation 13).

    `levels` grey values lie evenly from -1 to 1; the bins of the outer two reach to infinity.
    """
    low, high = ((x0 + side / (levels - 1) - decoder.mean) / decoder.stddev for side in (-1, 1))
    low, high = low.where(x0 > -1, -math.inf), high.where(x0 < 1, math.inf)
    mirrored = low + high > 0  # to the left, where the mass of a far bin is not 1 - 1
    low, high = torch.where(mirrored, -high, low), torch.where(mirrored, -low, high)
    below, above = torch.special.log_ndtr(low), torch.special.log_ndtr(high)
    return -above - torch.log1p(-(below - above).exp())


def vlb(
    network: Network, x0: Samples, s: Schedule, *, levels: int, generator: Generator | None = None
) -> Float[Tensor, "steps b"]:
    """L_0 … L_T of equation 5 in bits a number; their sum is on average at least -log p(x_0)."""
    terms = []
    for step in range(1, len(s.beta)):
        t = x0.new_full(x0.shape[:1], step, dtype=torch.long)
        xt = q_sample(x0, t, _noise(x0, generator), s)
        guess = Normal(p_mean(xt, t, network(xt, s.time[t]), s), s.variance[step].sqrt())
        surprise = kl_divergence(posterior(x0, xt, t, s), guess)
        terms.append(surprise if step > 1 else decoder_nll(x0, guess, levels=levels))
    end = Normal(s.alpha_bar[-1].sqrt() * x0, (1 - s.alpha_bar[-1]).sqrt())
    terms.append(kl_divergence(end, Normal(torch.zeros_like(x0), 1.0)))
    return torch.stack(terms).flatten(2).mean(2) / math.log(2)
