"""Multi-head attention against torch's own, and the laws it must obey."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.multi_head_attention import (
    Cache,
    MultiHeadAttention,
    attention,
    cached_attention,
)
from nexus.nn import masks


def rotate(x, index):
    """Rotary positions in two lines: the halves of x are turned by place times frequency."""
    angle = index[:, None] / torch.tensor([1.0, 10.0], device=index.device)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


def window(queries, keys):
    distance = queries[:, None] - keys
    return (distance >= 0) & (distance <= 2)


@pytest.mark.parametrize("mask, n, m", [(masks.full, 5, 7), (masks.causal, 5, 5)])
def test_the_kernel_matches_torch(mask, n, m, matches):
    q, k, v = (torch.randn(3, 6, *s, requires_grad=True) for s in ((n, 8), (m, 8), (m, 4)))
    ours = attention(q, k, v, mask(torch.arange(n), torch.arange(m)))
    theirs = F.scaled_dot_product_attention(q, k, v, is_causal=mask is masks.causal)
    matches(F.scaled_dot_product_attention, ours, theirs, wrt=(q, k, v))


@pytest.mark.parametrize("heads", [1, 3, 6])
def test_the_module_matches_torch(heads, matches):
    ours = MultiHeadAttention(24, heads=heads)
    theirs = nn.MultiheadAttention(24, heads, bias=False, batch_first=True)
    qkv = torch.cat([ours.to_q.weight, ours.to_k.weight, ours.to_v.weight])
    weights = {"in_proj_weight": qkv, "out_proj.weight": ours.to_out.weight}
    x = torch.randn(7, 5, 24, requires_grad=True)
    future = torch.ones(5, 5, dtype=torch.bool).triu(1)
    want, _ = functional_call(theirs, weights, (x, x, x), {"attn_mask": future})
    matches(nn.MultiheadAttention, ours(x), want, wrt=(x, *ours.parameters()))


def test_positions_and_masks_match_torch(matches):
    ours = MultiHeadAttention(24, heads=6, position=rotate, mask=window)
    x, t = torch.randn(7, 5, 24, requires_grad=True), torch.arange(5)
    q, k, v = (torch.stack(w(x).split(4, dim=-1), dim=1) for w in (ours.to_q, ours.to_k, ours.to_v))
    heads = F.scaled_dot_product_attention(rotate(q, t), rotate(k, t), v, window(t, t))
    theirs = ours.to_out(torch.cat(heads.unbind(1), dim=-1))
    matches(F.scaled_dot_product_attention, ours(x), theirs, wrt=(x, *ours.parameters()))


@pytest.mark.law("causal: output t has no gradient to inputs after t")
def test_causal():
    x = torch.randn(1, 7, 24, requires_grad=True)
    (dx,) = grad(MultiHeadAttention(24, heads=6)(x)[:, 3].sum(), x)
    assert dx[:, 4:].abs().max() == 0 and dx[:, :4].abs().min() > 0


@pytest.mark.law("decoding token by token from the cache equals the full pass")
@pytest.mark.parametrize("mask", [masks.causal, window])
def test_steps_equal_the_full_pass(mask):
    attend = MultiHeadAttention(24, heads=6, position=rotate, mask=mask)
    x, state, outputs = torch.randn(3, 5, 24, requires_grad=True), attend.start(3), []
    for token in x.unbind(1):
        output, state = attend.step(token, state)
        outputs.append(output)
    steps, whole = torch.stack(outputs, 1), attend(x)
    assert_close(steps, whole)
    assert_close(grad(steps.square().sum(), x), grad(whole.square().sum(), x))  # through the cache
    k, v = (w(x).unflatten(-1, (6, 4)).transpose(1, 2) for w in (attend.to_k, attend.to_v))
    assert_close(state, Cache(rotate(k, torch.arange(5)), v))


@pytest.mark.law("reading in chunks of any size equals reading all at once")
def test_chunks_equal_the_full_pass():
    q, k, v = (torch.randn(3, 6, 7, c, requires_grad=True) for c in (4, 4, 5))
    outputs, parts = [], {"position": rotate, "mask": window}
    state = empty = Cache(k[:, :, :0], v[:, :, :0])
    for a, b, c in zip(*(x.split([4, 1, 2], dim=2) for x in (q, k, v)), strict=True):
        output, state = cached_attention(a, Cache(b, c), state, **parts)
        outputs.append(output)
    chunks, (whole, _) = torch.cat(outputs, 2), cached_attention(q, Cache(k, v), empty, **parts)
    assert_close(chunks, whole)
    assert_close(state, Cache(rotate(k, torch.arange(7)), v))
    assert_close(grad(chunks.square().sum(), (q, k, v)), grad(whole.square().sum(), (q, k, v)))


@pytest.mark.law("without a mask it commutes with permutations of the tokens")
def test_permutation():
    attend = MultiHeadAttention(24, heads=6, mask=masks.full)
    x, order = torch.randn(5, 7, 24), torch.randperm(7)
    assert_close(attend(x)[:, order], attend(x[:, order]))
    assert attend.position(x, order) is x  # unless told to, it places nothing


@pytest.mark.law("as queries grow longer, each reads the value of its best key alone")
def test_long_queries_read_one_key():
    q, k, v = torch.randn(3, 5, 4), torch.randn(3, 7, 4), torch.randn(3, 7, 2)
    best = torch.einsum("bnc,bmc->bnm", q, k).argmax(-1)
    got = attention(1e6 * q, k, v, torch.ones(5, 7, dtype=torch.bool))
    assert_close(got, v[torch.arange(3)[:, None], best])


@pytest.mark.worked(
    "equation 1: scores ln 3 and 0 weigh the values 4 and 8 by 3/4 and 1/4, giving 5"
)
def test_attention_by_hand():
    q, k = 2 * torch.tensor([[3.0, 1, 1, 1]]).log(), torch.eye(4)[:2]
    out = attention(q, k, torch.tensor([[4.0], [8.0]]), torch.ones(1, 2, dtype=torch.bool))
    assert_close(out, torch.tensor([[5.0]]))


@pytest.mark.worked("section 3.2.2: d = 512 and h = 8 give d_k = 64; any h costs 4 d² weights")
def test_sizes_of_the_base_model():
    attend = MultiHeadAttention(512, heads=8)
    assert attend.start(3).k.shape == attend.start(3).v.shape == (3, 8, 0, 64)
    assert attend.half().start(3).k.dtype == torch.float16
    assert attend.to("meta").start(3).k.is_meta  # the cache is where the weights are
    assert sum(w.numel() for w in MultiHeadAttention(512, heads=1).parameters()) == 4 * 512**2


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="dim=18 is not a multiple of heads=4"):
        MultiHeadAttention(18, heads=4)


def test_a_query_that_may_read_nothing_is_refused():
    q, k = torch.randn(3, 2, 5, 4), torch.randn(3, 2, 7, 4)
    with pytest.raises(ValueError, match="query 2 may read no key"):
        attention(q, k, k, torch.ones(5, 7).bool().index_fill(0, torch.tensor(2), False))


def examples():
    q, k = torch.randn(3, 6, 5, 4), torch.randn(3, 6, 7, 4)
    return [
        (partial(attention), (q, k, k, window(torch.arange(5), torch.arange(7)))),
        (partial(cached_attention, position=rotate, mask=window), (q, Cache(q, q), Cache(k, k))),
        (partial(MultiHeadAttention, 24, heads=6), (torch.randn(3, 5, 24),)),
    ]
