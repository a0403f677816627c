"""The memory: what it holds, and what it gives back."""

import functools
from typing import NamedTuple

import pytest
import torch

from nexus.envs.replay import ReplayBuffer


class Row(NamedTuple):
    number: torch.Tensor
    picture: torch.Tensor
    ended: torch.Tensor


def rows(begin, end):
    number = torch.arange(begin, end)
    return Row(number, number[:, None, None] + torch.zeros(3, 2), number % 3 == 0)


def filled(capacity, *sizes):
    buffer, begin = ReplayBuffer(capacity), 0
    for size in sizes:
        buffer.add(rows(begin, begin + size))
        begin += size
    return buffer


def in_step(batch):
    return all((x == y).all() for x, y in zip(batch, in_rows(batch.number), strict=True))


def in_rows(number):
    return Row(number, number[:, None, None] + torch.zeros(3, 2), number % 3 == 0)


@pytest.mark.parametrize("sizes", [(3,), (7,), (8,), (4, 4), (1, 4, 3, 5), (2, 19), (30, 2)])
def test_it_holds_exactly_the_newest(sizes):
    buffer = filled(7, *sizes)
    newest = range(max(0, sum(sizes) - 7), sum(sizes))
    assert len(buffer) == len(newest)
    batch = buffer.sample(300)
    assert sorted(set(batch.number.tolist())) == [*newest]
    assert in_step(batch)


def test_every_transition_is_drawn_alike_and_on_its_own():
    batch = filled(5, 3, 4).sample(20_000)
    counts = (batch.number - 2).bincount(minlength=5).double()
    pairs = ((batch.number[:-1] - 2) * 5 + batch.number[1:] - 2).bincount(minlength=25).double()
    for seen, most in [(counts, 18.5), (pairs, 51.2)]:  # chi-square, exceeded once in a thousand
        expected = seen.sum() / len(seen)
        assert ((seen - expected) ** 2 / expected).sum() < most


def test_it_keeps_shapes_types_and_a_copy():
    source = rows(0, 4)
    weights = torch.ones(3, 2, requires_grad=True)
    source = source._replace(picture=source.picture * weights)
    buffer = ReplayBuffer(9)
    buffer.add(source)
    source.number.fill_(99)
    batch = buffer.sample(50)
    assert isinstance(batch, Row) and batch.picture.shape == (50, 3, 2)
    assert batch.number.max() == 3 and not batch.picture.requires_grad
    assert [x.dtype for x in batch] == [torch.int64, torch.float64, torch.bool]


def test_the_generator_decides():
    buffer = filled(50, 50)
    one, two = (buffer.sample(20, generator=torch.Generator().manual_seed(1)) for _ in "12")
    assert (one.number == two.number).all()
    assert not (buffer.sample(20).number == buffer.sample(20).number).all()


def test_an_empty_memory_is_refused():
    with pytest.raises(ValueError, match="nothing to sample: no transition was added"):
        ReplayBuffer(3).sample(2)


def examples():
    return [(functools.partial(ReplayBuffer, 3), None)]
