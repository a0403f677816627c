"""Grouped-query attention against torch's own, and the laws it must obey."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import grad
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import (
    GroupedQueryAttention,
    grouped_attention,
    pool_heads,
)
from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.inference.kv_cache import cache_bytes
from nexus.nn import masks
from nexus.nn.backbone import state_bytes


def stretch(x, index):
    """A position that is easy to see: place t multiplies by 1 + t."""
    return x * (1 + index[:, None])


def window(queries, keys):
    distance = queries[:, None] - keys
    return (distance >= 0) & (distance <= 2)


def repeat(weight, kv_heads):
    """The weights of multi-head attention that does the same: each head's rows r times."""
    return weight.unflatten(0, (kv_heads, 4)).repeat_interleave(6 // kv_heads, 0).flatten(0, 1)


@pytest.mark.parametrize("g", [1, 2, 6])  # multi-query, grouped, multi-head
@pytest.mark.parametrize("mask, n, m", [(masks.full, 5, 7), (masks.causal, 5, 5)])
def test_the_kernel_matches_torch(g, mask, n, m, matches):
    q, k, v = (torch.randn(3, *s, 8, requires_grad=True) for s in ((6, n), (g, m), (g, m)))
    ours = grouped_attention(q, k, v, mask(torch.arange(n), torch.arange(m)))
    want = F.scaled_dot_product_attention(q, k, v, is_causal=mask is masks.causal, enable_gqa=True)
    matches(F.scaled_dot_product_attention, ours, want, wrt=(q, k, v))


@pytest.mark.parametrize("g", [1, 2, 6])
def test_the_module_matches_multi_head_attention_with_repeated_heads(g, matches):
    ours = GroupedQueryAttention(24, heads=6, kv_heads=g)
    theirs = nn.MultiheadAttention(24, 6, bias=False, batch_first=True)
    qkv = torch.cat([ours.to_q.weight, *(repeat(w.weight, g) for w in (ours.to_k, ours.to_v))])
    weights = {"in_proj_weight": qkv, "out_proj.weight": ours.to_out.weight}
    x = torch.randn(7, 5, 24, requires_grad=True)
    future = torch.ones(5, 5, dtype=torch.bool).triu(1)
    want, _ = functional_call(theirs, weights, (x, x, x), {"attn_mask": future})
    matches(nn.MultiheadAttention, ours(x), want, wrt=(x, *ours.parameters()))


@pytest.mark.law("with as many key/value heads as heads it is multi-head attention")
def test_multi_head_attention_is_the_limit():
    ours = GroupedQueryAttention(24, heads=6, kv_heads=6, position=stretch, mask=window)
    limit = MultiHeadAttention(24, heads=6, position=stretch, mask=window)
    limit.load_state_dict(ours.state_dict())
    x = torch.randn(7, 5, 24)
    assert_close(ours(x), limit(x))


@pytest.mark.law("causal: output t has no gradient to inputs after t")
def test_causal():
    x = torch.randn(1, 7, 24, requires_grad=True)
    (dx,) = grad(GroupedQueryAttention(24, heads=6, kv_heads=2)(x)[:, 3].sum(), x)
    assert dx[:, 4:].abs().max() == 0 and dx[:, :4].abs().min() > 0


@pytest.mark.law("decoding token by token from the cache equals the full pass")
@pytest.mark.parametrize("mask", [masks.causal, window])
def test_steps_equal_the_full_pass(mask):
    attend = GroupedQueryAttention(24, heads=6, kv_heads=2, position=stretch, mask=mask)
    x, state, outputs = torch.randn(3, 5, 24, requires_grad=True), attend.start(3), []
    for token in x.unbind(1):
        output, state = attend.step(token, state)
        outputs.append(output)
    steps, whole = torch.stack(outputs, 1), attend(x)
    assert_close(steps, whole)
    assert_close(grad(steps.square().sum(), x), grad(whole.square().sum(), x))  # through the cache
    assert_close(state.v, attend.to_v(x).unflatten(-1, (2, 4)).transpose(1, 2))


@pytest.mark.law("sharing copies nothing: no tensor kept for the backward pass outgrows the keys")
def test_shared_keys_are_not_copied():
    q, saved = torch.randn(1, 12, 1, 8, requires_grad=True), []
    k, v = (torch.randn(1, 3, 64, 8, requires_grad=True) for _ in "kv")
    with saved_tensors_hooks(lambda x: saved.append(x) or x, lambda x: x):
        grouped_attention(q, k, v, torch.ones(1, 64, dtype=torch.bool))
    assert max(x.untyped_storage().nbytes() for x in saved) == k.nbytes


@pytest.mark.law("pooling heads that are already equal within a group loses nothing")
def test_pooling_undoes_repeating():
    weight = torch.randn(2 * 4, 24, requires_grad=True)
    pooled = pool_heads(repeat(weight, 2), heads=6, kv_heads=2)
    assert_close((pooled, *grad(pooled.sum(), weight)), (weight, torch.ones(2 * 4, 24)))


@pytest.mark.worked("section 2.1: a group's head is the mean of the heads it replaces")
def test_pooling_is_the_mean():
    weight = torch.tensor([[1.0], [5.0], [3.0], [2.0], [4.0], [9.0]])
    assert pool_heads(weight, heads=6, kv_heads=2).tolist() == [[3.0], [5.0]]
    assert pool_heads(weight, heads=3, kv_heads=1).tolist() == [[8 / 3], [16 / 3]]


@pytest.mark.worked("Llama 3 70B, 8192 tokens, bf16: two and a half GiB")
def test_cache_size():
    assert cache_bytes(tokens=8192, layers=80, kv_heads=8, head_width=128, itemsize=2) == 5 * 2**29


def test_cache_size_is_that_of_a_real_cache():
    attend = GroupedQueryAttention(24, heads=6, kv_heads=2).float()
    state = attend.start(1)
    for token in torch.randn(5, 1, 24, dtype=torch.float32):
        _, state = attend.step(token, state)
    size = cache_bytes(tokens=5, layers=1, kv_heads=2, head_width=4, itemsize=4)
    assert state_bytes(state) == size
    assert attend.position(state.k, torch.arange(5)) is state.k  # unless told to, it places nothing
    assert attend.to("meta").start(1).k.is_meta  # the cache is where the weights are


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="heads=4 is not a multiple of kv_heads=3"):
        GroupedQueryAttention(16, heads=4, kv_heads=3)
    with pytest.raises(ValueError, match="dim=18 is not a multiple of heads=4"):
        GroupedQueryAttention(18, heads=4, kv_heads=2)


def test_a_query_that_may_read_nothing_is_refused():
    q, k = torch.randn(3, 8, 5, 4), torch.randn(3, 2, 7, 4)
    with pytest.raises(ValueError, match="query 2 may read no key"):
        grouped_attention(q, k, k, torch.ones(5, 7).bool().index_fill(0, torch.tensor(2), False))


def examples():
    q, k = torch.randn(3, 6, 5, 4), torch.randn(3, 2, 7, 4)
    return [
        (partial(grouped_attention), (q, k, k, window(torch.arange(5), torch.arange(7)))),
        (partial(GroupedQueryAttention, 24, heads=6, kv_heads=2), (torch.randn(3, 5, 24),)),
        (partial(pool_heads, heads=6, kv_heads=2), (torch.randn(24, 5),)),
    ]
