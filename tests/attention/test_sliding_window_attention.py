"""Sliding-window attention against transformers' Mistral, and the laws it must obey."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd import grad
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import grouped_attention
from nexus.attention.sliding_window_attention import (
    SlidingWindowAttention,
    banded_attention,
    window,
)
from nexus.nn import masks
from nexus.nn.backbone import state_bytes


def sliding(size, position=lambda x, index: x * (1 + index[:, None] / 8)):
    return SlidingWindowAttention(24, heads=6, kv_heads=2, window=size, position=position)


def decoded(mixer, x):
    """The outputs of repeated steps, and all the states, the first before any token."""
    states, outputs = [mixer.start(len(x))], []
    for token in x.unbind(1):
        outputs.append(mixer.step(token, states[-1]))
        states.append(outputs[-1][1])
    return torch.stack([output for output, _ in outputs], 1), states


def mistral(size):
    """Ours and transformers' attention with the same weights and rotary places, as functions."""
    source = pytest.importorskip("transformers.models.mistral.modeling_mistral")
    from transformers import DynamicCache
    from transformers.masking_utils import create_sliding_window_causal_mask as masked

    config = source.MistralConfig(hidden_size=24, num_attention_heads=6, num_key_value_heads=2)
    config.sliding_window, config.num_hidden_layers = size, 1
    config._attn_implementation = "sdpa"  # eager takes its softmax in float32
    angle = torch.arange(18)[None, :, None] * torch.tensor([1.0, 0.1]).repeat(2)
    waves = angle.cos(), angle.sin()

    def rotary(x, index):
        return source.apply_rotary_pos_emb(x, x, *(wave[:, index] for wave in waves))[0]

    ours, attend = sliding(size, rotary), source.MistralAttention(config, 0)
    weights: dict = {f"{x}_proj.weight": w for x, w in zip("qkvo", ours.parameters(), strict=True)}

    def theirs(x, chunk):
        cache, outputs, places = DynamicCache(config=config), [], torch.arange(x.shape[1])
        for part, index in zip(x.split(chunk, 1), places.split(chunk), strict=True):
            mask = masked(config, part, None, cache, position_ids=index[None])
            given = part, tuple(wave[:, index] for wave in waves), mask, cache
            outputs.append(functional_call(attend, weights, given)[0])
        return torch.cat(outputs, 1)

    return source.MistralAttention, ours, theirs


@pytest.mark.parametrize("size, n, chunk", [(5, 18, 18), (5, 15, 15), (7, 5, 5), (5, 18, 1)])
def test_full_pass_and_decoding_match_transformers(size, n, chunk, matches):
    oracle, ours, theirs = mistral(size)
    x = torch.randn(3, n, 24, requires_grad=True)
    got = decoded(ours, x)[0] if chunk == 1 else ours(x)  # and theirs, with its own sliding cache
    matches(oracle, got, theirs(x, chunk), wrt=(x, *ours.parameters()))


@pytest.mark.law("the banded form equals the masked one, in value and gradient, at every length")
@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 11, 13])
def test_banded_equals_masked(n):
    q, k, v = (torch.randn(3, heads, n, 5, requires_grad=True) for heads in (6, 2, 2))
    mask, pull = window(4)(torch.arange(n), torch.arange(n)), torch.randn(3, 6, n, 5)
    banded, masked = banded_attention(q, k, v, 4), grouped_attention(q, k, v, mask)
    assert_close(banded, masked)
    assert_close(grad(banded, (q, k, v), pull), grad(masked, (q, k, v), pull))


@pytest.mark.law("decoding from the rolling buffer equals the masked full pass, wraps and all")
@pytest.mark.parametrize("size", [1, 4, 20])
def test_steps_equal_the_masked_pass(size):
    mixer, x = sliding(size), torch.randn(3, 18, 24, requires_grad=True)
    (steps, states), masked = decoded(mixer, x), mixer.attend(x)
    assert_close(steps, masked)
    assert_close(grad(steps.square().sum(), x), grad(masked.square().sum(), x))
    assert_close(mixer.step(x[:, 5], states[5])[0], masked[:, 5])  # old states are as they were


@pytest.mark.law("editing token i changes exactly the outputs i to i + L (w - 1) of L layers")
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("i", [0, 2, 6, 15])  # also beyond one window, where Longformers fail
def test_receptive_field(layers, i):
    stack = nn.Sequential(*(sliding(4) for _ in range(layers)))
    x = torch.randn(3, 18, 24, requires_grad=True)
    edit = stack(x.index_copy(1, torch.tensor([i]), torch.randn(3, 1, 24))) - stack(x)
    (pull,) = grad(stack(x)[:, i].sum(), x)
    changed, read = (each.abs().amax((0, 2)).nonzero().flatten().tolist() for each in (edit, pull))
    assert changed == list(range(i, min(i + 3 * layers + 1, 18)))
    assert read == list(range(max(i - 3 * layers, 0), i + 1))


@pytest.mark.law("a window that holds the whole text is causal attention")
def test_causal_attention_is_the_limit():
    q, k, index = torch.randn(3, 6, 7, 5), torch.randn(3, 2, 7, 5), torch.arange(7)
    causal = grouped_attention(q, k, k, masks.causal(index, index))
    assert_close(banded_attention(q, k, k, 9), causal)


@pytest.mark.law("no tensor kept for the backward pass outgrows n · 2w scores a head")
def test_memory_is_linear():
    q, k, sizes = torch.randn(3, 6, 99, 5, requires_grad=True), torch.randn(3, 2, 99, 5), []
    with saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
        banded_attention(q, k, k, 4)
    assert max(sizes) == 3 * 6 * 96 * 2 * 4  # the scores of 24 chunks, not 3 * 6 * 99 * 99


@pytest.mark.worked("Mistral 7B, Figure 1: with W = 3 a token reads itself and two more")
def test_the_figure():
    rows = window(3)(torch.arange(1, 5), torch.arange(5)).int().tolist()
    assert rows == [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1]]


@pytest.mark.worked("Mistral 7B, Figure 2: the token at i stands in slot i mod W, and W is all")
def test_the_slots():
    mixer, x = sliding(4), torch.randn(3, 11, 24)
    to_k, to_v = mixer.attend.to_k, mixer.attend.to_v
    keys, values = (to(x).unflatten(-1, (2, 4)).transpose(1, 2) for to in (to_k, to_v))
    states = decoded(mixer, x)[1]
    assert_close(states[-1].v, values[:, :, [8, 9, 10, 7]])
    assert_close(states[-1].k, mixer.attend.position(keys, torch.arange(11))[:, :, [8, 9, 10, 7]])
    assert {state_bytes(state) for state in states} == {2 * 3 * 2 * 4 * 4 * 8 + 8}
    assert mixer.to("meta").start(3).place.is_meta


def test_an_impossible_window_is_refused():
    with pytest.raises(ValueError, match="size=0 leaves a query no key to read, not even its own"):
        sliding(0)


def examples():
    q, k, x = torch.randn(3, 6, 11, 5), torch.randn(3, 2, 11, 5), torch.randn(3, 11, 24)
    return [
        (partial(window), (3,)),
        (partial(banded_attention, size=4), (q, k, k)),
        (partial(SlidingWindowAttention, 24, heads=6, kv_heads=2, window=4), (x,)),
    ]
