"""RMSNorm: divide a vector by its root mean square; nothing is centred and nothing is shifted.

Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization,
https://arxiv.org/abs/1910.07467, section 4, equation 4. The (1 + weight) form and its rounding
are Gemma's.
Differs: an epsilon under the root, which keeps the zero vector finite; statistics in float32 at
least, as Llama has them. The partial form (pRMSNorm) is left out.

Letters: d width of the vector.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def rms_normalized(x: Float[Tensor, "*b d"], eps: float) -> Float[Tensor, "*b d"]:
    """x / √(mean(x²) + eps) over the last axis, in float32 or, if x is wider, in x's precision.

    In float16 the square of 256 is already infinite.
    """
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


class RMSNorm(nn.Module):
    """weight · x / √(mean(x²) + eps), Llama's form: rounded to x's precision, then scaled.

    The weight begins at 1, and weight decay pulls it towards 0.
    """

    def __init__(self, dim: int, *, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        return self.weight * rms_normalized(x, self.eps).to(x.dtype)


class UnitOffsetRMSNorm(nn.Module):
    """(1 + weight) · x / √(mean(x²) + eps), Gemma's form: scaled in float32, then rounded.

    The weight begins at 0, so that weight decay pulls the scale towards 1.
    """

    def __init__(self, dim: int, *, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        normalized = rms_normalized(x, self.eps)
        return (normalized * (1 + self.weight.to(normalized.dtype))).to(x.dtype)
