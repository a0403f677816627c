"""Hawk: gated linear recurrences; the decay of each number is a gate, and so is its input.

Source: De et al. 2024, Griffin, https://arxiv.org/abs/2402.19427, sections 2.3-2.4.
Differs: the scan is a part that is passed in.

Letters: b batch, n tokens, d model width, w width of the recurrence, h heads, k = w / h.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nexus.nn.convolution import CausalConvolution, Recent
from nexus.nn.recurrence import chunked

Scan = Callable[[Tensor, Tensor, Tensor], Tensor]
C = 8.0


def gated(
    x: Float[Tensor, "b n w"],
    log_decay: Float[Tensor, "b n w"],
    input_gate: Float[Tensor, "b n w"],
) -> tuple[Float[Tensor, "b n w"], Float[Tensor, "b n w"]]:
    """Decay a and update √(1 - a²) · i ⊙ x, from log a: exact where a is close to 1."""
    return log_decay.exp(), (-torch.expm1(2 * log_decay)).sqrt() * input_gate * x


class RGLRU(nn.Module):
    """The real-gated linear recurrent unit: h_t = a_t ⊙ h_{t-1} + √(1 - a_t²) ⊙ i_t ⊙ x_t."""

    def __init__(self, width: int, *, heads: int, scan: Scan = chunked):
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} is not a multiple of heads={heads}")
        self.scan, size = scan, width // heads
        self.gates = nn.Parameter(torch.randn(2, heads, size, size) / size**0.5)
        self.bias = nn.Parameter(torch.zeros(2, width))
        decay = torch.empty(width).uniform_(0.9**2, 0.999**2).sqrt()  # uniform on a ring
        self.rate = nn.Parameter((-decay.log() / C).expm1().log())  # softplus⁻¹

    def forward(self, x: Float[Tensor, "b n w"]) -> Float[Tensor, "b n w"]:
        return self.read(x, self.start(len(x)))[0]

    def start(self, batch: int) -> Float[Tensor, "b w"]:
        """Nothing was read: zeros."""
        return self.rate.new_zeros(batch, len(self.rate))

    def step(
        self, x: Float[Tensor, "b w"], state: Float[Tensor, "b w"]
    ) -> tuple[Float[Tensor, "b w"], Float[Tensor, "b w"]]:
        """One more token."""
        return self.read(x[:, None], state)[1], self.read(x[:, None], state)[1]

    def read(self, x: Float[Tensor, "b n w"], state: Tensor) -> tuple[Tensor, Tensor]:
        blocks = x.unflatten(-1, (self.gates.shape[1], -1))
        r, i = torch.einsum("bnhk,ghkl->gbnhl", blocks, self.gates).flatten(-2).unbind(0)
        r, i = torch.sigmoid(r + self.bias[0]), torch.sigmoid(i + self.bias[1])
        h = self.scan(*gated(x, -C * F.softplus(self.rate) * r, i), state)
        return h, h[:, -1]


class State(NamedTuple):
    """What decoding keeps, whatever was read: the convolution's window and h."""

    recent: Recent
    h: Float[Tensor, "b w"]


class RecurrentBlock(nn.Module):
    """Two branches: convolution and RG-LRU, and a GELU gate; their product is projected back."""

    def __init__(self, dim: int, *, width: int, heads: int, conv: int = 4, scan: Scan = chunked):
        super().__init__()
        self.to_x, self.to_gate = nn.Linear(dim, width), nn.Linear(dim, width)
        self.convolve = CausalConvolution(width, conv)
        self.recur = RGLRU(width, heads=heads, scan=scan)
        self.to_out = nn.Linear(width, dim)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        h = self.recur(self.convolve(self.to_x(x)))
        return self.to_out(h * F.gelu(self.to_gate(x), approximate="tanh"))

    def start(self, batch: int) -> State:
        """Nothing was read: zeros."""
        return State(self.convolve.start(batch), self.recur.start(batch))

    def step(self, x: Float[Tensor, "b d"], state: State) -> tuple[Float[Tensor, "b d"], State]:
        """One more token; the state does not grow."""
        u, recent = self.convolve.step(self.to_x(x), state.recent)
        h, last = self.recur.read(u[:, None], state.h)
        return self.to_out(h[:, 0] * F.gelu(self.to_gate(x), approximate="tanh")), State(
            recent, last
        )
