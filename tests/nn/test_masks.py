"""Masks by hand, and the softmax that obeys them against torch's own."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.nn import masks


def test_causal_compares_positions_not_rows():
    got = masks.causal(torch.tensor([1, 3]), torch.arange(5))
    assert got.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]]


def test_full_lets_everybody_read_everything():
    got = masks.full(torch.arange(2), torch.arange(3))
    assert got.dtype == torch.bool and got.shape == (2, 3) and got.all()


def test_masked_softmax_matches_torch_on_what_may_be_read(matches):
    scores = torch.randn(3, 5, 7, requires_grad=True)
    mask = torch.rand(5, 7) < 0.5
    mask[:, 2] = True
    ours = masks.masked_softmax(scores, mask)
    theirs = torch.softmax(scores.where(mask, torch.finfo(scores.dtype).min), -1)
    matches(torch.softmax, ours, theirs, wrt=(scores,))
    assert (ours[:, ~mask] == 0).all()
    assert_close(ours.sum(-1), torch.ones(3, 5))


def test_a_mask_may_differ_within_the_batch():
    mask = torch.tensor([[True, False], [True, True]])[
        :, None, None
    ]  # 2 sequences, 1 head, 1 query
    got = masks.masked_softmax(torch.zeros(2, 3, 1, 2), mask)
    assert got[:, 1, 0].tolist() == [[1.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7)])
def test_a_query_that_may_read_nothing_is_named(shape):
    mask = torch.ones(shape, dtype=torch.bool)
    mask[..., 4, :] = False
    with pytest.raises(ValueError, match="query 4 may read no key"):
        masks.masked_softmax(torch.randn(3, 5, 7), mask)


def examples():
    queries, keys = torch.arange(5), torch.arange(7)
    return [
        (partial(masks.causal), (queries, keys)),
        (partial(masks.full), (queries, keys)),
        (partial(masks.masked_softmax), (torch.randn(3, 5, 7), masks.causal(queries, keys))),
    ]
