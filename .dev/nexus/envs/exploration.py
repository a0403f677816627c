"""Actions that are not the best known one, and how often to take them.

Letters: b batch, a actions.
"""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor


def epsilon_greedy(
    q: Float[Tensor, "b a"], epsilon: float, *, generator: Generator | None = None
) -> Int[Tensor, " b"]:
    """argmaxₐ Q, or with probability ε an action drawn uniformly from all, the best among them."""
    explore = torch.rand(len(q), generator=generator, device=q.device) < epsilon
    random = torch.randint(q.shape[1], (len(q),), generator=generator, device=q.device)
    return torch.where(explore, random, q.argmax(1))


def annealed(step: int, *, first: float, last: float, over: int) -> float:
    """The line from `first` at step 0 to `last` at step `over`; `last` from there on."""
    return last + (first - last) * max(0.0, 1 - step / over)
