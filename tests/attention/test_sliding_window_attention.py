"""Sliding-window attention against transformers' Mistral, and the laws it must obey."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.autograd import grad
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import GroupedQueryAttention, grouped_attention
from nexus.attention.sliding_window_attention import (
    SlidingWindowAttention,
    banded_attention,
    window,
)
from nexus.nn.backbone import state_bytes


def stretch(x, index):
    """A position that is easy to see: place t multiplies by 1 + t / 8."""
    return x * (1 + index[:, None] / 8)


def sliding(size, position=stretch):
    return SlidingWindowAttention(24, heads=6, kv_heads=2, window=size, position=position)


def decoded(mixer, x):
    """The outputs of repeated steps, and all the states, the first before any token."""
    states, outputs = [mixer.start(len(x))], []
    for token in x.unbind(1):
        output, state = mixer.step(token, states[-1])
        outputs.append(output)
        states.append(state)
    return torch.stack(outputs, 1), states


def mistral(size):
    """Ours and transformers' attention with the same weights and rotary places, as functions."""
    source = pytest.importorskip("transformers.models.mistral.modeling_mistral")
    from transformers.cache_utils import DynamicCache
    from transformers.masking_utils import create_sliding_window_causal_mask

    heads = {"num_attention_heads": 6, "num_key_value_heads": 2, "num_hidden_layers": 1}
    config = source.MistralConfig(hidden_size=24, sliding_window=size, **heads)
    config._attn_implementation = "sdpa"  # eager takes its softmax in float32
    angle = torch.arange(40)[None, :, None] * torch.tensor([1.0, 0.1]).repeat(2)
    waves = angle.cos(), angle.sin()

    def rotary(x, index):
        return source.apply_rotary_pos_emb(x, x, *(wave[:, index] for wave in waves))[0]

    ours, attend = sliding(size, rotary), source.MistralAttention(config, 0)
    names = zip("qkvo", ours.parameters(), strict=True)
    weights = {f"{name}_proj.weight": weight for name, weight in names}

    def theirs(x, chunks):
        cache, outputs, at = DynamicCache(config=config), [], 0
        for part in x.split(chunks, 1):
            index = torch.arange(at, at := at + part.shape[1])
            mask = create_sliding_window_causal_mask(
                config, part, None, cache, position_ids=index[None]
            )
            given = part, tuple(wave[:, index] for wave in waves), mask, cache
            outputs.append(functional_call(attend, weights, given)[0])
        return torch.cat(outputs, 1)

    return source.MistralAttention, ours, theirs


@pytest.mark.parametrize("size, n", [(5, 18), (5, 15), (7, 5), (2, 4)])
def test_the_full_pass_matches_transformers(size, n, matches):
    oracle, ours, theirs = mistral(size)
    x = torch.randn(3, n, 24, requires_grad=True)
    matches(oracle, ours(x), theirs(x, n), wrt=(x, *ours.parameters()))


def test_decoding_matches_transformers_with_its_own_sliding_cache(matches):
    oracle, ours, theirs = mistral(5)
    x = torch.randn(3, 18, 24, requires_grad=True)  # three times round the buffer
    matches(oracle, decoded(ours, x)[0], theirs(x, 1), wrt=(x, *ours.parameters()))


@pytest.mark.law("the banded form equals the masked one, in value and gradient, at every length")
@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 11, 13])
def test_banded_equals_masked(n):
    q, k, v = (torch.randn(3, heads, n, 5, requires_grad=True) for heads in (6, 2, 2))
    index = torch.arange(n)
    banded = banded_attention(q, k, v, 4)
    masked = grouped_attention(q, k, v, window(4)(index, index))
    assert_close(banded, masked)
    pull = torch.randn_like(masked)
    assert_close(grad(banded, (q, k, v), pull), grad(masked, (q, k, v), pull))


@pytest.mark.law("decoding from the rolling buffer equals the masked full pass, wraps and all")
@pytest.mark.parametrize("size", [1, 4, 20])
def test_steps_equal_the_masked_pass(size):
    mixer, x = sliding(size), torch.randn(3, 18, 24, requires_grad=True)
    steps, masked = decoded(mixer, x)[0], mixer.attend(x)
    assert_close(steps, masked)
    assert_close(grad(steps.square().sum(), x), grad(masked.square().sum(), x))


@pytest.mark.law("a step changes no earlier state: decoding can go on from any of them")
def test_old_states_stay():
    mixer, x = sliding(4), torch.randn(3, 9, 24)
    want, states = decoded(mixer, x)
    assert_close(mixer.step(x[:, 5], states[5])[0], want[:, 5])


@pytest.mark.law("the state keeps its size: w keys and values and one place")
def test_state_bytes_are_constant():
    _, states = decoded(sliding(4), torch.randn(3, 13, 24))
    assert {state_bytes(state) for state in states} == {2 * 3 * 2 * 4 * 4 * 8 + 8}
    assert [state.place.item() for state in states] == list(range(14))
    assert sliding(4).to("meta").start(2).place.is_meta


@pytest.mark.law("Longformer's mistakes: editing token i changes exactly outputs i to i + w - 1")
@pytest.mark.parametrize("i", [0, 2, 6, 15])
def test_an_edit_is_seen_in_its_window_only(i):
    mixer, x = sliding(4), torch.randn(1, 18, 24)
    edited = x.index_copy(1, torch.tensor([i]), torch.randn(1, 1, 24))
    changed = [(mixer(edited) - mixer(x)), decoded(mixer, edited)[0] - decoded(mixer, x)[0]]
    for difference in changed:
        seen = difference.abs().amax((0, 2))
        assert seen.nonzero().flatten().tolist() == list(range(i, min(i + 4, 18)))
        assert seen[i : i + 4].min() > 1e-3


@pytest.mark.law("L layers reach exactly L (w - 1) tokens back")
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_receptive_field(layers):
    x = torch.randn(1, 18, 24, requires_grad=True)
    stack = nn.Sequential(*(sliding(4) for _ in range(layers)))
    (dx,) = grad(stack(x)[:, 14].sum(), x)
    reached = dx.abs().amax((0, 2)).nonzero().flatten().tolist()
    assert reached == list(range(14 - 3 * layers, 15))


@pytest.mark.law("a window that holds the whole text is causal attention")
def test_causal_attention_is_the_limit():
    mixer, x = sliding(7), torch.randn(3, 7, 24)
    causal = GroupedQueryAttention(24, heads=6, kv_heads=2, position=stretch)
    causal.load_state_dict(mixer.attend.state_dict())
    assert_close(mixer(x), causal(x))


@pytest.mark.law("what is kept for the backward pass grows with n, not with its square")
def test_memory_is_linear():
    def kept(n):
        sizes, q = [], torch.randn(1, 6, n, 4, requires_grad=True)
        k, v = torch.randn(2, 1, 2, n, 4)
        with saved_tensors_hooks(lambda x: sizes.append(x.numel()) or x, lambda x: x):
            banded_attention(q, k, v, 4)
        return sum(sizes)

    assert kept(256) - kept(128) == 2 * (kept(128) - kept(64)) > 0


@pytest.mark.worked("Mistral 7B, Figure 1: with W = 3 a token reads itself and two more")
def test_the_figure():
    rows = window(3)(torch.arange(1, 5), torch.arange(5))
    assert rows.int().tolist() == [
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 1, 1],
    ]


@pytest.mark.worked("Mistral 7B, Figure 2: the token at i stands in slot i mod W")
def test_the_slots():
    mixer, x = sliding(4), torch.randn(3, 11, 24)
    state = decoded(mixer, x)[1][-1]
    values = mixer.attend.to_v(x).unflatten(-1, (2, 4)).transpose(1, 2)
    assert_close(state.v, values[:, :, [8, 9, 10, 7]])
    keys = stretch(mixer.attend.to_k(x).unflatten(-1, (2, 4)).transpose(1, 2), torch.arange(11))
    assert_close(
        state.k, keys[:, :, [8, 9, 10, 7]]
    )  # turned by the place in the text, not the slot


def test_an_impossible_window_is_refused():
    with pytest.raises(ValueError, match="size=0 leaves a query no key to read"):
        sliding(0)


def examples():
    q, k = torch.randn(3, 6, 11, 5), torch.randn(3, 2, 11, 5)
    x = torch.randn(3, 11, 24)
    return [
        (partial(window), (3,)),
        (partial(banded_attention, size=4), (q, k, k)),
        (partial(SlidingWindowAttention, 24, heads=6, kv_heads=2, window=4), (x,)),
    ]
