"""Rotary position embedding: turn each pair of numbers of a query or key by its place.

Source: Su et al. 2021, RoFormer, https://arxiv.org/abs/2104.09864, section 3.2 (the rotation of
pairs), equation 34 (its fast form).
Differs: the pairs may lie elsewhere than side by side (`half_split`); places, pairs count from 0.

Letters: b batch, h heads, n tokens, c width of a head, p = c / 2 pairs, d model width.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor


def frequencies(width: int, base: float = 10000.0) -> Float[Tensor, " p"]:
    """Radians a token for each pair of `width` numbers: base^(-2i / width), i = 0, 1, ...

    In float64 and on the CPU, also where the model is made on another device.

    Raises:
        ValueError: `width` is odd, and one number would have no partner.
    """
    if width % 2:
        raise ValueError(f"width={width} is odd: numbers are turned in pairs")
    return base ** -(torch.arange(0, width, 2, dtype=torch.float64, device="cpu") / width)


def interleaved(
    x: Float[Tensor, "b h n c"], cos: Float[Tensor, "n p"], sin: Float[Tensor, "n p"]
) -> Float[Tensor, "b h n c"]:
    """Turn the pairs (0, 1), (2, 3), ...: neighbours, as in RoFormer and GPT-J."""
    first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack(turn(first, second, cos, sin), dim=-1).flatten(-2)


def half_split(
    x: Float[Tensor, "b h n c"], cos: Float[Tensor, "n p"], sin: Float[Tensor, "n p"]
) -> Float[Tensor, "b h n c"]:
    """Turn the pairs (0, p), (1, p + 1), ...: one of each half, as in GPT-NeoX and Llama."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat(turn(first, second, cos, sin), dim=-1)


def turn(
    first: Float[Tensor, "*b n p"],
    second: Float[Tensor, "*b n p"],
    cos: Float[Tensor, "n p"],
    sin: Float[Tensor, "n p"],
) -> tuple[Float[Tensor, "*b n p"], Float[Tensor, "*b n p"]]:
    """The points (first, second) of the plane, turned counterclockwise."""
    return first * cos - second * sin, first * sin + second * cos


class Rotary:
    """A `position` for attention: turns pair i of the token at place t by t · frequency[i].

    `layout` says which numbers are a pair. A frequency of 0 leaves its pair as it is. Nothing is
    learned and nothing belongs to a model's state, so no cast of a model reaches the angles: they
    have the dtype of `frequency`, and x is turned in float32 at least and rounded once.

    Raises:
        ValueError: when called, if x is not twice as wide as there are frequencies.
    """

    def __init__(
        self,
        frequency: Float[Tensor, " p"],
        *,
        layout: Callable[[Tensor, Tensor, Tensor], Tensor] = half_split,
    ):
        self.frequency, self.layout = frequency, layout

    def __call__(
        self, x: Float[Tensor, "b h n c"], index: Int[Tensor, " n"]
    ) -> Float[Tensor, "b h n c"]:
        if x.shape[-1] != 2 * len(self.frequency):
            pairs = len(self.frequency)
            raise ValueError(f"x is {x.shape[-1]} wide, but {pairs} frequencies turn {2 * pairs}")
        angle = index[:, None] * self.frequency.to(x.device)
        wide = torch.promote_types(x.dtype, torch.float32)
        return self.layout(x, angle.cos().to(wide), angle.sin().to(wide)).to(x.dtype)


def to_half_split(weight: Float[Tensor, "hc d"], *, heads: int) -> Float[Tensor, "hc d"]:
    """The rows of a query or key projection, from the order of `interleaved` to `half_split`'s.

    In each head the even rows come first. With both projections reordered scores stay the same.
    """
    return weight.unflatten(0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2)
