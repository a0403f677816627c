"""CartPole against gymnasium's, step by step, and what its equations must obey."""

import functools
import math

import pytest
import torch
from torch.testing import assert_close

from nexus.envs.cartpole import CartPole, CartPoleState
from nexus.envs.parallel import Parallel

POLE = CartPole()


def balance(observation):
    """A controller that keeps the pole up for ever: lean into where it is falling."""
    return (observation @ torch.tensor([0.1, 0.5, 10.0, 1.0]) > 0).long()


def play(env, begin, policy):
    """gymnasium's states, rewards and ends from one start on, and the actions taken."""
    env.reset()
    env.unwrapped.state = begin.numpy().copy()
    states, actions, rewards, ends = [], [], [], [(False, False)]
    while not any(ends[-1]):
        observation = torch.as_tensor(env.unwrapped.state)
        actions.append(int(policy(observation)))
        _, reward, *end, _ = env.step(actions[-1])
        states.append(torch.as_tensor(env.unwrapped.state.copy()))
        rewards.append(reward)
        ends.append(tuple(end))
    return torch.stack(states), torch.tensor(actions), torch.tensor(rewards), ends[1:]


def test_episodes_match_gymnasium_step_by_step(matches):
    gymnasium = pytest.importorskip("gymnasium")
    module = pytest.importorskip("gymnasium.envs.classic_control.cartpole")
    policies = [lambda o: torch.randint(2, ()), balance, lambda o: 1, lambda o: 0]
    env, causes = gymnasium.make("CartPole-v1"), []
    for episode in range(40):
        begin = POLE.start(1)
        wide = (0.05, 0.3)[episode % 3 == 2]  # some start far out, where both ends are near
        state = CartPoleState(*(x * wide / 0.05 for x in begin))
        observation = POLE.observe(state)[0]
        theirs, actions, rewards, ends = play(env, observation, policies[episode % 4])
        ours, lost = [], []
        for action, reward in zip(actions, rewards, strict=True):
            state, mine, over = POLE.step(state, action[None])
            ours.append(POLE.observe(state)[0])
            lost.append(over.item())
            assert mine.item() == reward
        matches(module.CartPoleEnv.step, torch.stack(ours), theirs, wrt=None)
        assert lost == [terminated for terminated, _ in ends]
        causes.append("cut" if ends[-1][1] else "rail" if abs(theirs[-1, 0]) > 2.4 else "tilt")
    assert set(causes) >= {"cut", "tilt"}


def test_the_rail_and_the_tilt_end_an_episode_exactly_where_gymnasium_says():
    cartpole = pytest.importorskip("gymnasium.envs.classic_control.cartpole")
    env = cartpole.CartPoleEnv()
    rows = torch.rand(500, 4) * 2 - 1
    rows = rows * torch.tensor([2.6, 3.0, 0.25, 3.0])  # a third of them out at either end
    action = torch.randint(2, (500,))
    state, _, lost = POLE.step(CartPoleState(*rows.unbind(1)), action)
    for row, a, after, over in zip(rows, action, POLE.observe(state), lost, strict=True):
        env.reset()
        env.state = row.numpy().copy()
        _, _, terminated, _, _ = env.step(int(a))
        assert_close(after, torch.as_tensor(env.state))
        assert terminated == over
    assert (lost & (state.position.abs() > 2.4)).any() and (lost & (state.position < -2.4)).any()
    assert (lost & (state.angle > 0.21)).any() and (lost & (state.angle < -0.21)).any()
    assert 100 < lost.sum() < 400


def test_episodes_start_as_gymnasium_s_do():
    start = POLE.observe(POLE.start(20_000))
    assert start.abs().max() < 0.05 and start.abs().amax(0).min() > 0.0499
    assert start.mean(0).abs().max() < 0.001
    assert_close(start.std(0), torch.full((4,), 0.05 / math.sqrt(3)), rtol=0.02, atol=0)
    assert_close(start.T.corrcoef(), torch.eye(4), atol=0.03, rtol=0)
    assert start.dtype == torch.float64


def test_the_limit_is_gymnasium_s():
    gymnasium = pytest.importorskip("gymnasium")
    assert gymnasium.spec("CartPole-v1").max_episode_steps == CartPole.limit
    assert gymnasium.make("CartPole-v1").action_space.n == CartPole.actions


def test_left_and_right_are_mirror_images():
    rows = torch.randn(50, 4) * 0.1
    action = torch.randint(2, (50,))
    there, _, lost = POLE.step(CartPoleState(*rows.unbind(1)), action)
    mirrored, _, also = POLE.step(CartPoleState(*(-rows).unbind(1)), 1 - action)
    assert_close(POLE.observe(mirrored), -POLE.observe(there))
    assert (lost == also).all()


def test_one_step_by_hand():
    # upright and at rest, pushed right: thrust 10 / 1.1, twist -thrust / (0.5 (4/3 - 0.1 / 1.1))
    state, reward, lost = POLE.step(CartPoleState(*torch.zeros(4, 1)), torch.tensor([1]))
    twist = -(10 / 1.1) / (0.5 * (4 / 3 - 0.1 / 1.1))
    v, spin = 0.02 * (10 / 1.1 - 0.05 * twist / 1.1), 0.02 * twist
    assert_close(POLE.observe(state), torch.tensor([[0.0, v, 0.0, spin]]))
    assert reward.tolist() == [1.0] and lost.tolist() == [False]


def test_the_generator_decides():
    one, two = (POLE.start(3, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert not (POLE.start(3).angle == POLE.start(3).angle).any()


def test_a_controller_keeps_the_pole_up_until_the_limit_cuts():
    worlds = Parallel(POLE, 3)
    for _ in range(499):
        worlds.step(balance(worlds.observation))
    last = worlds.step(balance(worlds.observation))
    assert last.truncated.all() and not last.terminated.any()
    assert worlds.returns == [500.0] * 3 and worlds.lengths == [500] * 3


def examples():
    return [(functools.partial(CartPole), None)]
