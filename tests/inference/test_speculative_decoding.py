"""Rounds against transformers' assisted generation, and against the target's own distribution."""

import itertools
from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.testing import assert_close

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.inference import kv_cache
from nexus.inference import speculative_decoding as sd
from nexus.nn.backbone import small_model

close = partial(assert_close, rtol=1e-12, atol=1e-12)


def top(logits, keep=2):
    return logits.masked_fill(logits < logits.topk(keep).values[..., -1:], -torch.inf).softmax(-1)


def reader(layers, *, trace=sd.one_call):
    model = small_model([MultiHeadAttention(24, heads=4)] * layers, vocab=11, dim=24, places=40)
    return sd.Reader(partial(trace, model), model.start(1), torch.tensor([3, 1, 4])), model


def chain(logits):  # the next token depends on the last alone, so there is no state
    return sd.Reader(lambda ids, state: (logits[ids], lambda i: None), None, torch.tensor([1]))


def gpt2(layers):  # in float32; the reader's state is the ids, so there is no cache
    hf = pytest.importorskip("transformers")
    sizes = {"vocab_size": 11, "n_embd": 24, "n_head": 4, "n_positions": 64, "n_layer": layers}
    model = hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, initializer_range=0.4)).eval().float()

    def trace(ids, state):
        whole = torch.cat([state, ids])
        return model(whole[None]).logits[0, len(state) :], lambda i: whole[: len(state) + i]

    return model.requires_grad_(False), sd.Reader(trace, torch.arange(0), torch.tensor([3, 1, 4]))


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
    used = {None: sd.greedy, 11: sd.SOFTMAX}.get(keep, partial(top, keep=keep))
    got, _ = sd.generate(target, draft, tokens=22, gamma=gamma, distribution=used)
    matches(large.generate, got, want[0, 3:25], wrt=None)  # its last round is a shorter one


@pytest.mark.law("over all outcomes of a round texts are as likely as p's; Σ min(p, q) is kept")
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
    drawn["r"] = torch.zeros(2)
    assert len(sd.verify(torch.tensor([0, 0]), q[[0, 0]], 0 * p)) == 1  # r = 0 keeps no p = 0


@pytest.mark.law("a text passes a chi-square test on the target's filtered probabilities")
@pytest.mark.law("known mistake: where the target is not filtered as its draft is, it fails")
def test_target_and_draft_are_filtered_alike():
    for used in (top, lambda rows: top(rows) if len(rows) == 1 else rows.softmax(-1)):
        logits = torch.randn(2, 5, 5)
        text, _ = sd.generate(*map(chain, logits), tokens=500, gamma=3, distribution=used)
        counts = torch.bincount(text[:-1] * 5 + text[1:], minlength=25).unflatten(0, (5, 5))
        want = top(logits[0]) * counts.sum(1, keepdim=True)
        chi = torch.where(counts == want, 0, (counts - want) ** 2 / want).sum()
        assert (chi < 20.5) == (used is top)  # 5 degrees of freedom: one in a thousand


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
@pytest.mark.parametrize(("trace", "gamma"), [(sd.one_call, 1), (sd.one_call, 3), (sd.by_step, 3)])
def test_rounds_rewind(trace, gamma):
    (target, large), (draft, little) = reader(2, trace=trace), reader(1, trace=trace)
    text = target.unread
    for _ in range(6):
        out, target, draft = sd.speculate(target, draft, gamma=gamma)
        text = torch.cat([text, out])
        for model, now, left in ((large, target, 1), (little, draft, 1 + (len(out) > gamma))):
            _, fresh = kv_cache.read(model, text[None, :-left], model.start(1))
            close((now.unread, *now.state), (text[-left:], *fresh))
    both = target.trace(text, large.start(1))[0], large(text[None])[0]
    close(*(grad(rows.exp().sum(), [*large.parameters()]) for rows in both))


@pytest.mark.law("min(p, q) + (Σ p - α) residual = p, whatever q, in value and slope")
def test_kept_and_replaced_make_p():
    p, q = torch.randn(2, 4, 3, 5).softmax(-1)
    q[0, 0], slope = p[0, 0], torch.randn(4, 3, 5).index_fill(0, torch.tensor([0]), 0)
    _ = p.requires_grad_(), q.requires_grad_()  # at [0, 0] they are equal, so a slope is not asked
    both = torch.minimum(p, q) + (p.sum(-1) - sd.acceptance(p, q))[..., None] * sd.residual(p, q)
    close((both, *grad(both, (p, q), slope)), (p, slope, 0 * slope))
    close([(sd.greedy(p) * p).sum(-1), sd.residual(p / 9, q.flip(-1) + p)], [p.amax(-1), p])


@pytest.mark.worked("p = .2 .3 .5, q = .5 .25 .25: α = 0.7; at α = 0.8, γ = 2: 2.44 tokens a round")
def test_by_hand_and_refused():
    p, q, lacks = torch.tensor([[0.2, 0.3, 0.5], [0.5, 0.25, 0.25], [0, 1 / 6, 5 / 6]])
    close([sd.acceptance(p, q), sd.residual(p, q)], [torch.tensor(0.7), lacks])
    alpha, want = torch.tensor([[0.8], [1]], requires_grad=True), torch.tensor([[2.44], [3]])
    tokens, gain = sd.expected_tokens(alpha, gamma=2), sd.speedup(alpha, gamma=2, cost=0.1)
    slope = torch.tensor([[2.6], [3]]) / 1.2
    close((tokens, gain, *grad(gain.sum(), alpha)), (want, want / 1.2, slope))
    with pytest.raises(ValueError, match="gamma=0: a round needs a guess"):
        sd.speculate(*map(chain, torch.randn(2, 5, 5)), gamma=0)


def examples():
    (p, q), ids, alpha = torch.randn(2, 4, 7).softmax(-1), torch.randint(7, (4,)), torch.rand(6)
    (_, model), pair = reader(2), tuple(map(chain, torch.randn(2, 5, 5)))
    few = [(partial(one), (p, q)) for one in (sd.acceptance, sd.residual)]
    few += [(partial(trace, model), (ids, model.start(1))) for trace in (sd.one_call, sd.by_step)]
    few += [(partial(sd.verify), (ids, q, torch.rand(5, 7))), (partial(sd.greedy), (q,))]
    few += [(partial(go, gamma=4), pair) for go in (sd.speculate, partial(sd.generate, tokens=20))]
    formulas = sd.expected_tokens, partial(sd.speedup, cost=0.1)
    return few + [(partial(formula, gamma=4), (alpha,)) for formula in formulas]
