"""Sliding-window attention: a token reads itself and the w - 1 tokens before it, no others.

Source: Jiang et al. 2023, Mistral 7B, https://arxiv.org/abs/2310.06825, section 2 (the causal
window, the rolling buffer); Beltagy et al. 2020, Longformer, https://arxiv.org/abs/2004.05150,
section 3.1 (the window).
Differs: the window counts the query itself, as Mistral's figures and buffer do, while its text
says "between i - W and i", one more. Longformer's window has two sides, gaps and global tokens;
this one has none of them. A prompt enters the buffer token by token, not in chunks.

Letters: b batch, n queries, m keys, d model width, h query heads, g key/value heads, c width of
one head, w size of the window and slots of the buffer, i chunks, r = h / g.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nexus.attention.grouped_query_attention import GroupedQueryAttention, grouped_attention
from nexus.attention.multi_head_attention import attention
from nexus.nn import masks


def window(size: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The mask in which the query at t reads the keys t - size + 1 to t, itself included.

    Raises:
        ValueError: `size` is below 1, so that a query could not even read itself.
    """
    if size < 1:
        raise ValueError(f"size={size} leaves a query no key to read, not even its own")

    def mask(queries: Int[Tensor, " n"], keys: Int[Tensor, " m"]) -> Bool[Tensor, "n m"]:
        distance = queries[:, None] - keys
        return (distance >= 0) & (distance < size)

    return mask


_window = window  # for where an argument has the same name


def banded_attention(
    q: Float[Tensor, "b h n c"],
    k: Float[Tensor, "b g n c"],
    v: Float[Tensor, "b g n c"],
    size: int,
) -> Float[Tensor, "b h n c"]:
    """`grouped_attention` under `window(size)`, from at most 2 · n · size scores, not n².

    The queries are cut into chunks of `size`. The first has nothing before it; each other reads
    its own keys and those of the chunk before, and all of them obey one mask of size by 2 · size.
    """
    n, place = q.shape[2], torch.arange(2 * size, device=q.device)
    early = place[: min(n, size)]
    start = (x[:, :, :size] for x in (q, k, v))
    first = grouped_attention(*start, mask=masks.causal(early, early))
    if n <= size:
        return first
    q, k, v = (nn.functional.pad(x, (0, 0, 0, -n % size)) for x in (q, k, v))  # nobody reads it
    groups = q[:, :, size:].unflatten(2, (-1, size)).unflatten(1, (k.shape[1], -1))  # b g r i w c
    keys, values = (x.unfold(2, 2 * size, size).mT[:, :, None] for x in (k, v))  # b g 1 i 2w c
    rest = attention(groups, keys, values, window(size)(place[size:], place))
    return torch.cat([first, rest.flatten(1, 2).flatten(2, 3)], 2)[:, :, :n]


class RollingCache(NamedTuple):
    """The keys and values of the last w tokens: the token at t stands in slot t mod w."""

    k: Float[Tensor, "b g w c"]
    v: Float[Tensor, "b g w c"]
    place: Int[Tensor, "1"]  # of the next token; slots that no token has reached hold zeros


class SlidingWindowAttention(nn.Module):
    """Grouped-query self-attention over the last `window` tokens, with a cache that never grows.

    `attend` holds the weights, and is the definition: its own forward masks n² scores. `position`
    places queries and keys (rotary, say) by their place in the whole text, also in the cache.

    Raises:
        ValueError: `window` is below 1, or the heads are impossible.
    """

    def __init__(
        self,
        dim: int,
        *,
        heads: int,
        kv_heads: int,
        window: int,
        position: Callable[[Tensor, Tensor], Tensor] = lambda x, index: x,
    ):
        super().__init__()
        self.window = window
        self.attend = GroupedQueryAttention(
            dim, heads=heads, kv_heads=kv_heads, position=position, mask=_window(window)
        )

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        q, k, v = self._project(x, torch.arange(x.shape[1], device=x.device))
        return self.attend.merge(banded_attention(q, k, v, self.window))

    def start(self, batch: int) -> RollingCache:
        """A buffer of `window` slots, and nothing in them."""
        weight = self.attend.to_k.weight
        shape = (batch, self.attend.kv_heads, self.window, self.attend.width)
        place = torch.zeros(1, dtype=torch.long, device=weight.device)
        return RollingCache(weight.new_zeros(shape), weight.new_zeros(shape), place)

    def step(
        self, x: Float[Tensor, "b d"], state: RollingCache
    ) -> tuple[Float[Tensor, "b d"], RollingCache]:
        """One more token; its key and value take the slot of the token that leaves the window."""
        q, k, v = self._project(x[:, None], state.place)
        slot = state.place % self.window
        k, v = (old.index_copy(2, slot, new) for old, new in ((state.k, k), (state.v, v)))
        written = torch.arange(self.window, device=x.device) <= state.place
        out = grouped_attention(q, k, v, written[None])
        return self.attend.merge(out)[:, 0], RollingCache(k, v, state.place + 1)

    def _project(self, x: Float[Tensor, "b n d"], index: Int[Tensor, " n"]) -> list[Tensor]:
        q, k, v = self.attend.project(x)
        return [self.attend.position(q, index), self.attend.position(k, index), v]
