"""ε-greedy actions and their schedule."""

import functools

import pytest
import torch
from torch.testing import assert_close

from nexus.envs.exploration import annealed, epsilon_greedy


@pytest.mark.parametrize(
    "epsilon, best, other", [(0.0, 1, 0), (0.6, 0.6, 0.2), (1.0, 1 / 3, 1 / 3)]
)
def test_the_best_is_taken_with_its_share_of_the_random_ones(epsilon, best, other):
    q = torch.tensor([[1.0, 3.0, 2.0]]).expand(30_000, 3)
    action = epsilon_greedy(q, epsilon)
    share = action.bincount(minlength=3) / len(q)
    assert_close(share, torch.tensor([other, best, other]).double(), atol=0.01 * epsilon, rtol=0)
    greedy = (action == 1).double()
    assert abs((greedy[1:] * greedy[:-1]).mean() - best**2) < 0.01  # each on its own


def test_each_row_has_its_own_best():
    q = torch.tensor([[5.0, 3.0, 2.0], [-9.0, -9.0, -8.0], [1.0, 1.1, 1.0], [4.0, 4.0, 1.0]])
    assert epsilon_greedy(q, 0.0).tolist() == [0, 2, 1, 0]


def test_the_generator_decides():
    q = torch.randn(50, 3)
    one, two = (epsilon_greedy(q, 0.9, generator=torch.Generator().manual_seed(1)) for _ in "12")
    assert (one == two).all() and not (epsilon_greedy(q, 0.9) == epsilon_greedy(q, 0.9)).all()


def test_annealing_is_a_line_and_then_level():
    shown = [annealed(t, first=1.0, last=0.1, over=1000) for t in (0, 250, 999, 1000, 5000)]
    assert_close(shown, [1.0, 0.775, 0.1009, 0.1, 0.1])


def examples():
    return [
        (functools.partial(epsilon_greedy, epsilon=0.5), (torch.randn(40, 3),)),
        (functools.partial(annealed, first=1.0, last=0.1, over=9), (5,)),
    ]
