"""S4D: a diagonal linear state space for each channel, trained as a convolution.

Source: Gu et al. 2022, On the Parameterization and Initialization of Diagonal State Space Models,
https://arxiv.org/abs/2206.11893; what stands around the kernel is as in the authors' code.
Differs: one direction; no dropout; norm and residual are those of nexus.nn.backbone. B begins at
1 with S4D-LegS too, where the authors' code has HiPPO's. The convolution is causal to the last
bit, at log n times the cost. Nothing is fused: the kernel keeps all powers, m s for a channel.

Letters: b batch, n tokens, m places of a kernel, d channels, s poles, half of the paper's N.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float, Inexact
from torch import Tensor, nn
from torch.nn import functional as F

from nexus.nn.recurrence import Scan, sequential

Poles = Inexact[Tensor, "*#s"]  # complex here; real ones do as well
SHORT = 64  # places, up to which a convolution is added up directly


def s4d_lin(state: int) -> Complex[Tensor, " s"]:
    """A_k = -1/2 + iπk for k = 0 to N/2 - 1: the frequencies of a Fourier series."""
    return -0.5 + 1j * math.pi * torch.arange(0.0, state // 2)


def s4d_inv(state: int) -> Complex[Tensor, " s"]:
    """A_k = -1/2 + i (N/π) (N/(2k + 1) - 1): where HiPPO-LegS has its frequencies, nearly."""
    return -0.5 + 1j * state / math.pi * (state / torch.arange(1.0, state, 2) - 1)


def s4d_legs(state: int) -> Complex[Tensor, " s"]:
    """The eigenvalues of HiPPO-LegS' normal part, A + PPᵀ with P_i = √(i + 1/2), from above."""
    p = torch.arange(0.5, state).sqrt()
    upper = torch.outer(p, p).triu()  # A + PPᵀ is P_i P_j above its diagonal, -P_i P_j below
    return -0.5 + 1j * torch.linalg.eigvalsh(1j * (upper - upper.mT)).flip(0)[: state // 2]


def zero_order_hold(poles: Poles, step: Float[Tensor, "*#s"]) -> tuple[Poles, Poles]:
    """Ā = exp(ΔA) and B̄/B = (exp(ΔA) - 1)/A: exact for an input that holds between samples."""
    half = poles * step / 2
    return (2 * half).exp(), 2 * half.exp() * half.sinh() / poles  # no digit lost where ΔA is small


def bilinear(poles: Poles, step: Float[Tensor, "*#s"]) -> tuple[Poles, Poles]:
    """Ā = (1 + ΔA/2)/(1 - ΔA/2) and B̄/B = Δ/(1 - ΔA/2): the trapezoidal rule."""
    half = poles * step / 2
    return (1 + half) / (1 - half), step / (1 - half)


class System(NamedTuple):
    """h_t = Ā h_{t-1} + B̄ x_t, y_t = 2 Re Σ C h_t: discrete, a few poles for each channel."""

    decay: Complex[Tensor, "d s"]  # Ā
    drive: Complex[Tensor, "d s"]  # B̄
    readout: Complex[Tensor, "d s"]  # C


class Memory(NamedTuple):
    """What a channel keeps of all that it has read."""

    h: Complex[Tensor, "b d s"]


def kernel(system: System, length: int) -> Float[Tensor, "m d"]:
    """K_t = 2 Re Σ C B̄ Āᵗ for t = 0 to m - 1: a row of weights times a Vandermonde matrix."""
    time = torch.arange(length, device=system.decay.device)[:, None, None]
    powers = (time * system.decay.log()).exp()  # m d s
    return 2 * torch.einsum("ds, mds -> md", system.readout * system.drive, powers).real


def convolve(x: Float[Tensor, "b n d"], weights: Float[Tensor, "m d"]) -> Float[Tensor, "b n d"]:
    """y_t = Σ_i weights_i x_{t-i}: in each half by itself, from the first to the second by FFT."""
    # One FFT over all places would round later inputs into earlier outputs; here none gets there.
    places, weights = x.shape[1], weights[: x.shape[1]]
    if places <= SHORT:
        padded = F.pad(x.mT, (len(weights) - 1, 0))  # b d n+m-1
        return F.conv1d(padded, weights.mT.flip(1)[:, None], groups=x.shape[2]).mT
    first, second = x.tensor_split([places // 2], 1)
    spectrum = torch.fft.rfft(first, places, 1) * torch.fft.rfft(weights, places, 0)
    sent = torch.fft.irfft(spectrum, places, 1)[:, places // 2 :]  # the rest has wrapped around
    return torch.cat([convolve(first, weights), convolve(second, weights) + sent], 1)


def recur(
    system: System, x: Float[Tensor, "b n d"], before: Memory, *, scan: Scan = sequential
) -> tuple[Float[Tensor, "b n d"], Memory]:
    """The same outputs one after another, from the memory `before`, and the memory after them."""
    update = system.drive * x[..., None]
    h = scan(system.decay.expand_as(update), update, before.h)  # b n d s
    return 2 * torch.einsum("ds, bnds -> bnd", system.readout, h).real, Memory(h[:, -1])


class S4D(nn.Module):
    """glu(W gelu(K * x + D x) + w): filters channel by channel, then mixes the channels.

    A = -exp(log_rate) + i frequency decays whatever is learned; it begins as `init(state)`, "s" or
    "d s". Δ begins log-uniform in `steps`, B at 1, C complex normal of variance 1, D normal.

    Raises:
        ValueError: `state` is odd, or `init` gives a pole that does not decay.
    """

    def __init__(
        self,
        dim: int,
        *,
        state: int = 64,
        init: Callable[[int], Tensor] = s4d_lin,
        discretize: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = zero_order_hold,
        steps: tuple[float, float] = (0.001, 0.1),
    ):
        super().__init__()
        if state % 2:
            raise ValueError(f"state={state} is odd; poles come in conjugate pairs")
        poles = init(state).expand(dim, -1)
        if not poles.is_meta and poles.real.max() >= 0:
            raise ValueError(f"init gave a pole at {poles.real.max().item()}: it must decay")
        self.discretize = discretize
        self.log_step = nn.Parameter(torch.empty(dim).uniform_(*map(math.log, steps)))
        self.log_rate = nn.Parameter((-poles.real).log())
        self.frequency = nn.Parameter(poles.imag.clone())
        self.drive = nn.Parameter(torch.stack([torch.ones(poles.shape), torch.zeros(poles.shape)]))
        self.readout = nn.Parameter(torch.randn(2, *poles.shape) / math.sqrt(2))
        self.skip = nn.Parameter(torch.randn(dim))
        self.mix = nn.Sequential(nn.GELU(), nn.Linear(dim, 2 * dim), nn.GLU())

    def system(self) -> System:
        """The discrete system that the weights now stand for."""
        poles = -self.log_rate.exp() + 1j * self.frequency
        decay, held = self.discretize(poles, self.log_step.exp()[:, None])
        return System(decay, held * torch.complex(*self.drive), torch.complex(*self.readout))

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self.mix(convolve(x, kernel(self.system(), x.shape[1])) + self.skip * x)

    def start(self, batch: int) -> Memory:
        """Nothing was read: zeros."""
        return Memory(torch.complex(*self.drive.new_zeros(2, batch, *self.frequency.shape)))

    def step(self, x: Float[Tensor, "b d"], state: Memory) -> tuple[Float[Tensor, "b d"], Memory]:
        """One more token, in time and memory that do not grow."""
        y, state = recur(self.system(), x[:, None], state)
        return self.mix(y[:, 0] + self.skip * x), state
