"""Three orders of one recurrence, at lengths that suit none of them, far out and with gradients."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.testing import assert_close

from nexus.nn.recurrence import chunked, doubling, sequential

FORMS = pytest.mark.parametrize(
    "scan", [doubling, chunked, partial(chunked, size=3), partial(chunked, size=5, scan=sequential)]
)


def drawn(n, dtype=torch.float64):
    decay, update = torch.rand(3, n, 2, 4, dtype=dtype), torch.randn(3, n, 2, 4, dtype=dtype)
    return [x.requires_grad_() for x in (decay, update, torch.randn(3, 2, 4, dtype=dtype))]


def test_it_is_the_recurrence_by_hand():
    decay, update = torch.tensor([[0.5, 2.0, 0.0]]), torch.tensor([[1.0, 10.0, 7.0]])
    assert sequential(decay, update, torch.tensor([4.0])).tolist() == [[3.0, 16.0, 7.0]]


@FORMS
@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 130])
def test_every_order_gives_the_same_states_and_gradients(scan, n):
    inputs, weight = drawn(n), torch.randn(3, n, 2, 4)
    got, want = scan(*inputs), sequential(*inputs)
    assert_close(got, want)
    assert_close(*(grad((y * weight).sum(), inputs) for y in (got, want)))


@FORMS
def test_complex_states_turn(scan):
    decay, update, start = drawn(9, torch.complex128)
    decay = decay / (1 + decay.abs())
    assert_close(scan(decay, update, start), sequential(decay, update, start))


@pytest.mark.parametrize("scan", [doubling, chunked])
def test_4096_places_are_as_exact_as_one_after_another(scan):
    decay, update, start = (x.detach().float() for x in drawn(4096))
    decay[:, ::7] = 0  # forgets everything: a quotient of products would be 0 / 0
    want = sequential(decay.double(), update.double(), start.double())
    error = (scan(decay, update, start) - want).norm() / want.norm()
    assert error < 1e-6


def test_chunks_hand_on_their_last_state():
    sizes = []
    scan = lambda a, u, h: sizes.append(a.shape[1]) or sequential(a, u, h)  # noqa: E731
    chunked(*drawn(8), size=3, scan=scan)
    assert sizes == [3, 3, 2]
    chunked(*drawn(130), scan=scan)
    assert sizes[3:] == [64, 64, 2]


def examples():
    inputs = tuple(drawn(5))
    return [
        (partial(sequential), inputs),
        (partial(doubling), inputs),
        (partial(chunked, size=2), inputs),
    ]
