"""Griffin: two residual blocks that recur, then one that attends to the last w tokens, and again.

Source: De et al. 2024, Griffin: Mixing Gated Linear Recurrences with Local Attention,
https://arxiv.org/abs/2402.19427, sections 2 to 2.3 (model, residual block, MLP, local attention)
and 3 (the pattern). Scale and cap are RecurrentGemma's, Botev et al. 2024,
https://arxiv.org/abs/2404.07839, and its code's.
Differs: half of a head is turned by its place, as in the authors' code; the paper says RoPE and no
more. That code has biases in the MLP and after attention, and rounds √d to bfloat16; here are
none, and √d is exact. Its PyTorch version lets w + 1 tokens into a window, transformers' and this
one w. A norm's scale is 1 + weight, and the embedding begins with variance 1/d, as there; other
weights as PyTorch's do. GELU is the tanh form.

Letters: b batch, h heads, n tokens, c width of a head, d model width, w tokens in a window.
"""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from nexus.attention.sliding_window_attention import SlidingWindowAttention
from nexus.components.activation.swiglu import SwiGLU
from nexus.components.normalization.rmsnorm import UnitOffsetRMSNorm
from nexus.nn.backbone import Block, LanguageModel, Mixer
from nexus.nn.embedding import Tokens
from nexus.position.rope import Rotary, frequencies

Position = Callable[[Tensor, Tensor], Tensor]


def alternate(
    layers: int, *, recurrent: Callable[[], Mixer], local: Callable[[], Mixer]
) -> list[Mixer]:
    """Two recurrent mixers and one with local attention, over and over, cut off after `layers`."""
    return [local() if layer % 3 == 2 else recurrent() for layer in range(layers)]


def first_half(position: Position) -> Position:
    """A `position` that places the first half of each head by another one, and leaves the rest."""

    def place(x: Float[Tensor, "b h n c"], index: Int[Tensor, " n"]) -> Float[Tensor, "b h n c"]:
        placed, free = x.chunk(2, dim=-1)
        return torch.cat([position(placed, index), free], dim=-1)

    return place


def local_attention(dim: int, *, heads: int, window: int) -> SlidingWindowAttention:
    """Attention to the last `window` tokens; all heads share one key and value (section 2.3).

    Its definition, under the mask `window(w)`, is the layer's `attend`.

    Raises:
        ValueError: the heads or the window are impossible, or a head's width is no multiple of 4.
    """
    if dim % (4 * heads):
        raise ValueError(f"dim={dim} is not a multiple of 4 * heads={4 * heads}")
    position = first_half(Rotary(frequencies(dim // heads // 2)))
    return SlidingWindowAttention(dim, heads=heads, kv_heads=1, window=window, position=position)


def residual_block(mixer: Mixer, dim: int, *, expansion: int) -> Block:
    """x + mixer(norm(x)), then x + down(GELU(gate(norm(x))) ⊙ up(norm(x))) (sections 2.1, 2.2).

    The gated layer is `expansion` times as wide as the model.
    """
    gated = SwiGLU(dim, expansion * dim, activation=partial(F.gelu, approximate="tanh"))
    return Block(mixer, gated, partial(UnitOffsetRMSNorm, dim))


class ScaledTokens(Tokens):
    """`scale` times a learned vector for each token, whose numbers begin with variance 1/d."""

    def __init__(self, vocab: int, dim: int, *, scale: float):
        super().__init__(vocab, dim)
        self.scale = scale
        nn.init.normal_(self.weight, std=dim**-0.5)

    def forward(self, ids: Int[Tensor, "b n"], index: Int[Tensor, " n"]) -> Float[Tensor, "b n d"]:
        return self.scale * super().forward(ids, index)


class TiedUnembedding(nn.Module):
    """squash(x · Eᵀ): the logits, from the vectors of an embedding, but without its scale."""

    def __init__(self, embedding: nn.Embedding, *, squash: Callable[[Tensor], Tensor]):
        super().__init__()
        self.embedding, self.squash = embedding, squash

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b vocab"]:
        return self.squash(x @ self.embedding.weight.mT)


def soft_cap(logits: Float[Tensor, "*b"], cap: float) -> Float[Tensor, "*b"]:
    """cap · tanh(logits / cap): near 0 as they are, and never beyond ±cap (RecurrentGemma: 30)."""
    return cap * (logits / cap).tanh()


class Griffin(LanguageModel):
    """A residual block for each mixer, between an embedding and its transpose.

    With mixers from `alternate` it is Griffin; with recurrent ones alone it is Hawk. The paper's
    `scale` is 1 and its `squash` leaves logits alone; RecurrentGemma has √dim and a soft cap.
    """

    def __init__(
        self,
        mixers: Iterable[Mixer],
        *,
        vocab: int,
        dim: int,
        expansion: int = 3,
        scale: float = 1.0,
        squash: Callable[[Tensor], Tensor] = lambda logits: logits,
    ):
        embed = ScaledTokens(vocab, dim, scale=scale)
        blocks = [residual_block(mixer, dim, expansion=expansion) for mixer in mixers]
        unembed = TiedUnembedding(embed, squash=squash)
        super().__init__(embed, blocks, UnitOffsetRMSNorm(dim), unembed)
