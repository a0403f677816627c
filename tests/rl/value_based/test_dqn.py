"""DQN against torchrl's loss, and the laws it must obey."""

from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad
from torch.testing import assert_close

from nexus.envs.finite import Finite
from nexus.envs.parallel import Parallel, Transition
from nexus.envs.replay import ReplayBuffer
from nexus.rl.value_based.dqn import DQN, Settings, dqn_loss, q_loss, td_target

SMALL = Settings(discount=0.8, batch=64, replay_start=64, copy_every=10, last_epsilon=1.0)


def net():
    return nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 3))


def batch():
    seen, after, kind = torch.randn(6, 4), torch.randn(6, 4), torch.arange(6) % 3  # on, ended, cut
    return Transition(seen, torch.randint(3, (6,)), 3 * torch.randn(6), after, kind == 1, kind == 2)


def maze():
    """Five places in random order, three ways on from each; the last one ends an episode."""
    return Finite(torch.randint(5, (5, 3)), torch.randn(5, 3), ends=torch.arange(5) == 4, limit=3)


def agent(world, copies=8, draw=None, **chosen):
    table = nn.Linear(5, 3, bias=False)
    nn.init.eye_(table.weight)
    parts = Parallel(world, copies, generator=draw), torch.optim.SGD(table.parameters(), lr=5.0)
    more = {"objective": partial(q_loss, error=F.mse_loss), "generator": draw}
    return DQN(table, *parts, ReplayBuffer(500), replace(SMALL, **chosen), **more)


@pytest.mark.filterwarnings("ignore:No target network updater")
@pytest.mark.parametrize("name, error", [("smooth_l1", F.smooth_l1_loss), ("l2", F.mse_loss)])
def test_the_loss_matches_torchrl(name, error, matches):
    objectives = pytest.importorskip("torchrl.objectives")
    network, target, seen = net(), net(), batch()
    theirs = objectives.DQNLoss(network, loss_function=name, action_space="categorical")
    theirs.make_value_estimator(objectives.ValueEstimators.TD0, gamma=0.9)
    for key, w in target.named_parameters():
        theirs.target_value_network_params["module", "0", "module", *key.split(".")].data.copy_(w)
    state, action, reward, after, ended, cut = seen
    moved = {"observation": state, "next_observation": after, "action": action}
    over = {"next_done": (ended | cut)[:, None], "next_terminated": ended[:, None]}
    want = theirs(**moved, next_reward=reward[:, None], **over)
    ours = q_loss(network, target, seen, discount=0.9, error=error)
    matches(objectives.DQNLoss, ours, want, wrt=tuple(network.parameters()))


@pytest.mark.law("a table for a network finds the values of value iteration, cuts by time or not")
def test_a_table_finds_the_values_of_value_iteration():
    learner, values = agent(world := maze()), [torch.zeros(5, 3)]
    for _ in range(200):
        values.append(world.pay + 0.8 * torch.where(world.ends, 0, values[-1].amax(1))[world.to])
    learner.train(4000)
    assert_close(learner.network(torch.eye(5))[:4], values[-1][:4], atol=1e-3, rtol=0)
    assert (values[-1] - values[3])[:4].abs().max() > 0.3  # it looks beyond the limit of 3 steps


@pytest.mark.law("the target is a constant: no gradient goes through it, whichever network gave it")
def test_the_target_has_no_gradient():
    network, target, seen = net(), net(), batch()
    target.load_state_dict(network.state_dict())
    apart, same = (q_loss(network, other, seen, discount=0.9) for other in (target, network))
    assert grad(apart, [*target.parameters()], allow_unused=True, retain_graph=True) == (None,) * 4
    assert_close(grad(same, [*network.parameters()]), grad(apart, [*network.parameters()]))
    assert not any(w.requires_grad for w in agent(maze()).target.parameters())


@pytest.mark.law("the target network stands still, and after every c-th update it is the network")
def test_the_target_is_copied_every_so_often():
    learner, seen, x = agent(maze(), copy_every=3), [], torch.eye(5)
    learner.train(64)
    for _ in range(7):
        before, _, now = learner.target(x), learner.update(), learner.target(x)
        seen.append([torch.equal(now, q) for q in (before, learner.network(x))])
    assert seen == [[True, False], [True, False], [False, True]] * 2 + [[True, False]]


def test_an_update_is_one_whole_step_of_the_optimizer_however_steep():
    (learner := agent(maze())).train(64)
    before, dice = learner.target.requires_grad_(), torch.get_rng_state()
    learner.objective = steep = partial(q_loss, error=lambda q, y: 100 * F.mse_loss(q, y))
    learner.update()
    torch.set_rng_state(dice)
    loss = steep(before, before, learner.buffer.sample(64), discount=0.8)
    assert (slope := grad(loss, old := before.get_parameter("weight"))[0]).norm() > 10
    assert_close(learner.network.get_parameter("weight"), old - 5.0 * slope)


@pytest.mark.parametrize("copies, every", [(1, 4), (8, 4), (6, 4), (2, 1)])
def test_steps_and_updates_keep_their_ratio_and_the_generator_decides(copies, every):
    seen, made = [], partial(agent, maze(), copies, update_every=every)
    learner, again = (made(torch.Generator().manual_seed(1)) for _ in "ab")
    learner.objective = lambda *a, f=learner.objective, **k: seen.append((*a, x := f(*a, **k))) or x
    early, losses, steps = learner.train(62), learner.train(200), learner.worlds.steps
    assert early == [] and 200 <= steps < 200 + copies and len(learner.buffer) == steps
    assert len(losses) == learner.updates == (steps - 64) // every
    assert again.train(200) == losses == [loss.item() for *_, loss in seen]
    assert {(n, t, len(b.reward)) for n, t, b, _ in seen} == {(learner.network, learner.target, 64)}


@pytest.mark.parametrize("e", [1.0, 0.0])
def test_its_share_of_random_actions_is_a_line_over_the_steps(e):
    learner = agent(maze(), first_epsilon=e, last_epsilon=1 - e, anneal_over=240, replay_start=999)
    learner.target.load_state_dict({"weight": torch.zeros(3, 5)})  # it has no say
    learner.train(480)
    assert (memory := learner.buffer.ring)
    best = (learner.network(memory.observation).argmax(1) == memory.action)[:480].double()
    random = e + (1 - 2 * e) * (torch.arange(10) / 5 + 1 / 12).clamp(max=1)
    assert_close(best.unflatten(0, (10, 48)).mean(1), 1 - 2 / 3 * random, atol=0.2, rtol=0)
    assert best[240:].all() == (e == 1) and abs(best[:240].mean() - 2 / 3) < 0.07


@pytest.mark.worked("r = 1, γ = 0.9, Q̂(s′, ·) = (2, 5, -7): y = 5.5; an error of 2.5 pulls by 1")
def test_one_update_by_hand():
    reward, next_q = torch.ones(2), torch.tensor([2.0, 5.0, -7.0]).expand(2, 3)
    target = td_target(reward, torch.tensor([False, True]), next_q, discount=0.9)
    assert_close(target, torch.tensor([5.5, 1.0]))  # errors y - Q of 2.5 and -0.6
    q, action = torch.tensor([[3, 9, 4], [9, 1.6, 6]], requires_grad=True), torch.tensor([0, 1])
    loss, squared = dqn_loss(q, action, target), dqn_loss(q, action, target, error=F.mse_loss)
    assert_close(torch.stack([loss, squared]), torch.tensor([2.0 + 0.18, 6.25 + 0.36]) / 2)
    assert_close(grad(loss, q)[0], torch.tensor([[-1.0, 0, 0], [0, 0.6, 0]]) / 2)
    assert_close(dqn_loss(q, action, target, error=lambda q, y: (q - y).sum()), torch.tensor(-1.9))


@pytest.mark.worked("2015, Extended Data Table 1: the settings for Atari")
def test_the_defaults_are_the_paper_s():
    assert Settings() == Settings(0.99, 32, 50_000, 4, 10_000, 1.0, 0.1, 1_000_000)


def examples():
    q, taken, ended = torch.randn(3, 4), torch.tensor([2, 0, 1]), torch.tensor([True, False, True])
    parts = Parallel(maze(), 3), torch.optim.SGD(net().parameters(), lr=0.1), ReplayBuffer(9)
    return [
        (partial(td_target, discount=0.9), (torch.randn(3), ended, q)),
        (partial(dqn_loss), (q, taken, torch.randn(3))),
        (partial(q_loss, discount=0.9), (net(), net(), batch())),
        (partial(DQN, net(), *parts, SMALL), None),
    ]
