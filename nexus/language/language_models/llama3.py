"""Llama 3: the decoder of Llama 2 with fewer key/value heads, more tokens and slower rotations.

Source: Grattafiori et al. 2024, The Llama 3 Herd of Models, https://arxiv.org/abs/2407.21783,
section 3.2 (architecture, document mask) and Table 3 (sizes). How Llama 3.1 stretches its rotary
frequencies is not in the paper: it is `apply_scaling` of the released code.
Differs: the vocabulary has 128,256 tokens, as released; the paper counts 128,000, without 256
special ones. Weights begin as PyTorch's do; the paper does not say how theirs begin. Embedding and
logits are not tied (those of Llama 3.2 1B and 3B are). All rows of a batch share one document mask.

Letters: n queries, m keys, p pairs of numbers in a head, s documents in a sequence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from nexus.attention.grouped_query_attention import GroupedQueryAttention
from nexus.components.activation.swiglu import SwiGLU
from nexus.components.normalization.rmsnorm import RMSNorm
from nexus.nn import masks
from nexus.nn.backbone import Block, LanguageModel
from nexus.nn.embedding import Tokens
from nexus.position.rope import Rotary, frequencies

BASE = 500_000.0
"""Base of the rotary frequencies; 10,000 in Llama 2."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a model, a row of Table 3 each; `vocab` is in tokens."""

    layers: int
    dim: int
    hidden: int
    heads: int
    kv_heads: int = 8
    vocab: int = 128_256


SHAPES = {
    "8B": Shape(layers=32, dim=4096, hidden=14_336, heads=32),
    "70B": Shape(layers=80, dim=8192, hidden=28_672, heads=64),
    "405B": Shape(layers=126, dim=16_384, hidden=53_248, heads=128),
}
"""The columns of Table 3."""


class Llama3(LanguageModel):
    """The decoder of section 3.2: x + attention(norm(x)), then x + swiglu(norm(x)), in each layer.

    Where no `position` is given, queries and keys are turned by RoPE with base 500,000.

    Raises:
        ValueError: `heads` is not a multiple of `kv_heads`, or `dim` not one of `heads`.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        position: Callable[[Tensor, Tensor], Tensor] | None = None,
        mask: Callable[[Tensor, Tensor], Tensor] = masks.causal,
    ):
        position = position or Rotary(frequencies(shape.dim // shape.heads, BASE))

        def norm() -> RMSNorm:
            return RMSNorm(shape.dim, eps=1e-5)

        def attend() -> GroupedQueryAttention:
            heads = {"heads": shape.heads, "kv_heads": shape.kv_heads}
            return GroupedQueryAttention(shape.dim, **heads, position=position, mask=mask)

        blocks = [
            Block(attend(), SwiGLU(shape.dim, shape.hidden), norm) for _ in range(shape.layers)
        ]
        embed = Tokens(shape.vocab, shape.dim)
        super().__init__(embed, blocks, norm(), nn.Linear(shape.dim, shape.vocab, bias=False))


def stretched(
    frequency: Float[Tensor, " p"],
    *,
    factor: float = 8.0,
    low: float = 1.0,
    high: float = 4.0,
    original: int = 8192,
) -> Float[Tensor, " p"]:
    """Frequencies for contexts `factor` times as long: fast pairs keep theirs, slow ones slow down.

    With t turns in the `original` tokens and r = (t - low) / (high - low), cut to [0, 1]: what is
    returned is frequency · (r + (1 - r) / factor). The defaults are Llama 3.1's.

    Raises:
        ValueError: `high` is not above `low`.
    """
    if high <= low:
        raise ValueError(f"high={high} is not above low={low}")
    turns = original * frequency / (2 * torch.pi)
    keep = ((turns - low) / (high - low)).clamp(0, 1)
    return frequency * (keep + (1 - keep) / factor)


def within_documents(
    queries: Int[Tensor, " n"], keys: Int[Tensor, " m"], *, starts: Int[Tensor, " s"]
) -> Bool[Tensor, "n m"]:
    """A query reads keys of its own document, at its own position or before it (section 3.2).

    `starts` are the places where documents begin, ascending; what is before the first is one too.
    """
    q, k = (torch.bucketize(x, starts.to(x.device), right=True) for x in (queries, keys))
    return masks.causal(queries, keys) & (q[:, None] == k)


NAMES = {
    "model.": "",
    "embed_tokens": "embed",
    "layers": "blocks",
    "self_attn": "mixer",
    "mlp": "ffn",
    "input_layernorm": "norm_mixer",
    "post_attention_layernorm": "norm_ffn",
    **{f"{x}_proj": f"to_{x}" for x in "qkv"},
    "o_proj": "to_out",
    "_proj": "",
    "lm_head": "unembed",
}
"""Parts of transformers' names and of ours, replaced in this order."""


def from_transformers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of transformers' LlamaForCausalLM under the names that they have here."""

    def renamed(name: str) -> str:
        for theirs, ours in NAMES.items():
            name = name.replace(theirs, ours)
        return name

    return {renamed(name): weight for name, weight in weights.items()}
