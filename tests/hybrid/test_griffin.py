"""Griffin against transformers' RecurrentGemma, part by part and whole, and the laws it obeys."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.sliding_window_attention import window
from nexus.hybrid import griffin
from nexus.hybrid.hawk import RecurrentBlock
from nexus.nn.backbone import state_bytes
from nexus.position.rope import Rotary, frequencies

IDS = torch.randint(13, (3, 11), generator=torch.Generator().manual_seed(1))
PLACES = torch.arange(1, 12)[None]  # at place 0 theirs resets, and lets a token in unscaled


def built(layers=4, *, dim=48, width=20, heads=4, size=5, vocab=13, **options):
    recurrent = partial(RecurrentBlock, dim, width=width, heads=heads)
    local = partial(griffin.local_attention, dim, heads=heads, window=size)
    mixers = griffin.alternate(layers, recurrent=recurrent, local=local)
    model = griffin.Griffin(mixers, vocab=vocab, dim=dim, **options)
    for weight in model.parameters():  # no bias and no scale is 0, lest one be left out unseen
        weight.data += (weight.ndim < 2) * torch.randn_like(weight) / 3
    return model


@pytest.fixture
def gemma(monkeypatch):
    """Builds a part of theirs, whose norms and sums keep float64; ours takes its places."""
    source = pytest.importorskip("transformers.models.recurrent_gemma.modeling_recurrent_gemma")
    made = source.RecurrentGemmaConfig(hidden_size=48, lru_width=20, num_attention_heads=4)
    made.num_key_value_heads, made.vocab_size, made.pad_token_id = 1, 13, None
    made.num_hidden_layers, made.intermediate_size, made.attention_window_size = 4, 2 * 144, 5
    made.logits_soft_cap, made._attn_implementation = 0.7, "sdpa"
    scan = partial(source.RecurrentGemmaRglru._rnn_scan, None, acc_dtype=torch.float64)
    monkeypatch.setattr(source.RecurrentGemmaRglru, "_rnn_scan", lambda _, **given: scan(**given))
    monkeypatch.setattr(torch.Tensor, "float", lambda x: x)
    turn = griffin.first_half(Rotary(source.RecurrentGemmaRotaryEmbedding(made).inv_freq))
    monkeypatch.setattr(griffin, "first_half", lambda _: lambda x, index: turn(x, index + 1))
    return lambda name, *at: getattr(source, f"RecurrentGemma{name}")(made, *at)


def mixing(part):
    """Weights in the order of theirs; None is a bias that ours has not."""
    if hasattr(part, "attend"):
        return [*part.attend.parameters(), None]
    linears = part.to_gate, part.to_x, part.to_out, part.convolve
    gates = *part.recur.to_i.parameters(), *part.recur.to_r.parameters()
    return [*(w for linear in linears for w in linear.parameters()), part.recur.rate, *gates]


def whole(block):
    gate, up, down = (linear.weight for linear in (block.ffn.gate, block.ffn.up, block.ffn.down))
    mixer = block.norm_mixer.weight, *mixing(block.mixer)
    return [*mixer, block.norm_ffn.weight, gate, None, up, None, down, None]


def under(theirs, ours):  # our weights under their names
    named = zip(theirs.named_parameters(), ours, strict=True)
    return {k: torch.zeros_like(x) if w is None else w.reshape_as(x) for (k, x), w in named}


@pytest.mark.parametrize("name, at", [("Attention", 2), ("DecoderLayer", 1), ("DecoderLayer", 2)])
def test_parts_match_recurrent_gemma(name, at, gemma, matches):
    block, alone = built().blocks[at], name == "Attention"
    ours, weights = (block.mixer, mixing) if alone else (block, whole)
    x, theirs = torch.randn(3, 11, 48, requires_grad=True), gemma(name, at)
    given = x, PLACES, window(5)(*PLACES, *PLACES)[None, None]
    want = functional_call(theirs, under(theirs, weights(ours)), given)
    matches(type(theirs), ours(x), want[0] if alone else want, wrt=(x, *ours.parameters()))


def test_the_model_matches_recurrent_gemma(gemma, matches):
    ours = built(scale=48**0.5, squash=partial(griffin.soft_cap, cap=0.7))
    theirs, blocks = gemma("ForCausalLM"), [w for block in ours.blocks for w in whole(block)]
    weights = under(theirs, [ours.embed.weight, *blocks, ours.norm.weight])
    weights["model.normalizer"] = torch.tensor(48**0.5)  # theirs is rounded to bfloat16
    want = functional_call(theirs, weights, (IDS, PLACES), {"use_cache": False}).logits
    matches(type(theirs), ours(IDS), want, wrt=(*ours.parameters(),))


@pytest.mark.law("decoding equals the full pass far beyond the window, from a state of fixed size")
def test_steps_equal_the_full_pass():
    model, ids, outputs = built(6), torch.randint(13, (3, 23)), []
    state, recur, attend = model.start(3), 3 * 4 * 20, 3 * 2 * 5 * 12  # appendices F.4.2, F.4.3
    for token in ids.unbind(1):
        output, state = model.step(token, state)
        outputs.append(output)
        assert state_bytes(state.blocks) == 8 * (4 * recur + 2 * (attend + 1))  # and a place each
    assert_close(torch.stack(outputs, 1), model(ids))


@pytest.mark.law("local attention is multi-query attention with the mask of a window passed in")
def test_the_window_is_a_mask():
    model = built()
    want, block = model(IDS), model.blocks[2]
    block.mixer = block.mixer.attend
    assert_close(model(IDS), want)


@pytest.mark.law("the second half of a head is not placed: its scores are blind to distance")
def test_half_of_a_head():
    x, index = torch.randn(3, 4, 5, 12), torch.arange(5)
    got, turn = griffin.local_attention(48, heads=4, window=5).attend, Rotary(frequencies(6))
    assert got.position(x, index).equal(torch.cat([turn(x[..., :6], index), x[..., 6:]], -1))


@pytest.mark.worked("section 3: two blocks recur, one attends; 14 layers end on two that recur")
def test_the_pattern():
    mixers = griffin.alternate(14, recurrent=nn.Identity, local=nn.ReLU)
    assert [mixers.index(each) for each in mixers if type(each) is nn.ReLU] == [2, 5, 8, 11]


@pytest.mark.worked("RecurrentGemma-2B: 0.65 billion weights in the embedding, 2.03 elsewhere")
def test_the_released_size():
    with torch.device("meta"):
        model = built(26, dim=2560, width=2560, heads=10, size=2048, vocab=256_000)
    counts = [sum(w.numel() for w in part.parameters()) for part in (model.embed, model.blocks)]
    assert [round(count / 1e9, 3) for count in counts] == [0.655, 2.027]


@pytest.mark.worked("30 tanh(15 / 30) = 13.8635; the embedding begins with variance 1/d")
def test_cap_and_start():
    assert griffin.soft_cap(torch.tensor(15.0), 30.0).item() == pytest.approx(13.863515)
    weight = next((model := built(0)).embed.parameters())
    assert abs(weight.std() - 48**-0.5) < 0.01
    assert_close(model(IDS), model.norm(weight[IDS]) @ weight.mT)  # neither scaled nor capped


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="dim=20 is not a multiple of 4 [*] heads=8"):
        griffin.local_attention(20, heads=2, window=3)


def examples():
    x, mixers = torch.randn(3, 7, 48), [block.mixer for block in built().blocks]
    return [
        (partial(griffin.alternate, 4, recurrent=nn.Identity, local=nn.ReLU), ()),
        (partial(griffin.first_half), (lambda x, index: x,)),
        (partial(griffin.local_attention, 48, heads=4, window=5), ()),
        (partial(griffin.residual_block, dim=48, expansion=3), (mixers[2],)),
        (partial(griffin.ScaledTokens, 13, 48, scale=2.0), (IDS, PLACES[0])),
        (partial(griffin.TiedUnembedding, nn.Embedding(13, 48), squash=torch.tanh), (x,)),
        (partial(griffin.soft_cap, cap=30.0), (x,)),
        (partial(griffin.Griffin, mixers, vocab=13, dim=48), (IDS,)),
    ]
