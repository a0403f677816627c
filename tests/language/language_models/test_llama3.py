"""Llama 3 against transformers' with the same weights, and the laws of its mask and frequencies."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import grouped_attention
from nexus.inference.kv_cache import cache_bytes, generate, read
from nexus.language.language_models import llama3
from nexus.language.language_models.llama3 import Llama3, Shape, stretched, within_documents
from nexus.nn.backbone import state_bytes
from nexus.position.rope import Rotary, frequencies

TINY = Shape(layers=2, dim=24, hidden=22, heads=6, kv_heads=2, vocab=13)
LLAMA_31 = {"factor": 8.0, "low": 1.0, "high": 4.0, "original": 8192}
STRETCH = {"factor": 5.0, "low": 0.5, "high": 2.0, "original": 20}
THEIRS = "factor low_freq_factor high_freq_factor original_max_position_embeddings".split()
SIZES = "num_hidden_layers hidden_size intermediate_size num_attention_heads num_key_value_heads"
packed = partial(within_documents, starts=torch.tensor([4, 9]))


def oracle(shape=TINY, stretch=STRETCH):
    """The model of transformers, its norms' weights drawn too; and ours, with the same stretch."""
    llama = pytest.importorskip("transformers.models.llama")
    rope = dict(zip(THEIRS, stretch.values(), strict=False))
    config = llama.LlamaConfig(
        **dict(zip([*SIZES.split(), "vocab_size"], vars(shape).values(), strict=True)),
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id")),
        rope_parameters={"rope_type": "llama3" if stretch else "default", "rope_theta": 5e5} | rope,
        **{"rms_norm_eps": 1e-5, "initializer_range": 0.3},
    )
    theirs, turns = llama.LlamaForCausalLM(config), frequencies(shape.dim // shape.heads, 5e5)
    for weight in (w for w in theirs.parameters() if w.ndim == 1):
        torch.nn.init.normal_(weight, 1, 0.3)
    position = Rotary(stretched(turns, **stretch)) if stretch else None
    return theirs, Llama3(shape, position=position)


@pytest.mark.parametrize("stretch", [{}, STRETCH])
def test_logits_and_gradients_match_transformers(stretch, matches):
    torch.set_default_dtype(torch.float32)  # in which theirs computes norms and angles anyway
    theirs, ours = oracle(stretch=stretch)
    weights = llama3.from_transformers(dict(theirs.named_parameters()))
    assert weights.keys() == ours.state_dict().keys()
    ids = torch.randint(13, (3, 40))
    logits, want = functional_call(ours, weights, (ids,)), theirs(ids, labels=ids)
    loss = cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert_close(logits, want.logits)
    matches(type(theirs), loss, want.loss, wrt=tuple(theirs.parameters()))


def test_greedy_tokens_match_transformers(matches):
    theirs, ours = oracle()
    ours.load_state_dict(llama3.from_transformers(theirs.state_dict()))
    prompt, decode = torch.randint(13, (3, 5)), partial(read, ours, kernel=grouped_attention)
    with torch.no_grad():
        ids, logits, _ = generate(decode, prompt, ours.start(3), tokens=60)
    want = theirs.generate(prompt, do_sample=False, max_new_tokens=60)
    matches(theirs.generate, ids, want[:, 5:], wrt=None)
    assert logits.topk(2).values.diff().max() < -1e-4 and all(len(row.unique()) > 3 for row in ids)


def released(frequency, factor, low, high, original):
    """`apply_scaling` of the released Llama 3.1 code: three cases by wavelength."""
    wavelength = 2 * torch.pi / frequency
    smooth = (original / wavelength - low) / (high - low)
    mixed = (1 - smooth) * frequency / factor + smooth * frequency
    slow = torch.where(wavelength > original / low, frequency / factor, mixed)
    return torch.where(wavelength < original / high, frequency, slow)


@pytest.mark.parametrize("stretch", [LLAMA_31, STRETCH])
def test_frequencies_match_transformers_and_the_released_code(stretch, matches, transcribed):
    f, settings = frequencies(128, 5e5).requires_grad_(), {} if stretch is LLAMA_31 else stretch
    transcribed(released, stretched(f, **settings), released(f, **stretch), wrt=(f,))
    theirs, _ = oracle(replace(TINY, dim=256, heads=2), stretch)
    compute = pytest.importorskip("transformers.modeling_rope_utils").ROPE_INIT_FUNCTIONS["llama3"]
    turns = 1 / 5e5 ** (torch.arange(0, 128, 2).float() / 128)  # in their precision
    matches(compute, stretched(turns, **settings), compute(theirs.config)[0], wrt=None)


@pytest.mark.law("stretching keeps fast pairs, slows slow ones by the factor, and swaps none")
def test_stretching():
    f = torch.logspace(1, -6, 200)
    new, turns = stretched(f, **STRETCH), 20 * f / (2 * torch.pi)
    assert new[turns > 2].equal(f[turns > 2]) and (new.diff() < 0).all()
    assert_close(new[turns < 0.5], f[turns < 0.5] / 5)
    assert_close(stretched(f, factor=1.0, low=0.5, high=2.0, original=20), f)


@pytest.mark.law("packing is invisible: documents in one sequence come out as each does alone")
def test_packing():
    ours, alone, ids = Llama3(TINY, mask=packed), Llama3(TINY), torch.randint(13, (3, 11))
    alone.load_state_dict(ours.state_dict())
    same, parts = ours(ids), torch.cat([alone(x) for x in ids.tensor_split([4, 9], 1)], 1)
    slopes = grad(parts.square().sum(), tuple(alone.parameters()))
    assert_close((same, *grad(same.square().sum(), tuple(ours.parameters()))), (parts, *slopes))
    assert (alone(ids) - parts)[:, 4:].abs().amax(-1).min() > 1e-3  # unmasked it shows


@pytest.mark.law("token by token as all at once, from a cache of kv_heads / heads of the full size")
def test_steps_equal_the_full_pass():
    model, ids, rows = Llama3(TINY, mask=packed), torch.randint(13, (3, 11)), []
    state = model.start(3)
    for token in ids.unbind(1):
        logits, state = model.step(token, state)
        rows.append(logits)
    assert_close(torch.stack(rows, 1), model(ids))
    full = cache_bytes(tokens=3 * 11, layers=2, kv_heads=6, head_width=4, itemsize=8)
    assert 6 * state_bytes(state.blocks) == 2 * full


@pytest.mark.worked("8B in bfloat16 is 16,060,522,496 bytes, which the released file's index names")
def test_weights():
    counts = {"8B": 8_030_261_248, "70B": 70_553_706_496, "405B": 405_853_388_800}
    for name, shape in llama3.SHAPES.items():
        with torch.device("meta"):
            assert sum(w.numel() for w in Llama3(shape).parameters()) == counts.pop(name)
    assert not counts and llama3.BASE == 500_000  # Table 3


@pytest.mark.worked("by hand: 2.5 turns in 8192 tokens are half way: 1/2 + 1/2 · 1/8 = 9/16")
def test_half_way():
    f = torch.tensor([4.0, 2.5, 1.0]) * 2 * torch.pi / 8192
    assert_close(stretched(f) / f, torch.tensor([1, 9 / 16, 1 / 8]))
    rows = within_documents(torch.tensor([2, 4]), torch.arange(5), starts=torch.tensor([1, 4]))
    assert rows.int().tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 0, 1]]


def test_the_impossible_is_refused():
    for high in (1.5, 2.0):
        with pytest.raises(ValueError, match=f"high={high} is not above low=2.0"):
            stretched(frequencies(8), low=2.0, high=high)
    with pytest.raises(ValueError, match="heads=6 is not a multiple of kv_heads=4"):
        Llama3(replace(TINY, kv_heads=4))


def examples():
    return [
        (partial(Llama3, TINY), (torch.randint(13, (3, 7)),)),
        (partial(stretched), (frequencies(8, 5e5).requires_grad_(),)),
        (packed, (torch.arange(4, 11), torch.arange(11))),
        (partial(llama3.from_transformers), ({"lm_head.weight": torch.randn(13, 24)},)),
    ]
