"""SwiGLU: a feed-forward layer whose hidden values are multiplied by a gate, SiLU of a projection.

Source: Shazeer 2020, GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202; the
rounding of the hidden width is that of Llama's reference code.
Differs: nothing; like the paper's layers it has no biases.

Letters: d model width, f hidden width.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


def hidden_width(dim: int, *, multiple: int = 256, factor: float = 1.0) -> int:
    """⅔ · 4d times `factor`, rounded up to a multiple: three matrices for the price of two.

    Raises: ValueError if dim or multiple is below 1, or factor is not above 0.
    """
    if dim < 1 or multiple < 1 or factor <= 0:
        raise ValueError(f"no width from dim={dim}, multiple={multiple}, factor={factor}")
    hidden = int(factor * (8 * dim // 3))
    return -(-hidden // multiple) * multiple


class SwiGLU(nn.Module):
    """down(activation(gate(x)) ⊙ up(x)).

    With sigmoid it is the GLU layer, with relu ReGLU, with gelu GEGLU, with the identity bilinear.
    """

    def __init__(self, dim: int, hidden: int, *, activation: Callable[[Tensor], Tensor] = F.silu):
        super().__init__()
        self.gate = nn.Linear(dim, hidden, bias=False)
        self.up = nn.Linear(dim, hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)
        self.activation = activation

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        return self.down(self.activation(self.gate(x)) * self.up(x))
