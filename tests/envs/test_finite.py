"""Decision processes given by tables."""

import functools

import pytest
import torch
from torch.testing import assert_close

from nexus.envs.environment import Environment
from nexus.envs.finite import Finite, Place

TO = torch.tensor([[1, 0], [2, 0], [2, 2]])
PAY = torch.tensor([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]])
ENDS = torch.tensor([False, False, True])


def chain():
    return Finite(TO, PAY.double(), ends=ENDS, limit=9)


def test_a_step_is_what_the_tables_say():
    state, reward, over = chain().step(
        Place(torch.tensor([0, 0, 1, 1])), torch.tensor([0, 1, 0, 1])
    )
    assert state.at.tolist() == [1, 0, 2, 0]
    assert reward.tolist() == [1, 2, 4, 8]
    assert over.tolist() == [False, False, True, False]
    assert chain().actions == 2 and chain().limit == 9 and isinstance(chain(), Environment)


def test_episodes_start_in_all_states_that_do_not_end_them():
    start = chain().start(10_000, generator=torch.Generator().manual_seed(1))
    assert_close(
        start.at.bincount(minlength=3) / 10_000, torch.tensor([0.5, 0.5, 0]), atol=0.02, rtol=0
    )
    again = chain().start(10_000, generator=torch.Generator().manual_seed(1))
    assert (start.at == again.at).all()


def test_a_state_is_seen_one_hot():
    seen = chain().observe(Place(torch.tensor([2, 0])))
    assert seen.tolist() == [[0, 0, 1], [1, 0, 0]] and seen.dtype == torch.float64


def test_nowhere_to_start_is_refused():
    with pytest.raises(ValueError, match="all 3 states end an episode, none is left to start in"):
        Finite(TO, PAY, ends=torch.ones(3).bool(), limit=9)


def examples():
    return [(functools.partial(Finite, TO, PAY, ends=ENDS, limit=9), None)]
