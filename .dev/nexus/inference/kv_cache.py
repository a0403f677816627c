"""KV cache: a decoder keeps every token's keys and values, and computes those of new tokens only.

Source: Vaswani et al. 2017, Attention Is All You Need, https://arxiv.org/abs/1706.03762, section
3.2.3: attention is causal, so no later token changes a key or a value. It names no cache; the step
that has one is in Shazeer 2019, https://arxiv.org/abs/1911.02150, section 2.4.
Differs: Shazeer's step grows by concatenation, as `Cache` does; `StaticCache` writes in place and
reads no more than was written. All members of a batch have one length.

Letters: b batch, n new tokens, m cached tokens, s capacity, d model width, h key/value heads,
c width of a key, e width of a value.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nexus.attention.multi_head_attention import Cache, attention
from nexus.nn.backbone import LanguageModel, Progress


class StaticCache(NamedTuple):
    """Room for s tokens, of which this state reads the first `length`; what stands there stays."""

    k: Float[Tensor, "b h s c"]
    v: Float[Tensor, "b h s e"]
    length: Int[Tensor, "1"]
    end: Int[Tensor, "1"]  # shared, as k and v are, by all states of a decoding: the next place


def held(state: Cache | StaticCache) -> Cache:
    """The keys and values of the tokens read so far: views, nothing is copied."""
    if isinstance(state, Cache):
        return state
    m = int(state.length)
    return Cache(state.k[:, :, :m], state.v[:, :, :m])


def write(new: Cache, past: Cache | StaticCache) -> Cache | StaticCache:
    """The state after n more tokens: a `Cache` is copied and grows, a `StaticCache` written to.

    Raises:
        ValueError: the tokens do not fit, or others stand in their places already.
    """
    if isinstance(past, Cache):
        return Cache(torch.cat([past.k, new.k], 2), torch.cat([past.v, new.v], 2))
    m, n, s = int(past.length), new.k.shape[2], past.k.shape[2]
    if m + n > s:
        raise ValueError(f"{m} + {n} tokens exceed the capacity of {s}")
    if m != int(past.end):
        raise ValueError(f"the places after {m} tokens are taken up to {int(past.end)}")
    past.k[:, :, m : m + n], past.v[:, :, m : m + n] = new
    past.end.add_(n)
    return past._replace(length=past.end.clone())


def crop(state: Progress, length: int) -> Progress:
    """The state after the first `length` tokens; it shares their memory, and grows by copying.

    Raises:
        ValueError: fewer tokens were read.
    """
    if not 0 <= length <= int(state.place):
        raise ValueError(f"{int(state.place)} tokens cannot be cropped to {length}")
    blocks = (Cache(*(t[:, :, :length] for t in held(block))) for block in state.blocks)
    return Progress(torch.full_like(state.place, length), tuple(blocks))


def allocate(state: Progress, *, capacity: int, copies: int = 1) -> Progress:
    """The same state in buffers of its own, each member of the batch `copies` times in a row.

    Raises:
        ValueError: more than `capacity` tokens were read.
    """

    def static(past: Cache | StaticCache) -> Cache | StaticCache:
        rows = Cache(*(t.repeat_interleave(copies, 0) for t in held(past)))
        k, v = (t.new_zeros(*t.shape[:2], capacity, t.shape[3]) for t in rows)
        none = torch.zeros(1, dtype=torch.long, device=k.device)
        return write(rows, StaticCache(k, v, none, none))  # which separates length and end

    return state._replace(blocks=tuple(map(static, state.blocks)))


def extend(
    attend: Any, x: Float[Tensor, "b n d"], past: Cache | StaticCache, *, kernel: Any = attention
) -> tuple[Float[Tensor, "b n d"], Cache | StaticCache]:
    """Let an attention module read n more tokens: its `step`, for many and with either cache."""
    q, k, v = (
        project(x).unflatten(-1, (-1, attend.width)).transpose(1, 2)  # b . n c
        for project in (attend.to_q, attend.to_k, attend.to_v)
    )
    m, n = held(past).k.shape[2], x.shape[1]
    keys = torch.arange(m + n, device=x.device)
    state = write(Cache(attend.position(k, keys[m:]), v), past)
    out = kernel(attend.position(q, keys[m:]), *held(state), attend.mask(keys[m:], keys))
    return attend.to_out(out.transpose(1, 2).flatten(2)), state


def read(
    model: LanguageModel, ids: Int[Tensor, "b n"], state: Progress, *, kernel: Any = attention
) -> tuple[Float[Tensor, "b n vocab"], Progress]:
    """Read n more tokens, a whole prompt or a single one: their logits and the state after them."""
    x, after = model.embed(ids, state.place + torch.arange(ids.shape[1], device=ids.device)), []
    for block, past in zip(model.blocks, state.blocks, strict=True):
        mixed, new = extend(block.mixer, block.norm_mixer(x), past, kernel=kernel)
        x = x + mixed
        x = x + block.ffn(block.norm_ffn(x))
        after.append(new)
    return model.unembed(model.norm(x)), Progress(state.place + ids.shape[1], tuple(after))


def resume(
    seen: Int[Tensor, " m"], state: Progress, prompt: Int[Tensor, " n"]
) -> tuple[Int[Tensor, " rest"], Progress]:
    """What is left to read of a prompt if `state` has read `seen`, and the state to read it from.

    At least one token is left, since its logits choose the next.
    """
    shared = min(len(seen), len(prompt) - 1)
    same = int((seen[:shared] == prompt[:shared]).long().cumprod(0).sum())
    return prompt[same:], crop(state, same)


def generate(
    decode: Callable[[Tensor, Any], tuple[Tensor, Any]],
    prompt: Int[Tensor, "b n"],
    state: Any,
    *,
    tokens: int,
    sample: Callable[[Tensor], Tensor] = lambda logits: logits.argmax(-1),
) -> tuple[Int[Tensor, "b tokens"], Float[Tensor, "b tokens vocab"], Any]:
    """Read a prompt with `decode(ids, state)`, then choose tokens and read them, one by one.

    Returns them, the logits they were chosen from, and a state that has not read the last of them.
    """
    ids, rows = [], []
    for _ in range(tokens):
        logits, state = decode(prompt, state)
        rows.append(logits[:, -1])
        ids.append(sample(rows[-1]))
        prompt = ids[-1][:, None]
    return torch.stack(ids, 1), torch.stack(rows, 1), state


def cache_bytes(*, tokens: int, layers: int, kv_heads: int, head_width: int, itemsize: int) -> int:
    """Bytes of the keys and values of `tokens`, all sequences together; `itemsize` a number."""
    return 2 * tokens * layers * kv_heads * head_width * itemsize
