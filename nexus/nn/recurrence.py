"""Linear recurrences h_t = a_t · h_{t-1} + u_t, with one number a_t for each number of the state.

One definition and other orders of the same sum; a page takes one of them as its `scan`.

Source: Blelloch 1990, Prefix Sums and Their Applications (that the pairs (a, u) compose
associatively); Hillis and Steele 1986, Data Parallel Algorithms, https://doi.org/10.1145/7902.7903
(the doubling).

Letters: b batch, n tokens, s the axes of the state.
"""

from collections.abc import Callable

import torch
from jaxtyping import Inexact
from torch import Tensor

Scan = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Decays, updates and the state before the first: the states after each."""


def sequential(
    decay: Inexact[Tensor, "b n *s"],
    update: Inexact[Tensor, "b n *s"],
    start: Inexact[Tensor, "b *s"],
) -> Inexact[Tensor, "b n *s"]:
    """The states h_1 to h_n as they are defined, one after another; `start` is h_0."""
    states = []
    for a, u in zip(decay.unbind(1), update.unbind(1), strict=True):
        start = a * start + u
        states.append(start)
    return torch.stack(states, 1)


def doubling(
    decay: Inexact[Tensor, "b n *s"],
    update: Inexact[Tensor, "b n *s"],
    start: Inexact[Tensor, "b *s"],
) -> Inexact[Tensor, "b n *s"]:
    """The same states in ⌈log₂ n⌉ passes over all places, each n · s multiply-adds.

    After pass i the pair at each place is the composition of the last 2^i steps up to it. Only
    products of decays occur, never quotients, so nothing overflows where |a| ≤ 1.
    """
    update = torch.cat([update[:, :1] + decay[:, :1] * start[:, None], update[:, 1:]], 1)
    reach = 1
    while reach < update.shape[1]:
        later = decay[:, reach:]
        moved = update[:, reach:] + later * update[:, :-reach]
        decay = torch.cat([decay[:, :reach], later * decay[:, :-reach]], 1)
        update = torch.cat([update[:, :reach], moved], 1)
        reach *= 2
    return update


def chunked(
    decay: Inexact[Tensor, "b n *s"],
    update: Inexact[Tensor, "b n *s"],
    start: Inexact[Tensor, "b *s"],
    *,
    size: int = 64,
    scan: Scan = doubling,
) -> Inexact[Tensor, "b n *s"]:
    """The same states, `size` places at a time; only a chunk's last state goes on to the next.

    It makes ⌈log₂ size⌉ passes instead of ⌈log₂ n⌉; the last chunk may be shorter.
    """
    states = []
    for a, u in zip(decay.split(size, 1), update.split(size, 1), strict=True):
        states.append(scan(a, u, start))
        start = states[-1][:, -1]
    return torch.cat(states, 1)
