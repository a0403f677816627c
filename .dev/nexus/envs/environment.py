"""What an environment is: three pure functions of tensors, and two numbers.

An environment has no state of its own. Its state is a NamedTuple of tensors with the copies along
axis 0, so one call steps them all.

Letters: b copies, o the axes of what is seen.
"""

from typing import Protocol, TypeVar, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

State = TypeVar("State", bound=tuple[Tensor, ...])


@runtime_checkable
class Environment(Protocol[State]):
    """A Markov decision process with `actions` actions, cut off after `limit` steps.

    The cut is for the driver to make: `step` tells only whether an episode came to its own end.
    """

    @property
    def actions(self) -> int: ...

    @property
    def limit(self) -> int: ...

    def start(self, copies: int, *, generator: Generator | None = None) -> State:
        """The first state of `copies` new episodes."""
        ...

    def observe(self, state: State) -> Float[Tensor, "b *o"]:
        """What the agent sees of a state."""
        ...

    def step(
        self, state: State, action: Int[Tensor, " b"]
    ) -> tuple[State, Float[Tensor, " b"], Bool[Tensor, " b"]]:
        """The next state, the reward for coming there, and whether the episode ends there."""
        ...
