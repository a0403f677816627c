"""Sequences that are predicted by looking back: associative recall, copying, selective copying.

Every sampler returns `Sequences`: ids, and at each place the token to predict there, or IGNORED,
which `torch.nn.functional.cross_entropy` leaves out.

Source: Arora et al. 2023, Zoology, https://arxiv.org/abs/2312.04927 (multi-query associative
recall); Gu and Dao 2023, Mamba, https://arxiv.org/abs/2312.00752, section 4.1.1 (selective
copying).
Differs: in associative recall the places that hold no pair and no query hold token 0.

Letters: b batch, n tokens.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

IGNORED = -100


class Sequences(NamedTuple):
    """A batch of a task."""

    ids: Int[Tensor, "b n"]
    targets: Int[Tensor, "b n"]


def associative_recall(
    batch: int,
    *,
    pairs: int,
    length: int,
    vocab: int,
    power: float = 0.01,
    generator: Generator | None = None,
) -> Sequences:
    """Key/value pairs, k v k v ..., then every key once more; the target there is its value.

    Keys are distinct and come from the lower half of the vocabulary without token 0, values are
    distinct and come from the upper half. A query stands at every second place at most; the
    probability of slot s = 1, 2, ... after the pairs goes as s^(power - 1), so power = 1 asks
    anywhere and power near 0 asks soon.

    Raises:
        ValueError: `length` has no room for the pairs and queries, or the vocabulary too few keys.
    """
    slots, half = (length - 2 * pairs) // 2, vocab // 2
    if slots < pairs:
        raise ValueError(f"length={length} has no room for {pairs} pairs and as many queries")
    if half - 1 < pairs:
        raise ValueError(f"vocab={vocab} has {half - 1} keys, fewer than pairs={pairs}")

    def distinct(weights: Tensor) -> Tensor:
        return torch.multinomial(weights.expand(batch, -1), pairs, generator=generator)

    device = generator.device if generator is not None else None
    keys = 1 + distinct(torch.ones(half - 1, device=device))
    values = half + distinct(torch.ones(vocab - half, device=device))
    chosen = distinct(torch.arange(1, slots + 1, device=device) ** (power - 1))
    places = 2 * pairs + 2 * chosen
    ids = torch.zeros(batch, length, dtype=torch.long, device=device)
    ids[:, : 2 * pairs] = torch.stack([keys, values], dim=-1).flatten(1)
    targets = torch.full_like(ids, IGNORED)
    return Sequences(ids.scatter(1, places, keys), targets.scatter(1, places, values))


def copying(
    batch: int, *, symbols: int, length: int, generator: Generator | None = None
) -> Sequences:
    """`length` random symbols and the same again; the targets are the second half."""
    device = generator.device if generator is not None else None
    half = torch.randint(symbols, (batch, length), generator=generator, device=device)
    ids = torch.cat([half, half], dim=1)
    targets = torch.full_like(ids, IGNORED)
    targets[:, length - 1 : -1] = half
    return Sequences(ids, targets)


def selective_copying(
    batch: int, *, symbols: int, tokens: int, length: int, generator: Generator | None = None
) -> Sequences:
    """`tokens` random symbols, scattered in `length` places, are asked for at the end, in order.

    Symbols are 1 to `symbols`. Token 0, noise, stands between them; at the end `symbols` + 1 stands
    `tokens` times, and the targets there are the symbols in the order in which they came.

    Raises:
        ValueError: `length` has no room for the tokens.
    """
    if length < tokens:
        raise ValueError(f"length={length} has no room for {tokens} tokens")
    device = generator.device if generator is not None else None
    ids = torch.zeros(batch, length + tokens, dtype=torch.long, device=device)
    ids[:, length:] = symbols + 1
    anywhere = torch.ones(length, device=device).expand(batch, -1)
    places = torch.multinomial(anywhere, tokens, generator=generator).sort().values
    wanted = 1 + torch.randint(symbols, (batch, tokens), generator=generator, device=device)
    targets = torch.full_like(ids, IGNORED)
    targets[:, length:] = wanted
    return Sequences(ids.scatter(1, places, wanted), targets)


def accuracy(logits: Float[Tensor, "b n vocab"], targets: Int[Tensor, "b n"]) -> float:
    """Fraction of the targets that have the largest logit, 0 to 1."""
    asked = targets != IGNORED
    return (logits.argmax(-1) == targets)[asked].double().mean().item()
