"""Multi-head attention: several small attentions side by side, each in a projection of its own.

Source: Vaswani et al. 2017, Attention Is All You Need, https://arxiv.org/abs/1706.03762,
sections 3.2.1 (equation 1) and 3.2.2.
Differs: self-attention only (`attention` itself reads any keys); d_k = d_v = d / h always, as in
the paper's base and big models; no bias; no dropout; it can decode from a cache, of which the
paper says nothing.

Letters: b batch, n queries, m keys, d model width, h heads, c width of one head (the paper's d_k),
e width of one value (d_v).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nexus.nn import masks


def attention(
    q: Float[Tensor, "*heads n c"],
    k: Float[Tensor, "*#heads m c"],
    v: Float[Tensor, "*#heads m e"],
    mask: Bool[Tensor, "n m"],
) -> Float[Tensor, "*heads n e"]:
    """softmax(q kᵀ / √c) v, equation 1; leading axes of size 1 in k and v are shared, not copied.

    Raises:
        ValueError: a query may read no key at all.
    """
    scores = torch.einsum("...nc,...mc->...nm", q, k) / math.sqrt(q.shape[-1])
    return torch.einsum("...nm,...me->...ne", masks.masked_softmax(scores, mask), v)


class Cache(NamedTuple):
    """What a decoder keeps: the keys and values of the m tokens read so far."""

    k: Float[Tensor, "b h m c"]
    v: Float[Tensor, "b h m e"]


def cached_attention(
    q: Float[Tensor, "b h n c"],
    new: Cache,
    past: Cache,
    *,
    position: Callable[[Tensor, Tensor], Tensor],
    mask: Callable[[Tensor, Tensor], Tensor],
    kernel: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = attention,
) -> tuple[Float[Tensor, "b h n e"], Cache]:
    """Place n new tokens after those of `past`, let them join it, and read what `mask` allows."""
    before, m = past.k.shape[2], past.k.shape[2] + q.shape[2]
    keys = torch.arange(m, device=q.device)
    index = keys[before:]
    k = torch.cat([past.k, position(new.k, index)], dim=2)  # b h m c
    v = torch.cat([past.v, new.v], dim=2)  # b h m e
    return kernel(position(q, index), k, v, mask(index, keys)), Cache(k, v)


class MultiHeadAttention(nn.Module):
    """Self-attention with `heads` heads, each `dim / heads` wide.

    `position(x, index)` places queries and keys (rotary, say); `mask(queries, keys)` says who
    reads whom; both take positions counted from 0.

    Raises:
        ValueError: `dim` is not a multiple of `heads`.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        position: Callable[[Tensor, Tensor], Tensor] = lambda x, index: x,
        mask: Callable[[Tensor, Tensor], Tensor] = masks.causal,
    ):
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim={dim} is not a multiple of heads={heads}")
        self.heads, self.width = heads, dim // heads
        self.position, self.mask = position, mask
        self.to_q, self.to_k, self.to_v, self.to_out = (
            nn.Linear(dim, dim, bias=False) for _ in "qkvo"
        )

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self._attend(x, self.start(len(x)))[0]

    def start(self, batch: int) -> Cache:
        """The cache before the first token: no keys, no values."""
        return Cache(*self.to_k.weight.new_zeros(2, batch, self.heads, 0, self.width))

    def step(self, x: Float[Tensor, "b d"], state: Cache) -> tuple[Float[Tensor, "b d"], Cache]:
        """Read one more token; its keys and values join the cache."""
        out, state = self._attend(x[:, None], state)
        return out[:, 0], state

    def _attend(self, x: Float[Tensor, "b n d"], past: Cache) -> tuple[Tensor, Cache]:
        q, k, v = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # b h n c
            for project in (self.to_q, self.to_k, self.to_v)
        )
        out, state = cached_attention(q, Cache(k, v), past, position=self.position, mask=self.mask)
        return self.to_out(out.transpose(1, 2).flatten(2)), state
