"""A decision process given by tables, small enough that its optimal values can be computed.

Letters: s states, a actions, b copies.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor


class Place(NamedTuple):
    """The number of the state that a copy is in."""

    at: Int[Tensor, " b"]


class Finite:
    """From state s action a leads to state `to[s, a]` and pays `pay[s, a]`.

    An episode starts in any state that `ends` does not mark, all alike, and is over in one that it
    marks. What is seen is the state, one-hot, so a linear layer without bias is a table.

    Raises:
        ValueError: every state ends an episode, so there is none to start in.
    """

    def __init__(
        self,
        to: Int[Tensor, "s a"],
        pay: Float[Tensor, "s a"],
        *,
        ends: Bool[Tensor, " s"],
        limit: int,
    ):
        if ends.all():
            raise ValueError(f"all {len(ends)} states end an episode, none is left to start in")
        self.to, self.pay, self.ends = to, pay, ends
        self.actions, self.limit = to.shape[1], limit

    def start(self, copies: int, *, generator: Generator | None = None) -> Place:
        """Any state that does not end the episode."""
        alike = (~self.ends).to(self.pay.dtype)
        return Place(torch.multinomial(alike, copies, replacement=True, generator=generator))

    def observe(self, state: Place) -> Float[Tensor, "b s"]:
        """The state, one-hot."""
        return F.one_hot(state.at, len(self.ends)).to(self.pay.dtype)

    def step(
        self, state: Place, action: Int[Tensor, " b"]
    ) -> tuple[Place, Float[Tensor, " b"], Bool[Tensor, " b"]]:
        """What the tables say."""
        after = self.to[state.at, action]
        return Place(after), self.pay[state.at, action], self.ends[after]
