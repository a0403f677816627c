"""Many copies of an environment: what is counted, cut off, started anew and handed on."""

import functools
from typing import NamedTuple

import pytest
import torch
from torch.testing import assert_close

from nexus.envs.cartpole import CartPole
from nexus.envs.environment import Environment
from nexus.envs.parallel import Parallel, Transition, episode_returns


class Walk(NamedTuple):
    taken: torch.Tensor
    end: torch.Tensor


class Walks:
    """Walks of 2 to 6 steps, cut off after 4; what is seen is the count and where it ends."""

    actions = 3
    limit = 4

    def start(self, copies, *, generator=None):
        ends = torch.randint(2, 7, (copies,), generator=generator)
        return Walk(torch.zeros(copies), ends.to(torch.get_default_dtype()))

    def observe(self, state):
        return torch.stack(state, 1)

    def step(self, state, action):
        count = state.taken + 1
        return Walk(count, state.end), 10 * count + action, count >= state.end


@pytest.fixture
def played():
    """Sixty steps of five copies, and what they saw after each."""
    worlds, steps, seen = Parallel(Walks(), 5), [], []
    for _ in range(60):
        steps.append(worlds.step(torch.randint(3, (5,))))
        seen.append(worlds.observation)
    return worlds, Transition(*map(torch.stack, zip(*steps, strict=True))), torch.stack(seen)


def test_a_transition_leads_where_the_step_led_before_any_new_start(played):
    _, steps, seen = played
    assert_close(
        steps.next_observation - steps.observation, torch.tensor([1.0, 0]).expand(60, 5, 2)
    )
    assert_close(steps.reward, 10 * steps.next_observation[..., 0] + steps.action)
    assert_close(steps.observation[1:], seen[:-1])
    over = steps.terminated | steps.truncated
    assert (seen[over][:, 0] == 0).all() and (seen[~over] == steps.next_observation[~over]).all()


def test_an_end_and_a_cut_are_told_apart(played):
    _, steps, _ = played
    count, end = steps.next_observation.unbind(-1)
    assert (steps.terminated == (count >= end)).all()  # also where the end falls on the limit
    assert (steps.truncated == ((count == 4) & (end > 4))).all()
    assert steps.terminated.any() and steps.truncated.any() and (count == 4).any()
    assert ((end == 4) & steps.terminated).any()


def test_returns_and_lengths_are_those_of_the_finished_episodes_in_order(played):
    worlds, steps, _ = played
    returns, lengths, running = [], [], [[] for _ in range(5)]
    for reward, over in zip(steps.reward, steps.terminated | steps.truncated, strict=True):
        for copy, mine in enumerate(running):
            mine.append(reward[copy].item())
            if over[copy]:
                returns.append(sum(mine))
                lengths.append(len(mine))
                mine.clear()
    assert worlds.returns == returns and worlds.lengths == lengths
    assert len(returns) > 60 and set(lengths) == {2, 3, 4}
    assert worlds.steps == 300


def test_the_copies_start_apart_and_the_generator_decides():
    one, two = (Parallel(Walks(), 50, generator=torch.Generator().manual_seed(1)) for _ in "12")
    assert len(one.observation[:, 1].unique()) == 5
    for _ in range(9):
        a, b = (worlds.step(torch.zeros(50).long()) for worlds in (one, two))
        torch.manual_seed(7)
        assert (a.next_observation == b.next_observation).all()
    assert (one.observation == two.observation).all()


def test_a_copy_does_not_notice_its_neighbours_ends():
    worlds = Parallel(Walks(), 2)
    worlds.state = Walk(torch.zeros(2), torch.tensor([6.0, 2.0]))
    worlds.observation = worlds.environment.observe(worlds.state)
    seen = [worlds.step(torch.tensor([0, 0])).next_observation[0, 0].item() for _ in range(4)]
    assert seen == [1, 2, 3, 4] and worlds.lengths[:1] == [2]


def test_every_episode_counts_once_however_short_it_is():
    drawn = Walks().start(2000, generator=torch.Generator().manual_seed(1)).end
    returns = episode_returns(
        Walks(),
        lambda seen: (seen[:, 0] == 1).long() * 2,
        episodes=2000,
        generator=torch.Generator().manual_seed(1),
    )
    steps = drawn.clamp(max=4)
    assert_close(returns, 5 * steps * (steps + 1) + 2)  # 10 (1 + 2 + ...), and action 2 once
    assert 0.55 < (steps == 4).double().mean() < 0.65


def test_an_episode_is_worth_what_the_driver_counts():
    def policy(observation):
        return (observation[:, 2] > 0).long()

    start = torch.Generator().manual_seed(1)
    (alone,) = episode_returns(CartPole(), policy, episodes=1, generator=start).tolist()
    worlds = Parallel(CartPole(), 1, generator=start.manual_seed(1))
    while not worlds.returns:
        worlds.step(policy(worlds.observation))
    assert worlds.returns == [alone] and worlds.lengths == [int(alone)] and 20 < alone < 500


def test_what_it_drives_is_an_environment():
    assert isinstance(Walks(), Environment) and isinstance(CartPole(), Environment)
    assert not isinstance(Walk(torch.zeros(1), torch.zeros(1)), Environment)


def examples():
    balanced = functools.partial(
        episode_returns,
        Walks(),
        lambda seen: torch.zeros(len(seen), dtype=torch.long),
        episodes=3,
    )
    return [(functools.partial(Parallel, CartPole(), 3), None), (balanced, ())]
