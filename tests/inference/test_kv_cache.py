"""Both caches against those of transformers, and against decoding without any."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import GroupedQueryAttention, grouped_attention
from nexus.attention.multi_head_attention import Cache, MultiHeadAttention
from nexus.inference import kv_cache as kv
from nexus.nn.backbone import small_model, state_bytes


def static(state):
    """Buffers full of nan, since nothing may read what was not written."""
    state = kv.allocate(state, capacity=9)
    _ = [x.fill_(torch.nan) for block in state.blocks for x in block[:2]]
    return state


close = partial(assert_close, rtol=1e-12, atol=1e-12)
CACHES = pytest.mark.parametrize("cache", [lambda state: state, static], ids=["growing", "static"])
PICKS = [torch.argmax, torch.argmin, lambda rows, dim: torch.randint(11, (3,))]  # the last: dice


def small():
    """A layer that scales by place, a grouped one with a window of 3, and 3 prompts of 7 tokens."""
    placed = MultiHeadAttention(24, heads=6, position=lambda x, at: x * (1 + at[:, None]))
    window = {"mask": lambda q, k: (q[:, None] >= k) & (q[:, None] < k + 3)}
    mixers = [placed, GroupedQueryAttention(24, heads=6, kv_heads=2, **window)]
    model = small_model(mixers, vocab=11, dim=24, places=20)
    return model, partial(kv.read, model, kernel=grouped_attention), torch.randint(11, (3, 7))


@pytest.mark.parametrize("cache", ["DynamicCache", "StaticCache"])
def test_a_whole_model_matches_gpt2_with_its_cache(cache, matches):
    hf = pytest.importorskip("transformers")
    config = hf.GPT2Config(vocab_size=11, n_embd=24, n_layer=2, n_head=6, initializer_range=0.3)
    gpt = hf.GPT2LMHeadModel(config).eval()
    ours = small_model([MultiHeadAttention(24, heads=6) for _ in "12"], vocab=11, dim=24, places=16)
    for block, h in zip(ours.blocks, gpt.transformer.h, strict=True):
        block.norm_mixer, block.norm_ffn, block.ffn = h.ln_1, h.ln_2, h.mlp
        weights = *h.attn.c_attn.weight.split(24, 1), h.attn.c_proj.weight
        for own, weight in zip(block.mixer.children(), weights, strict=True):
            own.weight.data = weight.detach().T.clone()
    ours.embed.token, ours.embed.place = gpt.transformer.wte, gpt.transformer.wpe
    ours.norm, ours.unembed = gpt.transformer.ln_f, gpt.lm_head
    dynamic, logits, oracle = cache == "DynamicCache", [], getattr(hf, cache)
    past = oracle() if dynamic else oracle(config, max_cache_len=10)
    state = ours.start(3) if dynamic else kv.allocate(ours.start(3), capacity=10)
    with torch.set_grad_enabled(dynamic):  # what is written in place has no gradient
        for ids in torch.randint(11, (3, 9)).split([4, 1, 2, 1, 1], 1):
            got, state = kv.read(ours, ids, state)
            logits.append((got, gpt(ids, past_key_values=past, use_cache=True).logits))
    both = [w for n, w in ours.named_parameters() if ".to_" not in n] if dynamic else None
    matches(oracle, *(torch.cat(parts, 1) for parts in zip(*logits, strict=True)), wrt=both)
    for kept, layer in zip(state.blocks, past.layers, strict=True):
        theirs = torch.stack([layer.keys, layer.values])
        matches(oracle.update, torch.stack(kept[:2]), theirs, wrt=both and both[:2])


@pytest.mark.law("in chunks of any sizes, with either cache, tokens get the logits of a full pass")
@pytest.mark.law("what lies in a static cache behind the tokens read never matters: it is nan here")
@pytest.mark.parametrize("sizes", [[7], [3, 4], [1, 5, 1], [1] * 7])
@CACHES
def test_chunks_equal_the_full_pass(cache, sizes):
    (model, decode, ids), rows = small(), []
    state, (_, whole) = cache(model.start(3)), decode(ids, model.start(3))
    for chunk in ids.split(sizes, 1):
        logits, state = decode(chunk, state)
        rows.append(logits)
    close(torch.cat(rows, 1), model(ids))
    close([state.place, *map(kv.held, state.blocks)], [whole.place, *whole.blocks])


@pytest.mark.law("branches and copies of a prefix influence neither each other nor the prefix")
@pytest.mark.parametrize("branch", [lambda x: x, partial(kv.allocate, capacity=8)])
@CACHES
def test_branches_are_independent(cache, branch):
    (model, decode, ids), ends = small(), torch.randint(11, (6, 3))
    _, prefix = decode(ids[:, :4], cache(model.start(3)))
    kept = [(k.clone(), v.clone()) for k, v in map(kv.held, prefix.blocks)]
    _, one = decode(ids[:, 4:5], branch(kv.crop(prefix, 4)))
    decode(ids[:, 4:6].flip(0), branch(kv.crop(prefix, 4)))
    twice, _ = decode(ends, kv.allocate(prefix, capacity=7, copies=2))
    close(decode(ids[:, 5:], one)[0], model(ids)[:, 5:])
    close(twice, model(torch.cat([ids[:, :4].repeat_interleave(2, 0), ends], 1))[:, 4:])
    assert_close([tuple(kv.held(block)) for block in prefix.blocks], kept, rtol=0, atol=0)


@pytest.mark.law("a prompt resumed from another's cache has the logits of one read from the start")
@pytest.mark.parametrize("common, seen, left", [(3, 7, 4), (0, 6, 7), (7, 7, 1), (7, 5, 2)])
@CACHES
def test_shared_prefixes_are_read_once(cache, common, seen, left):
    model, decode, (ids, *_) = small()
    other = torch.cat([ids[:common], (ids[common:] + 1) % 11])[:seen]
    other[5:] = ids[5:seen]  # alike again behind the difference
    rest, state = kv.resume(other, decode(other[None], cache(model.start(1)))[1], ids)
    assert len(rest) == left and state.place == 7 - left
    close(decode(rest[None], state)[0], model(ids[None])[:, -left:])


@pytest.mark.law("with and without a cache the same tokens are chosen from the same logits")
@pytest.mark.parametrize("pick", PICKS, ids=["best", "least", "dice"])
@CACHES
def test_generation_is_the_same_without_a_cache(cache, pick):
    model, decode, ids = small()
    given = {} if pick is torch.argmax else {"sample": partial(pick, dim=-1)}
    got, logits, state = kv.generate(decode, ids[:, :5], cache(model.start(3)), tokens=4, **given)
    close(logits, model(torch.cat([ids[:, :5], got], 1))[:, 4:-1])
    assert (pick is PICKS[2] or got.equal(pick(logits, dim=-1))) and state.place == 8


@pytest.mark.worked("Llama 2 7B: 32 layers, 32 heads of width 128, fp16, 4096 tokens: 2 GiB")
@pytest.mark.worked("Kwon et al. 2023, section 3: OPT 13B keeps 800 KB a token")
@CACHES
def test_bytes(cache):
    assert kv.cache_bytes(tokens=4096, layers=32, kv_heads=32, head_width=128, itemsize=2) == 2**31
    assert kv.cache_bytes(tokens=1, layers=40, kv_heads=40, head_width=128, itemsize=2) == 800 << 10
    model = small_model([MultiHeadAttention(24, heads=6)] * 4, vocab=11, dim=24, places=9).float()
    _, state = kv.read(model, torch.randint(11, (3, 9)), cache(model.start(3)))  # a real one
    want = kv.cache_bytes(tokens=3 * 9, layers=4, kv_heads=6, head_width=4, itemsize=4)
    assert sum(state_bytes(block[:2]) for block in state.blocks) == want


def test_refusals():
    model, decode, ids = small()
    _, full = decode(ids, start := kv.allocate(model.start(3), capacity=7))  # exactly, in place
    assert full.blocks[0].k is start.blocks[0].k and kv.held(start.blocks[0]).k.shape[2] == 0
    with pytest.raises(ValueError, match=r"7 \+ 1 tokens exceed the capacity of 7"):
        decode(ids[:, :1], full)
    with pytest.raises(ValueError, match="the places after 0 tokens are taken up to 7"):
        decode(ids[:, :2], start)
    with pytest.raises(ValueError, match=r"0 \+ 7 tokens exceed the capacity of 6"):
        kv.allocate(full, capacity=6)
    for length in (-1, 8):
        with pytest.raises(ValueError, match=f"7 tokens cannot be cropped to {length}"):
            kv.crop(full, length)


def examples():
    (model, decode, ids), attend = small(), MultiHeadAttention(24, heads=6)
    start, empty, one = model.start(3), attend.start(3), Cache(*torch.randn(2, 3, 6, 5, 4))
    size = partial(kv.cache_bytes, tokens=1, layers=2, kv_heads=3, head_width=4, itemsize=2)
    x, seen = torch.randn(3, 5, 24), decode(ids, start)[1]
    few = [(partial(kv.held), (one,)), (partial(kv.generate, decode, tokens=4), (ids, start))]
    few += [(partial(kv.extend, attend), (x, empty)), (partial(kv.write), (one, empty))]
    few += [(partial(kv.crop, length=2), (seen,)), (partial(kv.allocate, capacity=9), (seen,))]
    return [*few, (partial(kv.resume, ids[0], seen), (ids[1],)), (decode, (ids, start)), (size, ())]
