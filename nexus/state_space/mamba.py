"""Mamba: a state-space layer whose step size, input map and output map depend on the token.

Source: Gu and Dao 2023, Mamba, https://arxiv.org/abs/2312.00752, sections 2 and 3, algorithm 2,
figure 3.
Differs: as in the authors' code, B̄ is ΔB (equation 4 has zero-order hold) and the first steps are
log-uniform (section 3.6 has uniform). No fused kernel: the scan is passed in. Norm and residual
are those of nexus.nn.backbone; the optional norm inside the block is left out.

Letters: b batch, n tokens, d model width, e channels inside, expand · d, s numbers of state for
each channel, the paper's N.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from nexus.nn.convolution import CausalConvolution, Recent
from nexus.nn.recurrence import Scan, chunked


def selective_scan(
    x: Float[Tensor, "b n e"],
    delta: Float[Tensor, "b n e"],
    A: Float[Tensor, "e s"],
    B: Float[Tensor, "b n s"],
    C: Float[Tensor, "b n s"],
    D: Float[Tensor, " e"],
    start: Float[Tensor, "b e s"],
    *,
    scan: Scan = chunked,
) -> tuple[Float[Tensor, "b n e"], Float[Tensor, "b e s"]]:
    """h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_t, y_t = C_t · h_t + D x_t: all y and the last h.

    The decay is that of zero-order hold. The input's factor is its first order in Δ (Euler), as in
    the authors' code; zero-order hold would have (exp(Δ_t A) - 1)/A · B_t. Δ > 0 > A keeps the
    decay in (0, 1); `start` is h_0.
    """
    decay = (delta[..., None] * A).exp()  # b n e s
    update = (delta * x)[..., None] * B[:, :, None]
    h = scan(decay, update, start)
    return torch.einsum("bnes, bns -> bne", h, C) + D * x, h[:, -1]


class State(NamedTuple):
    """What decoding keeps, however much was read."""

    recent: Recent  # the convolution's window
    h: Float[Tensor, "b e s"]


class Mamba(nn.Module):
    """The block of figure 3: project, convolve, SiLU, select and scan, gate, project back.

    Δ = softplus(a map of rank `rank` of the token + bias), ⌈dim / 16⌉ unless given; B and C are
    linear in the token and shared by all channels; A = -exp(log_a). At first A is -1, -2, ..., -s
    in each channel, D is 1, and softplus(bias) is log-uniform in `steps`.

    Raises:
        ValueError: `steps` are not positive, or the first is above the second.
    """

    def __init__(
        self,
        dim: int,
        *,
        expand: int = 2,
        state: int = 16,
        window: int = 4,
        rank: int | None = None,
        steps: tuple[float, float] = (0.001, 0.1),
        scan: Scan = chunked,
    ):
        super().__init__()
        if not 0 < steps[0] <= steps[1]:
            raise ValueError(f"steps={steps} must be positive, the smallest first")
        inner, rank = expand * dim, math.ceil(dim / 16) if rank is None else rank
        self.scan, self.sizes = scan, (rank, state, state)
        self.to_inner = nn.Linear(dim, 2 * inner, bias=False)  # what is scanned, and its gate
        self.convolve = CausalConvolution(inner, window)
        self.select = nn.Linear(inner, sum(self.sizes), bias=False)
        self.to_delta = nn.Linear(rank, inner)
        self.log_a = nn.Parameter(torch.arange(1.0, state + 1).log().repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))  # D
        self.to_out = nn.Linear(inner, dim, bias=False)
        with torch.no_grad():
            delta = torch.empty(inner).uniform_(*map(math.log, steps)).exp()
            self.to_delta.bias.copy_(delta + (-(-delta).expm1()).log())  # softplus gives delta

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        u, gate = self.to_inner(x).chunk(2, -1)
        return self._mix(self.convolve(u), gate, self.start(len(x)).h)[0]

    def start(self, batch: int) -> State:
        """Nothing was read: zeros."""
        return State(self.convolve.start(batch), self.log_a.new_zeros(batch, *self.log_a.shape))

    def step(self, x: Float[Tensor, "b d"], state: State) -> tuple[Float[Tensor, "b d"], State]:
        """One more token, in time and memory that do not grow."""
        u, gate = self.to_inner(x).chunk(2, -1)
        u, recent = self.convolve.step(u, state.recent)
        y, h = self._mix(u[:, None], gate[:, None], state.h)
        return y[:, 0], State(recent, h)

    def _mix(self, u: Tensor, gate: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        u = silu(u)
        low, B, C = self.select(u).split(self.sizes, -1)
        delta = softplus(self.to_delta(low))
        y, h = selective_scan(u, delta, -self.log_a.exp(), B, C, self.skip, h, scan=self.scan)
        return self.to_out(y * silu(gate)), h
