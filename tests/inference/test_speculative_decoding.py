"""Rounds against transformers' assisted generation, and against the target's own distribution."""

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


def top(logits, keep=2):
    least = logits.topk(keep).values[..., -1:]
    return logits.masked_fill(logits < least, -torch.inf).softmax(-1)


def reader(layers, *, trace=sd.one_call):
    torch.manual_seed(layers)
    mixers = [MultiHeadAttention(24, heads=4) for _ in range(layers)]
    model = small_model(mixers, vocab=11, dim=24, places=40).requires_grad_(False)
    return sd.Reader(partial(trace, model), model.start(1), torch.tensor([3, 1, 4])), model


def chain(logits):  # the next token depends on the last alone, so there is no state
    return sd.Reader(lambda ids, state: (logits[ids], lambda i: None), None, torch.tensor([1]))


def gpt2(layers):
    """A float32 model of transformers, and its reader: its state is the ids, there is no cache."""
    hf = pytest.importorskip("transformers")
    sizes = {"vocab_size": 11, "n_embd": 24, "n_head": 4, "n_positions": 64, "n_layer": layers}
    config = hf.GPT2Config(**sizes, initializer_range=0.4, bos_token_id=None, eos_token_id=None)
    model = hf.GPT2LMHeadModel(config).eval().float().requires_grad_(False)

    def trace(ids, state):
        whole = torch.cat([state, ids])
        return model(whole[None]).logits[0, len(state) :], lambda i: whole[: len(state) + i]

    return model, sd.Reader(trace, torch.tensor([], dtype=torch.long), torch.tensor([3, 1, 4, 1]))


@pytest.mark.parametrize(("gamma", "keep"), [(1, 4), (3, 11), (3, 2), (5, None)])
def test_texts_match_assisted_generation(gamma, keep, matches):
    (large, target), (little, draft) = gpt2(3), gpt2(1)
    little.transformer.wte.weight.copy_(large.transformer.wte.weight)  # so that some are kept
    fixed = {"num_assistant_tokens": gamma, "num_assistant_tokens_schedule": "constant"}
    little.generation_config.update(**fixed, assistant_confidence_threshold=0)
    sampling = {"do_sample": keep is not None, "top_k": keep, "max_new_tokens": 24 + gamma}
    torch.manual_seed(5)  # both draw from the global generator, in one order
    want = large.generate(target.unread[None], assistant_model=little, **sampling)
    torch.manual_seed(5)
    used = partial(top, keep=keep) if keep else sd.greedy
    got, wrote = sd.generate(target, draft, tokens=22, gamma=gamma, distribution=used)
    matches(large.generate, got, want[0, 4:26], wrt=None)  # its last round is a shorter one


@pytest.mark.law("over all guesses and random numbers of a round, tokens are distributed as p's")
@pytest.mark.law("a guess is kept with probability Σ min(p, q)")
def test_every_outcome_of_a_round(monkeypatch):
    q = torch.tensor([[8, 4, 4], [2, 8, 6], [4, 8, 4]]) / 16.0  # after each token; p / q is
    p = torch.tensor([[3, 4, 9], [1, 12, 3], [6, 3, 7]]) / 16.0  # in eighths, or above 1
    grid, drawn, first = (torch.arange(8.0) + 0.5) / 8, {}, 0.0  # which stand for a uniform r
    monkeypatch.setattr(torch, "rand", lambda *_, **__: drawn["r"])
    none = torch.tensor([0])  # which token is drawn does not matter: its distribution is kept
    monkeypatch.setattr(torch, "multinomial", lambda w, *_, **__: drawn.update(w=w) or none)
    joint = torch.zeros(3, 3, 3)  # of the next three tokens; those left open are drawn from p
    for a, b, *r in itertools.product(range(3), range(3), grid, grid):
        drawn["r"] = torch.stack(r)
        kept = len(sd.verify(torch.tensor([a, b]), q[[0, a]], p[[0, a, b]])) - 1
        share, last = q[0, a] * q[a, b] / 64, drawn["w"]
        rest = last[:, None, None] * p[:, :, None] * p, last[:, None] * p, last
        joint[(a, b)[:kept]] += share * rest[kept]
        first += share * (kept > 0)
    close(joint, p[0][:, None, None] * p[:, :, None] * p)
    close(first, sd.acceptance(p[0], q[0]))


@pytest.mark.law("a text passes a chi-square test on the target's filtered probabilities")
@pytest.mark.law("known mistake: where the target is not filtered as its draft is, it fails")
def test_target_and_draft_are_filtered_alike():
    for used in (top, lambda rows: top(rows) if len(rows) == 1 else rows.softmax(-1)):
        logits, counts = torch.randn(2, 5, 5), torch.zeros(5, 5)  # of the next, by the last alone
        text, _ = sd.generate(*map(chain, logits), tokens=500, gamma=3, distribution=used)
        counts.index_put_((text[:-1], text[1:]), torch.ones(499), accumulate=True)
        want = top(logits[0]) * counts.sum(1, keepdim=True)
        terms = torch.where(counts == want, 0, (counts - want) ** 2 / want)
        assert (terms.sum() < 20.5) == (used is top)  # 5 degrees of freedom: one in a thousand


@pytest.mark.law("greedy rounds write what the target alone does; from itself it keeps every guess")
@pytest.mark.parametrize("gamma", [1, 4])
def test_greedy_is_greedy(gamma):
    (target, model), (draft, _) = reader(2), reader(1)
    read, prompt = partial(kv_cache.read, model), target.unread[None]
    want, _, _ = kv_cache.generate(read, prompt, target.state, tokens=17)
    for by in (draft, target):
        got, wrote = sd.generate(target, by, tokens=17, gamma=gamma, distribution=sd.greedy)
        assert got.equal(want[0]) and sum(wrote) - wrote[-1] < 17 <= sum(wrote)
    assert set(wrote) == {gamma + 1}


@pytest.mark.law("after each round both states are those of the text: guesses leave no trace")
@pytest.mark.parametrize("gamma", [1, 3])
@pytest.mark.parametrize("trace", [sd.one_call, sd.by_step])
def test_rounds_rewind(trace, gamma):
    (target, large), (draft, little) = reader(2, trace=trace), reader(1, trace=trace)
    text, lengths = target.unread, set()
    for _ in range(6):
        out, target, draft = sd.speculate(target, draft, gamma=gamma)
        text, lengths = torch.cat([text, out]), lengths | {len(out)}
        for model, now, left in ((large, target, 1), (little, draft, 1 + (len(out) > gamma))):
            _, fresh = kv_cache.read(model, text[None, :-left], model.start(1))
            close([now.state.place, *now.state.blocks], [fresh.place, *fresh.blocks])
            assert now.unread.equal(text[-left:])
    assert len(lengths) > 1


@pytest.mark.worked("p = (2, 3, 5), q = (5, 2.5, 2.5) tenths: α = 0.7, residual (0, 1, 5) sixths")
@pytest.mark.worked("α = 0.8, γ = 4: 3.3616 tokens a round; at c = 0.1 a speed-up of 2.401")
def test_by_hand(monkeypatch):
    p, q, alpha = torch.tensor([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0, 0.8, 1]])
    lacks, tokens = torch.tensor([0, 1, 5]) / 6.0, torch.tensor([1, 3.3616, 5])
    close([sd.acceptance(p, q), sd.residual(p, q)], [torch.tensor(0.7), lacks])
    close([sd.expected_tokens(alpha, gamma=4), sd.residual(p, p)], [tokens, p])
    close(sd.speedup(alpha, gamma=4, cost=0.1), tokens / 1.4)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.zeros(1))
    never = torch.tensor([[0, 0.1, 0.9]] * 2)  # 0 < 0 / 0.5 is false; 2 alone is in the residual
    assert sd.verify(torch.tensor([0]), q[None], never).tolist() == [2]


def test_a_round_without_guesses_is_refused():
    with pytest.raises(ValueError, match="gamma=0: a round needs a guess"):
        sd.speculate(*map(chain, torch.randn(2, 5, 5)), gamma=0)


def examples():
    (p, q), ids, alpha = torch.randn(2, 4, 7).softmax(-1), torch.randint(7, (4,)), torch.rand(6)
    (_, model), more, pair = reader(2), torch.rand(5, 7), tuple(map(chain, torch.randn(2, 5, 5)))
    few = [(partial(one), (p, q)) for one in (sd.acceptance, sd.residual)]
    few += [(partial(trace, model), (ids, model.start(1))) for trace in (sd.one_call, sd.by_step)]
    few += [(partial(sd.verify), (ids, q, more)), (partial(sd.greedy), (q,))]
    few += [(partial(go, gamma=4), pair) for go in (sd.speculate, partial(sd.generate, tokens=20))]
    formulas = sd.expected_tokens, partial(sd.speedup, cost=0.1)
    return few + [(partial(formula, gamma=4), (alpha,)) for formula in formulas]
