"""Deep Q-network: Q-learning with a neural network, a replay memory and a frozen target.

Source: Mnih et al. 2013, Playing Atari with Deep Reinforcement Learning,
https://arxiv.org/abs/1312.5602, equations 2-3, algorithm 1: network, replay, ε-greedy. Mnih et al.
2015, Human-level control through deep reinforcement learning, https://doi.org/10.1038/nature14236,
algorithm 1, Extended Data Table 1: target network, clipped error.
Differs: any network and observation, no stack of frames; several environments act at a time;
rewards are not clipped; an episode cut off by a limit of time bootstraps, which neither paper
mentions; the optimizer is passed in (the papers: RMSProp).

Letters: b batch, a actions.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from nexus.envs.exploration import annealed, epsilon_greedy
from nexus.envs.parallel import Parallel, Transition
from nexus.envs.replay import ReplayBuffer


def td_target(
    reward: Float[Tensor, " b"],
    terminated: Bool[Tensor, " b"],
    next_q: Float[Tensor, "b a"],
    *,
    discount: float,
) -> Float[Tensor, " b"]:
    """y = r + γ maxₐ Q̂(s′, a), and y = r where s′ is terminal; no gradient (algorithm 1).

    `terminated` must not count episodes that were only cut off: their s′ has a value.
    """
    return (reward + discount * next_q.amax(1).masked_fill(terminated, 0)).detach()


def dqn_loss(
    q: Float[Tensor, "b a"],
    action: Int[Tensor, " b"],
    target: Float[Tensor, " b"],
    *,
    error: Callable[[Tensor, Tensor], Tensor] = F.smooth_l1_loss,
) -> Float[Tensor, ""]:
    """Mean error of Q(s, a) for the actions that were taken: `error(Q, y)`.

    `F.smooth_l1_loss` has the gradient Q - y clipped to [-1, 1], as in 2015; `F.mse_loss` is
    (y - Q)², equation 2 of 2013.
    """
    return error(q.gather(1, action[:, None]).squeeze(1), target)


def q_loss(
    network: nn.Module,
    target_network: nn.Module,
    batch: Transition,
    *,
    discount: float,
    error: Callable[[Tensor, Tensor], Tensor] = F.smooth_l1_loss,
) -> Float[Tensor, ""]:
    """`dqn_loss` of a batch of transitions: Q by `network`, Q̂ by `target_network`."""
    next_q = target_network(batch.next_observation)
    target = td_target(batch.reward, batch.terminated, next_q, discount=discount)
    return dqn_loss(network(batch.observation), batch.action, target, error=error)


@dataclass(frozen=True)
class Settings:
    """What the algorithm leaves to choose; the defaults are those of 2015 for Atari.

    A step is one action in one copy of the environment.
    """

    discount: float = 0.99  # γ a step, [0, 1)
    batch: int = 32  # transitions an update, 1 or more
    replay_start: int = 50_000  # steps (2015: frames) before the first update, 0 or more
    update_every: int = 4  # steps an update, 1 or more
    copy_every: int = 10_000  # updates from one target network to the next; 1 is 2013's: none
    first_epsilon: float = 1.0  # probability of a random action at step 0, [0, 1]
    last_epsilon: float = 0.1  # the same after `anneal_over` steps, [0, 1]
    anneal_over: int = 1_000_000  # steps (2015: frames), 1 or more


class DQN:
    """An agent that acts in parallel environments and learns from what it remembers.

    `network` maps observations to one value an action; `optimizer` holds its weights. `objective`
    has the signature of `q_loss`. Each update changes both in place; `target` is the frozen copy.
    """

    def __init__(
        self,
        network: nn.Module,
        worlds: Parallel,
        optimizer: Optimizer,
        buffer: ReplayBuffer[Transition],
        settings: Settings,
        *,
        objective: Callable[..., Tensor] = q_loss,
        generator: Generator | None = None,
    ):
        self.network, self.target = network, copy.deepcopy(network).requires_grad_(False)
        self.worlds, self.optimizer, self.buffer = worlds, optimizer, buffer
        self.settings, self.objective, self.generator = settings, objective, generator
        self.updates = 0

    def train(self, steps: int) -> list[float]:
        """Act until `steps` were taken in all copies since they began; the loss of each update."""
        losses, s = [], self.settings
        while self.worlds.steps < steps:
            self.act()
            due = (self.worlds.steps - s.replay_start) // s.update_every
            while self.updates < due:
                losses.append(self.update())
        return losses

    @torch.no_grad()
    def act(self) -> None:
        """One ε-greedy step of each copy, into the memory."""
        s, steps = self.settings, self.worlds.steps
        epsilon = annealed(steps, first=s.first_epsilon, last=s.last_epsilon, over=s.anneal_over)
        q = self.network(self.worlds.observation)
        self.buffer.add(self.worlds.step(epsilon_greedy(q, epsilon, generator=self.generator)))

    def update(self) -> float:
        """One step of the optimizer on a batch from memory; a new target when it is time."""
        batch = self.buffer.sample(self.settings.batch, generator=self.generator)
        loss = self.objective(self.network, self.target, batch, discount=self.settings.discount)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.updates += 1
        if self.updates % self.settings.copy_every == 0:
            self.target.load_state_dict(self.network.state_dict())
        return loss.item()
