"""Many copies of an environment, each started anew when its episode is over.

Letters: b copies, o the axes of what is seen, e episodes.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from nexus.envs.environment import Environment, State


class Transition(NamedTuple):
    """One step of each copy.

    `next_observation` is where the step led, also where the copy has since been started anew.
    `terminated`: the episode came to its own end, nothing follows. `truncated`: it was cut off by
    the limit of time and would have gone on, so what follows still has a value.
    """

    observation: Float[Tensor, "b *o"]
    action: Int[Tensor, " b"]
    reward: Float[Tensor, " b"]
    next_observation: Float[Tensor, "b *o"]
    terminated: Bool[Tensor, " b"]
    truncated: Bool[Tensor, " b"]


class Parallel(Generic[State]):
    """Steps `copies` of an environment together and keeps count.

    `observation` is what the copies see now, `steps` how many were taken in all of them together;
    `returns` and `lengths` are those of the finished episodes, in order of their ends.
    """

    def __init__(
        self,
        environment: Environment[State],
        copies: int,
        *,
        generator: Generator | None = None,
    ):
        self.environment, self.copies, self.generator = environment, copies, generator
        self.state = environment.start(copies, generator=generator)
        self.observation = environment.observe(self.state)
        self.steps, self.returns, self.lengths = 0, list[float](), list[int]()
        self._return = self.observation.new_zeros(copies)
        self._length = torch.zeros_like(self._return, dtype=torch.long)

    def step(self, action: Int[Tensor, " b"]) -> Transition:
        """Step each copy, then start those anew whose episode is over."""
        before = self.observation
        state, reward, terminated = self.environment.step(self.state, action)
        after = self.environment.observe(state)
        self.steps += self.copies
        self._return, self._length = self._return + reward, self._length + 1
        truncated = (self._length >= self.environment.limit) & ~terminated
        self.state, self.observation = state, after
        over = terminated | truncated
        if over.any():
            self._restart(over)
        return Transition(before, action, reward, after, terminated, truncated)

    def _restart(self, over: Bool[Tensor, " b"]) -> None:
        self.returns += self._return[over].tolist()
        self.lengths += self._length[over].tolist()
        self._return = self._return.masked_fill(over, 0)
        self._length = self._length.masked_fill(over, 0)
        new = self.environment.start(int(over.sum()), generator=self.generator)
        fields = [old.index_put((over,), x) for old, x in zip(self.state, new, strict=True)]
        self.state = type(self.state)(*fields)
        self.observation = self.environment.observe(self.state)


@torch.no_grad()
def episode_returns(
    environment: Environment,
    policy: Callable[[Float[Tensor, "e *o"]], Int[Tensor, " e"]],
    *,
    episodes: int,
    generator: Generator | None = None,
) -> Float[Tensor, " e"]:
    """The undiscounted return of whole episodes, side by side, under `policy(observation)`.

    Each copy plays one episode to its end. The first so many ends of copies that start anew would
    be a biased sample: short episodes end first.
    """
    state = environment.start(episodes, generator=generator)
    observation = environment.observe(state)
    total, alive = observation.new_zeros(episodes), observation.new_ones(episodes).bool()
    for _ in range(environment.limit):
        state, reward, terminated = environment.step(state, policy(observation))
        observation = environment.observe(state)
        total = total + reward * alive
        alive = alive & ~terminated
        if not alive.any():
            break
    return total
