"""Flow matching: draw lines from noise to data, learn at each place the mean of their velocities.

Source: Lipman, Chen, Ben-Hamu, Nickel and Le 2022, Flow Matching for Generative Modeling,
https://arxiv.org/abs/2210.02747, equations 1, 8, 9, 14 and 20 to 23, theorems 1 and 2.
Differs: the path is that of example II, with straight lines; diffusion paths (example I) are left
out. The loss is a mean over numbers, not their sum. Steps are of fixed length, by Euler's rule or
by the midpoint rule; the paper has both, and dopri5, which chooses its own. No likelihoods.

Letters: b batch, n members of a data set. Time t is 0 at noise and 1 at data; in DDPM it is 0 at
data. Hence x_0 is noise here and data there.
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

Samples = Float[Tensor, "b *shape"]
Times = Float[Tensor, " b"]
Velocity = Callable[[Samples, Times], Samples]  # v_t(x), a network or a formula
Advance = Callable[[Velocity, Samples, Times, float], Samples]  # a solver's step


def _to(x: Samples, values: Times) -> Float[Tensor, "b *ones"]:
    """One value a sample, with axes of size 1 to multiply x by."""
    return values.reshape(-1, *(1,) * (x.ndim - 1))


def path_std(t: Times, *, sigma_min: float) -> Times:
    """σ_t = 1 - (1 - σ_min) t: 1 at noise, σ_min at data (equation 20).

    Raises:
        ValueError: σ_min is not within [0, 1).
    """
    if not 0 <= sigma_min < 1:
        raise ValueError(f"sigma_min={sigma_min} is not within [0, 1)")
    return 1 - (1 - sigma_min) * t


def conditional_flow(x0: Samples, x1: Samples, t: Times, *, sigma_min: float) -> Samples:
    """ψ_t(x_0) = σ_t x_0 + t x_1: where the line from noise x_0 to data x_1 is (equation 22)."""
    return _to(x0, path_std(t, sigma_min=sigma_min)) * x0 + _to(x1, t) * x1


def conditional_velocity(x: Samples, x1: Samples, t: Times, *, sigma_min: float) -> Samples:
    """u_t(x | x_1) = (x_1 - (1 - σ_min) x) / σ_t: of the line through x to x_1 (equation 21).

    At t = 1 and σ_min = 0 all lines have arrived, and it is 0 / 0.
    """
    return (x1 - (1 - sigma_min) * x) / _to(x, path_std(t, sigma_min=sigma_min))


def marginal_velocity(
    x: Samples, t: Times, data: Float[Tensor, "n *shape"], *, sigma_min: float
) -> Samples:
    """u_t(x) = Σ_i p(x_1^i | x) u_t(x | x_1^i): what a perfect network learns (equation 8).

    The members of `data` are equally likely. Along these velocities noise ends at one of them.
    """
    points, known, time = x.reshape(len(x), -1), data.reshape(len(data), -1), t[:, None]
    likely = time * points @ known.mT - time**2 * known.square().sum(1) / 2  # b n
    weight = (likely / path_std(time[:, 0], sigma_min=sigma_min)[:, None] ** 2).softmax(1)
    return conditional_velocity(x, (weight @ known).reshape(x.shape), t, sigma_min=sigma_min)


def cfm_loss(
    network: Velocity, x1: Samples, *, sigma_min: float, generator: Generator | None = None
) -> Float[Tensor, ""]:
    """Mean of (v_t(ψ_t(x_0)) - (x_1 - (1 - σ_min) x_0))² (equation 23).

    Each sample has a time and a noise of its own.
    """
    t = torch.rand(x1.shape[:1], dtype=x1.dtype, device=x1.device, generator=generator)
    x0 = torch.randn(x1.shape, dtype=x1.dtype, device=x1.device, generator=generator)
    xt = conditional_flow(x0, x1, t, sigma_min=sigma_min)
    return F.mse_loss(network(xt, t), x1 - (1 - sigma_min) * x0)


def euler(velocity: Velocity, x: Samples, t: Times, step: float) -> Samples:
    """x + h v_t(x): one call, an error of order h² a step."""
    return x + step * velocity(x, t)


def midpoint(velocity: Velocity, x: Samples, t: Times, step: float) -> Samples:
    """x + h v at the middle of an Euler step: two calls, an error of order h³ a step."""
    return x + step * velocity(euler(velocity, x, t, step / 2), t + step / 2)


def integrate(advance: Advance, velocity: Velocity, x: Samples, *, steps: int) -> Iterator[Samples]:
    """From noise x at t = 0, x at 1 / steps, 2 / steps … 1, the sample (equation 1)."""
    for k in range(steps):
        x = advance(velocity, x, x.new_full(x.shape[:1], k / steps), 1 / steps)
        yield x
