"""Speculative decoding: a small model guesses γ tokens, the large one tests them all in one call.

Source: Leviathan, Kalman and Matias 2022, Fast Inference from Transformers via Speculative
Decoding, https://arxiv.org/abs/2211.17192, algorithm 1; the same rule in Chen et al. 2023,
https://arxiv.org/abs/2302.01318.
Differs: a guess is kept if r < p / q, not r ≤ p / q, so that none of probability 0 is; where p is
nowhere above q, which only rounding can bring about, the residual is p. One sequence, no end token.

Letters: g guesses of a round (γ), v vocabulary, n tokens, m tokens yet to read, k tokens that a
round writes, p the target's and q the draft's probabilities.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional as F

from nexus.inference.kv_cache import crop, read
from nexus.nn.backbone import LanguageModel

Distribution = Callable[[Tensor], Tensor]
"""Makes probabilities of logits: softmax, a temperature, top-k, top-p."""
SOFTMAX: Distribution = partial(torch.softmax, dim=-1)
Back = Callable[[int], Any]


class Reader(NamedTuple):
    """A model and where it stands in the text.

    `trace(ids, state)` gives next-token logits and `back`: `back(i)` is the state after i of ids.
    """

    trace: Callable[[Tensor, Any], tuple[Tensor, Back]]
    state: Any
    unread: Int[Tensor, " m"]  # written, but not in the state yet: one token or more


def acceptance(p: Float[Tensor, "*n v"], q: Float[Tensor, "*n v"]) -> Float[Tensor, "*n"]:
    """α = Σ min(p, q): the probability that a token drawn from q is kept, 1 - total variation."""
    return torch.minimum(p, q).sum(-1)


def residual(p: Float[Tensor, "*n v"], q: Float[Tensor, "*n v"]) -> Float[Tensor, "*n v"]:
    """norm(max(0, p - q)): what p still lacks when guesses from q are kept where p allows."""
    lack = (p - q).clamp_min(0)
    lack = torch.where(lack.sum(-1, keepdim=True) > 0, lack, p)
    return lack / lack.sum(-1, keepdim=True)


def verify(
    guesses: Int[Tensor, " g"],
    q: Float[Tensor, "g v"],
    p: Float[Tensor, "g+1 v"],
    *,
    generator: Generator | None = None,
) -> Int[Tensor, " k"]:
    """Keep guesses while r_i < p_i / q_i, r_i uniform; add one from the residual, or from p."""
    at = torch.arange(len(guesses), device=p.device), guesses
    r = torch.rand(len(guesses), generator=generator, dtype=p.dtype, device=p.device)
    kept = int((r < p[at] / q[at]).long().cumprod(0).sum())
    last = residual(p[kept], F.pad(q, (0, 0, 0, 1))[kept])  # behind the guesses q is 0
    return torch.cat([guesses[:kept], torch.multinomial(last, 1, generator=generator)])


def greedy(logits: Float[Tensor, "*n v"]) -> Float[Tensor, "*n v"]:
    """Temperature 0: all probability on the largest logit."""
    return F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)


def speculate(
    target: Reader,
    draft: Reader,
    *,
    gamma: int,
    distribution: Distribution = SOFTMAX,
    generator: Generator | None = None,
) -> tuple[Int[Tensor, " k"], Reader, Reader]:
    """One round: `gamma` guesses, one call of the target, 1 to `gamma` + 1 tokens, both rewound.

    The same `distribution` is made of the target's and of the draft's logits.

    Raises:
        ValueError: `gamma` is less than 1.
    """
    if gamma < 1:
        raise ValueError(f"gamma={gamma}: a round needs a guess")
    state, unread, rows, states, guesses = draft.state, draft.unread, [], [], []
    for _ in range(gamma):
        logits, back = draft.trace(unread, state)
        states.append(state := back(len(unread)))
        rows.append(distribution(logits[-1:]))
        guesses.append(unread := torch.multinomial(rows[-1][0], 1, generator=generator))
    logits, back = target.trace(torch.cat([target.unread, *guesses]), target.state)
    p, q = distribution(logits[-gamma - 1 :]), torch.cat(rows)
    out = verify(torch.cat(guesses), q, p, generator=generator)
    kept, seen = len(out) - 1, min(len(out), gamma) - 1  # the draft has not read its last guess
    target = target._replace(state=back(len(target.unread) + kept), unread=out[kept:])
    return out, target, draft._replace(state=states[seen], unread=out[seen:])


def generate(
    target: Reader,
    draft: Reader,
    *,
    tokens: int,
    gamma: int,
    distribution: Distribution = SOFTMAX,
    generator: Generator | None = None,
) -> tuple[Int[Tensor, " n"], list[int]]:
    """`tokens` tokens, drawn as from the target alone, and how many each round wrote.

    The last round may write up to `gamma` more; they are read, but not returned.
    """
    go, parts = partial(speculate, gamma=gamma, distribution=distribution), []
    while sum(map(len, parts)) < tokens:
        out, target, draft = go(target, draft, generator=generator)
        parts.append(out)
    return torch.cat(parts)[:tokens], [len(part) for part in parts]


def one_call(model: LanguageModel, ids: Int[Tensor, " n"], state: Any) -> tuple[Tensor, Back]:
    """A trace through a growing KV cache: all tokens in one pass; rewinding cuts the cache."""
    logits, after = read(model, ids[None], state)
    return logits[0], lambda i: crop(after, int(state.place) + i)


def by_step(model: LanguageModel, ids: Int[Tensor, " n"], state: Any) -> tuple[Tensor, Back]:
    """A trace of any decoder, token by token; rewinding takes up a state that was kept."""
    rows, states = [], [state]
    for token in ids.split(1):
        logits, state = model.step(token, states[-1])
        rows.append(logits)
        states.append(state)
    return torch.cat(rows), states.__getitem__


def expected_tokens(alpha: Float[Tensor, "*n"], *, gamma: int) -> Float[Tensor, "*n"]:
    """(1 - α^(γ+1)) / (1 - α) = 1 + α + ... + α^γ a round, if each guess is kept with α."""
    return (alpha[..., None] ** torch.arange(gamma + 1, device=alpha.device)).sum(-1)


def speedup(alpha: Float[Tensor, "*n"], *, gamma: int, cost: float) -> Float[Tensor, "*n"]:
    """Tokens a round over its time γ c + 1, in target calls; `cost` c is that of a draft's step."""
    return expected_tokens(alpha, gamma=gamma) / (gamma * cost + 1)
