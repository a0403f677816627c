"""Hawk: a linear recurrence of real numbers whose decays and inputs are gated by what is read.

Source: De et al. 2024, Griffin: Mixing Gated Linear Recurrences with Local Attention,
https://arxiv.org/abs/2402.19427, sections 2.3, 2.4 and 4.1 (block-diagonal gates), appendix A,
equations 1-6.
Differs: Λ is that of equation 6, so that a = σ(-Λ); section 2.4 writes a = σ(Λ). The authors'
code lets the first token in unscaled, by 1 instead of √(1 - a²), and begins with a itself, not
a^c, between 0.9 and 0.999; both are as in the paper here. Weights begin as PyTorch's do, but for
those of the gates. Documents in one sequence are not kept apart. GELU is the tanh form, as in
that code.

Letters: b batch, n tokens, d model width, w width of the recurrence, h heads (blocks of a gate's
weights), k width of a head, l the same.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nexus.nn.convolution import CausalConvolution, Recent
from nexus.nn.recurrence import Scan, chunked

SHARPNESS = 8.0
"""c of equation 3: an open gate decays the state as eight steps of the bare a would."""


def log_decay(rate: Float[Tensor, " w"], gate: Float[Tensor, "*b w"]) -> Float[Tensor, "*b w"]:
    """log a_t = -c · softplus(Λ) ⊙ r_t (equation 6): 0 where the recurrence gate is closed."""
    return -SHARPNESS * F.softplus(rate) * gate


def rate_for(decay: Float[Tensor, " w"]) -> Float[Tensor, " w"]:
    """Λ for which an open gate multiplies the state by `decay`, between 0 and 1."""
    return (-decay.log() / SHARPNESS).expm1().log()


def complement(log_a: Float[Tensor, "*b"]) -> Float[Tensor, "*b"]:
    """√(1 - a²) from log a; no digit is lost where a is near 1, and at a = 1 the gradient is 0.

    There it would be infinite, times a gate's slope of 0.
    """
    gap = -torch.expm1(2 * log_a)
    return torch.where(gap > 0, gap, 1).sqrt() * (gap > 0)


class BlockDiagonal(nn.Module):
    """A linear layer that mixes numbers of the same head only: w² / h weights, and a bias."""

    def __init__(self, width: int, *, heads: int):
        super().__init__()
        size = width // heads
        self.weight = nn.Parameter(torch.randn(heads, size, size) / size**0.5)  # LeCun's
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Float[Tensor, "*b w"]) -> Float[Tensor, "*b w"]:
        heads = x.unflatten(-1, (len(self.weight), -1))
        return torch.einsum("...hk,hkl->...hl", heads, self.weight).flatten(-2) + self.bias


class Last(NamedTuple):
    """What a linear recurrence keeps: its last state."""

    h: Float[Tensor, "b w"]


class RGLRU(nn.Module):
    """The real-gated linear recurrent unit: h_t = a_t ⊙ h_{t-1} + √(1 - a_t²) ⊙ (i_t ⊙ x_t).

    Both gates r and i see x_t and nothing else. `scan(decay, update, start)` runs the recurrence.
    a^c begins uniform between 0.9 and 0.999 (section 2.4).

    Raises:
        ValueError: `width` is not a multiple of `heads`.
    """

    def __init__(self, width: int, *, heads: int, scan: Scan = chunked):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} is not a multiple of heads={heads}")
        self.scan = scan
        self.to_r, self.to_i = (BlockDiagonal(width, heads=heads) for _ in "ri")
        self.rate = nn.Parameter(rate_for(torch.empty(width).uniform_(0.9, 0.999)))

    def forward(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        return self._read(x, self.start(len(x)))

    def start(self, batch: int) -> Last:
        """The state before the first token: zeros."""
        return Last(self.rate.new_zeros(batch, len(self.rate)))

    def step(self, x: Float[Tensor, "b w"], state: Last) -> tuple[Float[Tensor, "b w"], Last]:
        """One more token; what comes out is also what is kept."""
        h = self._read(x[:, None], state)[:, 0]
        return h, Last(h)

    def _read(self, x: Float[Tensor, "b n w"], past: Last) -> Float[Tensor, "b n w"]:
        r, i = self.to_r(x).sigmoid(), self.to_i(x).sigmoid()  # equations 1, 2
        log_a = log_decay(self.rate, r)
        return self.scan(log_a.exp(), complement(log_a) * i * x, past.h)  # equation 4


class State(NamedTuple):
    """What a block keeps: the convolution's last inputs and the recurrence's last state."""

    recent: Recent
    last: Last


class RecurrentBlock(nn.Module):
    """The mixer of Hawk (section 2.3): out(RG-LRU(convolution(x_branch)) ⊙ GELU(gate_branch)).

    `width` is about 4/3 of `dim` in the paper, `heads` 16, and `conv` the tokens that the
    convolution sees.
    """

    def __init__(self, dim: int, *, width: int, heads: int, conv: int = 4, scan: Scan = chunked):
        super().__init__()
        self.to_x, self.to_gate = nn.Linear(dim, width), nn.Linear(dim, width)
        self.convolve = CausalConvolution(width, conv)
        self.recur = RGLRU(width, heads=heads, scan=scan)
        self.to_out = nn.Linear(width, dim)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self._merge(self.recur(self.convolve(self.to_x(x))), x)

    def start(self, batch: int) -> State:
        """The state before the first token: zeros."""
        return State(self.convolve.start(batch), self.recur.start(batch))

    def step(self, x: Float[Tensor, "b d"], state: State) -> tuple[Float[Tensor, "b d"], State]:
        """One more token; the state stays as large as it was."""
        seen, recent = self.convolve.step(self.to_x(x), state.recent)
        h, last = self.recur.step(seen, state.last)
        return self._merge(h, x), State(recent, last)

    def _merge(self, h: Float[Tensor, "*b w"], x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        return self.to_out(h * F.gelu(self.to_gate(x), approximate="tanh"))
