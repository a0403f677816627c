"""Griffin against transformers' RecurrentGemma, block by block and whole, and its laws."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.func import functional_call
from torch.testing import assert_close

from nexus.hybrid import griffin
from nexus.hybrid.hawk import RecurrentBlock
from nexus.nn.backbone import state_bytes
from nexus.position.rope import Rotary

IDS = torch.randint(13, (3, 11), generator=torch.Generator().manual_seed(1))
recurrent = partial(RecurrentBlock, 48, width=20, heads=4)
local = partial(griffin.local_attention, 48, heads=4, window=5)


def drawn(module):
    """The same module; no bias and no scale is 0, so that none can be left out unseen."""
    for weight in module.parameters():
        if weight.ndim < 2:
            weight.data += torch.randn_like(weight) / 3
    return module


def small(layers=4, **options):
    """Two blocks that recur, one with a window of 5, and one more that recurs."""
    mixers = griffin.alternate(layers, recurrent=recurrent, local=local)
    return drawn(griffin.Griffin(mixers, vocab=13, dim=48, **options))


@pytest.fixture
def gemma(monkeypatch):
    """transformers' module, with norms, sums and √d in the precision of what they are given."""
    source = pytest.importorskip("transformers.models.recurrent_gemma.modeling_recurrent_gemma")
    unit = source.RecurrentGemmaRglru
    wide = partial(unit._rnn_scan, None, acc_dtype=torch.float64)
    monkeypatch.setattr(unit, "_rnn_scan", lambda _, **given: wide(**given))
    monkeypatch.setattr(torch.Tensor, "float", lambda x: x)
    return source


def config(gemma):
    made = gemma.RecurrentGemmaConfig(
        hidden_size=48, lru_width=20, num_attention_heads=4, num_key_value_heads=1, vocab_size=13
    )
    made.num_hidden_layers, made.intermediate_size, made.attention_window_size = 4, 2 * 144, 5
    made.logits_soft_cap, made._attn_implementation = 0.7, "sdpa"
    return made


def attention(mixer):
    """Our weights under their names; theirs has a bias that ours has not."""
    names = (f"{x}_proj.weight" for x in "qkvo")
    weights = dict(zip(names, mixer.attend.parameters(), strict=True))
    return weights | {"o_proj.bias": torch.zeros(48)}


def recurrence(mixer):
    unit, parts = mixer.recur, zip("yx", (mixer.to_gate, mixer.to_x), strict=True)
    named = {f"linear_{x}": part for x, part in parts} | {"linear_out": mixer.to_out}
    weights = {f"{at}.{k}": w for at, part in named.items() for k, w in part.named_parameters()}
    for gate, part in (("input", unit.to_i), ("recurrent", unit.to_r)):
        weights[f"rg_lru.{gate}_gate_weight"] = part.weight
        weights[f"rg_lru.{gate}_gate_bias"] = part.bias.unflatten(0, (4, -1))
    weights["conv_1d.weight"] = mixer.convolve.weight[:, None]
    return weights | {"conv_1d.bias": mixer.convolve.bias, "rg_lru.recurrent_param": unit.rate}


def block(ours):
    mixer = attention(ours.mixer) if hasattr(ours.mixer, "attend") else recurrence(ours.mixer)
    weights = {f"temporal_block.{name}": w for name, w in mixer.items()}
    for name in ("gate", "up", "down"):
        weights[f"mlp_block.{name}_proj.weight"] = getattr(ours.ffn, name).weight
        weights[f"mlp_block.{name}_proj.bias"] = torch.zeros(48 if name == "down" else 144)
    weights["temporal_pre_norm.weight"] = ours.norm_mixer.weight
    return weights | {"channel_pre_norm.weight": ours.norm_ffn.weight}


@pytest.fixture
def placed(monkeypatch, gemma):
    """Our positions with their float32 frequencies, from place 1 on: place 0 resets theirs."""
    frequency = gemma.RecurrentGemmaRotaryEmbedding(config(gemma)).inv_freq
    turn = griffin.first_half(Rotary(frequency))
    monkeypatch.setattr(griffin, "first_half", lambda _: lambda x, index: turn(x, index + 1))


@pytest.mark.usefixtures("placed")
def test_attention_matches_recurrent_gemma(gemma, matches):
    mixer, x = local(), torch.randn(3, 11, 48, requires_grad=True)
    ours = mixer.attend.mask(torch.arange(11), torch.arange(11))
    theirs, places = gemma.RecurrentGemmaAttention(config(gemma), 2), torch.arange(1, 12)[None]
    want, _ = functional_call(theirs, attention(mixer), (x, places, ours[None, None]))
    matches(gemma.RecurrentGemmaAttention, mixer(x), want, wrt=(x, *mixer.parameters()))


@pytest.mark.usefixtures("placed")
@pytest.mark.parametrize("layer", [1, 2])
def test_blocks_match_recurrent_gemma(layer, gemma, matches):
    ours, x = small().blocks[layer], torch.randn(3, 11, 48, requires_grad=True)
    theirs = gemma.RecurrentGemmaDecoderLayer(config(gemma), layer)
    mask, places = local().attend.mask(torch.arange(11), torch.arange(11)), torch.arange(1, 12)
    want = functional_call(theirs, block(ours), (x, places[None], mask[None, None], False))
    matches(gemma.RecurrentGemmaDecoderLayer, ours(x), want, wrt=(x, *ours.parameters()))


@pytest.mark.usefixtures("placed")
def test_the_model_matches_recurrent_gemma(gemma, matches):
    ours = small(scale=48**0.5, squash=partial(griffin.soft_cap, cap=0.7))
    weights = {"model.embed_tokens.weight": ours.embed.weight, "lm_head.weight": ours.embed.weight}
    weights |= {
        "model.final_norm.weight": ours.norm.weight,
        "model.normalizer": torch.tensor(48**0.5),
    }
    for at, each in enumerate(ours.blocks):
        weights |= {f"model.layers.{at}.{name}": w for name, w in block(each).items()}
    theirs, given = gemma.RecurrentGemmaForCausalLM(config(gemma)), {"use_cache": False}
    given |= {"input_ids": IDS, "position_ids": torch.arange(1, 12)[None]}
    want = functional_call(theirs, weights, kwargs=given).logits  # the window is by their own mask
    matches(gemma.RecurrentGemmaForCausalLM, ours(IDS), want, wrt=(*ours.parameters(),))


@pytest.mark.law("decoding equals the full pass, far beyond the window, from a state of fixed size")
def test_steps_equal_the_full_pass():
    model, outputs, sizes = small(6), [], set()
    ids, state = torch.randint(13, (3, 23)), model.start(3)
    for token in ids.unbind(1):
        output, state = model.step(token, state)
        outputs.append(output)
        sizes.add(state_bytes(state.blocks))
    assert_close(torch.stack(outputs, 1), model(ids))
    recur, attend = 3 * 4 * 20, 3 * 2 * 5 * 12  # numbers of a layer: appendices F.4.2 and F.4.3
    assert sizes == {8 * (4 * recur + 2 * attend + 2)}  # and each window's place


@pytest.mark.law("local attention is multi-query attention with the mask of a window passed in")
def test_the_window_is_a_mask():
    model, masked = small(), small()
    masked.load_state_dict(model.state_dict())
    masked.blocks[2].mixer = masked.blocks[2].mixer.attend
    assert_close(masked(IDS), model(IDS))


@pytest.mark.law("windows alone forget: only a recurrence carries a token beyond L (w - 1) places")
@pytest.mark.parametrize("kind, reach", [(recurrent, 10), (local, 8)])
def test_reach(kind, reach):
    model = drawn(griffin.Griffin([kind(), kind()], vocab=13, dim=48))
    other = torch.cat([(IDS[:, :1] + 1) % 13, IDS[:, 1:]], 1)
    changed = (model(other) - model(IDS)).abs().amax((0, 2)) > 0
    assert changed.nonzero().flatten().tolist() == list(range(reach + 1))


@pytest.mark.law("scores see distances, and half of a head does not even see those")
def test_half_of_a_head_is_not_placed():
    place = griffin.first_half(lambda x, index: x * index[:, None])
    x, index = torch.randn(3, 4, 5, 6), torch.arange(7, 12)
    assert place(x, index)[..., 3:].equal(x[..., 3:])
    assert_close(place(x, index)[..., :3], x[..., :3] * index[:, None])
    mixer, x = local(), torch.randn(3, 2, 48)
    position, (q, k, _) = mixer.attend.position, mixer.attend.project(x)
    near, far = (
        position(q, index) @ position(k, index).mT
        for index in index.view(1, -1)[:, [[0, 2], [2, 4]]][0]
    )
    assert_close(near, far)


@pytest.mark.worked("section 3: two blocks recur, one attends; 32 layers end on two that recur")
def test_the_pattern():
    kinds = griffin.alternate(32, recurrent=lambda: "r", local=lambda: "a")
    assert "".join(kinds) == "rra" * 10 + "rr"


@pytest.mark.worked("RecurrentGemma, Table 1: 0.65 and 2.03, and 1.05 and 7.53 billion weights")
@pytest.mark.parametrize(
    "dim, heads, layers, few, most", [(2560, 10, 26, 0.65, 2.03), (4096, 16, 38, 1.05, 7.53)]
)
def test_the_released_sizes(dim, heads, layers, few, most):
    with torch.device("meta"):
        mixers = griffin.alternate(
            layers,
            recurrent=partial(RecurrentBlock, dim, width=dim, heads=heads),
            local=partial(griffin.local_attention, dim, heads=heads, window=2048),
        )
        model = griffin.Griffin(mixers, vocab=256_000, dim=dim)
    embedding = model.embed.weight.numel() / 1e9
    assert abs(embedding - few) < 0.01
    assert abs(sum(w.numel() for w in model.parameters()) / 1e9 - embedding - most) < 0.01


@pytest.mark.worked("by hand: 30 tanh(15 / 30) = 13.86; the embedding begins with variance 1/d")
def test_cap_and_start():
    assert_close(
        griffin.soft_cap(torch.tensor([0.0, 15.0, -9e9]), 30.0),
        torch.tensor([0, 13.8635, -30]),
        atol=1e-4,
        rtol=0,
    )
    tokens = griffin.ScaledTokens(500, 100, scale=7.0)
    assert abs(tokens.weight.std() - 0.1) < 1e-3


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="dim=20 is not a multiple of 4 \\* heads=8"):
        griffin.local_attention(20, heads=2, window=3)


def examples():
    x, tokens = torch.randn(3, 7, 48), griffin.ScaledTokens(13, 48, scale=2.0)
    return [
        (partial(griffin.alternate, 4, recurrent=recurrent, local=local), ()),
        (partial(griffin.first_half), (lambda x, index: x,)),
        (partial(griffin.local_attention, 48, heads=4, window=5), ()),
        (partial(griffin.residual_block, dim=48), (local(),)),
        (partial(griffin.ScaledTokens, 13, 48, scale=2.0), (IDS, torch.arange(11))),
        (partial(griffin.TiedUnembedding, tokens, squash=torch.tanh), (x,)),
        (partial(griffin.soft_cap, cap=30.0), (x,)),
        (partial(griffin.Griffin, [recurrent(), local()], vocab=13, dim=48), (IDS,)),
    ]
