"""The short convolution that stands before a recurrence: a few last tokens, channel by channel.

Letters: b batch, n tokens, d channels, k size of the window.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Recent(NamedTuple):
    """The last k - 1 inputs, oldest first; zeros stand before the first."""

    x: Float[Tensor, "b k-1 d"]


class CausalConvolution(nn.Module):
    """y_t = bias + Σ_i weight[:, i] · x_{t-k+1+i}, i = 0 to k - 1; each channel for itself.

    Weight and bias begin uniform within ±1 / √k, as those of PyTorch's Conv1d.
    """

    def __init__(self, channels: int, size: int):
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.empty(channels, size)),
            nn.Parameter(torch.empty(channels)),
        )
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(size**-0.5), size**-0.5)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self._read(x, self.start(len(x)))[0]

    def start(self, batch: int) -> Recent:
        """Nothing was read: zeros."""
        channels, size = self.weight.shape
        return Recent(self.weight.new_zeros(batch, size - 1, channels))

    def step(self, x: Float[Tensor, "b d"], state: Recent) -> tuple[Float[Tensor, "b d"], Recent]:
        """One more token."""
        y, state = self._read(x[:, None], state)
        return y[:, 0], state

    def _read(self, x: Float[Tensor, "b n d"], past: Recent) -> tuple[Tensor, Recent]:
        channels, size = self.weight.shape
        seen = torch.cat([past.x, x], 1)
        y = nn.functional.conv1d(seen.mT, self.weight[:, None], self.bias, groups=channels)  # b d n
        return y.mT, Recent(seen[:, seen.shape[1] - size + 1 :])
