"""The rounds against transformers' assisted generation, and the target's distribution, exactly."""

import itertools
from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.inference import kv_cache
from nexus.inference import speculative_decoding as sd
from nexus.nn.backbone import small_model

close = partial(assert_close, rtol=1e-12, atol=1e-12)
GRID = torch.arange(8).add(0.5) / 8  # stands for a uniform number where ratios are eighths
Q = torch.tensor([[8, 4, 4], [2, 8, 6], [4, 8, 4]]) / 16  # the draft's next token, by the last
P = torch.tensor([[3, 4, 9], [1, 10, 5], [6, 3, 7]]) / 16  # the target's: p < q at one or two


def softmax(logits, keep=5):
    """Of the `keep` likeliest alone: top-k, and with 5 of 5 nothing is filtered."""
    least = logits.topk(keep).values[..., -1:]
    return logits.masked_fill(logits < least, -torch.inf).softmax(-1)


def markov(logits):
    """A reader whose next token depends on the last alone; its state is nothing."""
    return sd.Reader(lambda ids, state: (logits[ids], lambda i: None), None, torch.tensor([1]))


def small(layers, seed):
    torch.manual_seed(seed)
    mixers = [MultiHeadAttention(24, heads=4) for _ in range(layers)]
    model = small_model(mixers, vocab=11, dim=24, places=40).requires_grad_(False)
    model.unembed.weight.mul_(4)
    return model


def reader(model, trace=sd.one_call):
    return sd.Reader(partial(trace, model), model.start(1), torch.tensor([3, 1, 4]))


def gpt2(layers, seed):
    """A float32 model of transformers, and a reader that reads all again: its state is the ids."""
    hf = pytest.importorskip("transformers")
    torch.manual_seed(seed)
    sizes = {"vocab_size": 11, "n_embd": 24, "n_head": 4, "n_positions": 64}
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
    config = hf.GPT2Config(n_layer=layers, initializer_range=0.4, **sizes, **ends)
    model = hf.GPT2LMHeadModel(config).eval().float().requires_grad_(False)

    def trace(ids, state):
        whole = torch.cat([state, ids])
        return model(whole[None]).logits[0, len(state) :], lambda i: whole[: len(state) + i]

    prompt = torch.tensor([3, 1, 4, 1])
    return model, sd.Reader(trace, prompt[:0], prompt)


@pytest.mark.parametrize("gamma", [1, 3, 6])
@pytest.mark.parametrize("keep", [0, 4, 11])
def test_whole_texts_match_assisted_generation(gamma, keep, matches):
    (large, target), (little, draft) = gpt2(3, 1), gpt2(1, 2)
    little.transformer.wte.weight.copy_(large.transformer.wte.weight)  # so that some are kept
    options = {"num_assistant_tokens": gamma, "num_assistant_tokens_schedule": "constant"}
    little.generation_config.update(**options, assistant_confidence_threshold=0)
    filters = {"do_sample": True, "top_k": keep} if keep else {"do_sample": False}
    distribution = partial(softmax, keep=keep) if keep else sd.greedy
    torch.manual_seed(5)  # both draw from the global generator, in one order
    want = large.generate(
        target.unread[None], assistant_model=little, max_new_tokens=40 + gamma, **filters
    )
    torch.manual_seed(5)
    got, wrote = sd.generate(target, draft, tokens=38, gamma=gamma, distribution=distribution)
    assert len(set(wrote)) > 1
    matches(large.generate, got, want[0, 4:42], wrt=None)  # its last round is cut short: left out


def test_a_round_matches_transformers_with_the_same_random_numbers(matches):
    utils = pytest.importorskip("transformers.generation.utils")
    mine, theirs = [], []
    for seed in range(60):
        torch.manual_seed(seed)
        q, p, ids = torch.randn(3, 7), torch.randn(4, 7), torch.randint(7, (3,))
        p[:3] += q
        for results in (mine, theirs):
            torch.manual_seed(1000 + seed)
            if results is mine:
                out = sd.verify(ids, q.softmax(-1), p.softmax(-1))
            else:
                out = utils._speculative_sampling(ids[None], q[None], 3, p[None])[0][0]
            results.append(torch.cat([out, out.new_full((4 - len(out),), 7)]))
    assert {int((x < 7).sum()) for x in mine} == {1, 2, 3, 4}
    matches(utils._speculative_sampling, torch.stack(mine), torch.stack(theirs), wrt=None)


def enumerated(monkeypatch, judged):
    """P of the first three tokens after 0, over all guesses and random numbers of a round.

    `judged` is the target that verifies; what a round leaves open is drawn from P.
    """
    weights, first = [], {}
    joint = torch.zeros(3, 3, 3)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: first["r"])
    draw = lambda w, *_, **__: weights.append(w) or torch.tensor([0])  # noqa: E731
    monkeypatch.setattr(torch, "multinomial", draw)
    for a, b in itertools.product(range(3), repeat=2):
        for r in itertools.product(GRID, repeat=2):
            first["r"] = torch.stack(r)
            rows = judged[[0, a, b]]
            kept = len(sd.verify(torch.tensor([a, b]), Q[[0, a]], rows)) - 1
            share = Q[0, a] * Q[a, b] / 64
            last = weights.pop()
            if kept == 2:
                joint[a, b] += share * last
            elif kept == 1:
                joint[a] += share * last[:, None] * P
            else:
                joint += share * last[:, None, None] * P[:, :, None] * P
    return joint


@pytest.mark.law("over all drafts and random numbers of a round, tokens are distributed as p's")
def test_enumeration(monkeypatch):
    want = P[0][:, None, None] * P[:, :, None] * P
    close(enumerated(monkeypatch, P), want)
    assert (enumerated(monkeypatch, P.roll(1, 0)) - want).abs().max() > 0.01  # another is seen
