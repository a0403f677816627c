"""Who may read whom: boolean masks, True for 'may read', and the softmax that obeys them.

A mask is a function of query and key positions, so one definition serves a full pass (n = m),
a decoding step (n = 1) and a chunk in between.

Letters: n queries, m keys.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def causal(queries: Int[Tensor, " n"], keys: Int[Tensor, " m"]) -> Bool[Tensor, "n m"]:
    """A query reads keys at its own position or before it."""
    return queries[:, None] >= keys[None, :]


def full(queries: Int[Tensor, " n"], keys: Int[Tensor, " m"]) -> Bool[Tensor, "n m"]:
    """Every query reads every key (encoders)."""
    return torch.ones(len(queries), len(keys), dtype=torch.bool, device=keys.device)


def masked_softmax(
    scores: Float[Tensor, "*batch n m"], mask: Bool[Tensor, "*#batch n m"]
) -> Float[Tensor, "*batch n m"]:
    """Softmax over the m keys that each query may read; the others get weight exactly 0.

    Raises:
        ValueError: a query may read no key at all (its softmax would be 0 / 0).
    """
    reads = mask.any(-1)
    if not reads.all():
        raise ValueError(f"query {int((~reads).nonzero()[0, -1])} may read no key")
    return scores.masked_fill(~mask, -math.inf).softmax(-1)
