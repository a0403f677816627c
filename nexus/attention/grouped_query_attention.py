"""Grouped-query attention: several query heads share one key/value head.

Source: Ainslie et al. 2023, GQA, https://arxiv.org/abs/2305.13245, sections 2.1-2.2.
Differs: self-attention only; no bias; no dropout.

Letters: b batch, n queries, m keys, d model width, h query heads, g key/value heads,
r = h / g query heads per group, c width of one head.
"""

from collections.abc import Callable

from jaxtyping import Bool, Float
from torch import Tensor, nn

from nexus.attention.multi_head_attention import Cache, attention, cached_attention
from nexus.nn import masks


def grouped_attention(
    q: Float[Tensor, "b h n c"],
    k: Float[Tensor, "b g m c"],
    v: Float[Tensor, "b g m c"],
    mask: Bool[Tensor, "n m"],
) -> Float[Tensor, "b h n c"]:
    """Attention in which query head i reads key/value head ⌊i / r⌋.

    Raises:
        ValueError: a query may read no key at all.
    """
    groups = q.unflatten(1, (k.shape[1], -1))  # b g r n c
    return attention(groups, k[:, :, None], v[:, :, None], mask).flatten(1, 2)


class GroupedQueryAttention(nn.Module):
    """Self-attention with `heads` query heads over `kv_heads` key/value heads.

    `kv_heads == heads` is multi-head attention, `kv_heads == 1` is multi-query.
    `position(x, index)` places queries and keys (rotary, say); `mask(queries, keys)` says who
    reads whom; both take positions counted from 0.

    Raises:
        ValueError: `heads` is not a multiple of `kv_heads`, or `dim` not one of `heads`.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        kv_heads: int,
        position: Callable[[Tensor, Tensor], Tensor] = lambda x, index: x,
        mask: Callable[[Tensor, Tensor], Tensor] = masks.causal,
    ):
        super().__init__()
        if heads % kv_heads:
            raise ValueError(f"heads={heads} is not a multiple of kv_heads={kv_heads}")
        if dim % heads:
            raise ValueError(f"dim={dim} is not a multiple of heads={heads}")
        self.kv_heads, self.width = kv_heads, dim // heads
        self.position, self.mask = position, mask
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, kv_heads * self.width, bias=False)
        self.to_v = nn.Linear(dim, kv_heads * self.width, bias=False)
        self.to_out = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self._attend(x, self.start(len(x)))[0]

    def start(self, batch: int) -> Cache:
        """The cache before the first token: no keys, no values."""
        return Cache(*self.to_k.weight.new_zeros(2, batch, self.kv_heads, 0, self.width))

    def step(self, x: Float[Tensor, "b d"], state: Cache) -> tuple[Float[Tensor, "b d"], Cache]:
        """Read one more token; its keys and values join the cache."""
        out, state = self._attend(x[:, None], state)
        return out[:, 0], state

    def project(
        self, x: Float[Tensor, "b n d"]
    ) -> tuple[Float[Tensor, "b h n c"], Float[Tensor, "b g n c"], Float[Tensor, "b g n c"]]:
        """Queries, keys and values, not placed yet."""
        q, k, v = (
            to(x).unflatten(-1, (-1, self.width)).transpose(1, 2)
            for to in (self.to_q, self.to_k, self.to_v)
        )
        return q, k, v

    def merge(self, heads: Float[Tensor, "b h n c"]) -> Float[Tensor, "b n d"]:
        """What the heads have found, as one vector for each token."""
        return self.to_out(heads.transpose(1, 2).flatten(2))

    def _attend(self, x: Float[Tensor, "b n d"], past: Cache) -> tuple[Tensor, Cache]:
        q, k, v = self.project(x)
        out, state = cached_attention(
            q, Cache(k, v), past, position=self.position, mask=self.mask, kernel=grouped_attention
        )
        return self.merge(out), state


def pool_heads(
    weight: Float[Tensor, "hc d"], *, heads: int, kv_heads: int
) -> Float[Tensor, "gc d"]:
    """Turn a multi-head key or value projection into a grouped one (section 2.1).

    Each group's head is the mean of the heads it replaces; training then goes on.
    """
    return weight.unflatten(0, (kv_heads, heads // kv_heads, -1)).mean(1).flatten(0, 1)
