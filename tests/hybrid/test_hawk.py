"""Hawk's recurrence against the released code in transformers, and the laws it must obey."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.func import functional_call
from torch.testing import assert_close

from nexus.hybrid import hawk
from nexus.nn.backbone import state_bytes
from nexus.nn.recurrence import chunked, doubling, sequential

PLACES = torch.arange(7).expand(4, -1)


def block(**parts):
    """A block of 5 numbers, its recurrence of 6 in 2 heads; no bias is 0, so none is dropped."""
    mixer = hawk.RecurrentBlock(5, width=6, heads=2, **parts)
    for gate in (mixer.recur.to_r, mixer.recur.to_i):
        torch.nn.init.normal_(gate.bias)
    return mixer


def released(mixer):
    """The block of transformers, adding up in float64, and our weights under its names."""
    gemma = pytest.importorskip("transformers.models.recurrent_gemma.modeling_recurrent_gemma")
    config = gemma.RecurrentGemmaConfig(hidden_size=5, lru_width=6, num_attention_heads=2)
    theirs = gemma.RecurrentGemmaRecurrentBlock(config, 0)
    theirs.rg_lru._rnn_scan = partial(theirs.rg_lru._rnn_scan, acc_dtype=torch.float64)
    unit, linears = mixer.recur, (mixer.to_gate, mixer.to_x, mixer.to_out, mixer.convolve)
    ours = [w for part in linears for w in part.parameters()]  # in the order of their names
    ours += [unit.rate, *unit.to_i.parameters(), *unit.to_r.parameters()]
    named = zip(theirs.named_parameters(), ours, strict=True)
    return theirs, {name: w.reshape_as(like) for (name, like), w in named}


def recurrence(theirs, weights, *inputs):
    own = {name.removeprefix("rg_lru."): w for name, w in weights.items() if "rg_lru." in name}
    return functional_call(theirs.rg_lru, own, inputs)


def test_the_recurrence_matches_recurrent_gemma(matches):
    mixer, x = block(), torch.randn(4, 7, 6, requires_grad=True)
    theirs, weights = released(mixer)
    want = recurrence(theirs, weights, x, PLACES + 1)  # at place 0 theirs is another
    matches(type(theirs.rg_lru), mixer.recur(x), want, wrt=(x, *mixer.recur.parameters()))


def test_the_block_matches_recurrent_gemma(matches):
    mixer, x = block(), torch.randn(4, 7, 5, requires_grad=True)
    theirs, weights = released(mixer)
    want, _ = functional_call(theirs, weights, (x, PLACES + 1, None, False))
    matches(type(theirs), mixer(x), want, wrt=(x, *mixer.parameters()))


@pytest.mark.law("the released code differs by its first token only, let in without √(1 - a²)")
def test_their_first_token_is_not_scaled():
    mixer, x = block(), torch.randn(4, 7, 6)
    want = recurrence(*released(mixer), x, PLACES)
    log_a = hawk.log_decay(mixer.recur.rate, mixer.recur.to_r(x).sigmoid())
    extra = (1 - hawk.complement(log_a[:, :1])) * mixer.recur.to_i(x[:, :1]).sigmoid() * x[:, :1]
    assert extra.abs().max() > 0.1
    assert_close(mixer.recur(x) + (log_a.cumsum(1) - log_a[:, :1]).exp() * extra, want)


@pytest.mark.law("decays are between 0 and 1, and √(1 - a²) is exact where a is near 1")
def test_decays():
    log_a = hawk.log_decay(torch.randn(6) * 3, torch.rand(4, 7, 6))
    assert 0 < log_a.exp().min() and log_a.exp().max() < 1
    assert_close(hawk.complement(torch.tensor([-2e-20])), torch.tensor([2e-10]), atol=0, rtol=1e-9)


@pytest.mark.law("a closed recurrence gate holds the state exactly, and gradients stay finite")
def test_a_closed_gate_holds():
    unit, x, h = block().recur, torch.randn(4, 6, requires_grad=True), torch.randn(4, 6)
    torch.nn.init.constant_(unit.to_r.bias, -1000)
    out, state = unit.step(x, hawk.Last(h))
    assert out.equal(h) and state.h.equal(h)
    assert all(slope.isfinite().all() for slope in grad(out.sum(), (x, *unit.parameters())))


@pytest.mark.law("the squared weights of the tokens read sum to 1 - Π a², so |h| is bounded")
def test_the_state_is_bounded():
    unit, x = block().recur, torch.randn(4, 7, 6)
    log_a, gated = hawk.log_decay(unit.rate, unit.to_r(x).sigmoid()), unit.to_i(x).sigmoid() * x
    left = (log_a.sum(1, keepdim=True) - log_a.cumsum(1)).exp()  # of each token, at the end
    weights = left * hawk.complement(log_a)
    assert_close(weights.square().sum(1), 1 - (2 * log_a.sum(1)).exp())
    assert_close((weights * gated).sum(1), unit(x)[:, -1])
    assert (unit(x).abs() <= gated.square().cumsum(1).sqrt()).all()


@pytest.mark.law("whichever scan runs the recurrence, outputs and gradients are the same")
@pytest.mark.parametrize("scan", [sequential, doubling, partial(chunked, size=3)])
def test_scans_agree(scan):
    x, mixer, other = torch.randn(4, 7, 5, requires_grad=True), block(), block(scan=scan)
    other.load_state_dict(mixer.state_dict())
    assert other.recur.scan is scan and mixer.recur.scan is chunked
    assert_close(other(x), mixer(x))
    assert_close(grad(other(x).square().sum(), x), grad(mixer(x).square().sum(), x))


@pytest.mark.law("causal: token by token as all at once, from a state that stays at 4 w numbers")
def test_steps_equal_the_full_pass():
    mixer, x, outputs = block(), torch.randn(3, 9, 5, requires_grad=True), []
    state = mixer.start(3)
    for token in x.unbind(1):
        output, state = mixer.step(token, state)
        outputs.append(output)
        assert state_bytes(state) == 3 * 4 * 6 * 8  # appendix F.4.2
    steps, whole = torch.stack(outputs, 1), mixer(x)
    assert_close((steps, *grad(steps.square().sum(), x)), (whole, *grad(whole.square().sum(), x)))
    assert grad(mixer(x)[:, 3].sum(), x)[0][:, 4:].abs().max() == 0


@pytest.mark.worked("section 2.4: a^c begins uniform between 0.9 and 0.999; equation 6: a = σ(-Λ)")
def test_how_it_begins():
    unit, places = hawk.RGLRU(20_000, heads=200), torch.linspace(0, 1, 5)
    decay = (-unit.rate).sigmoid() ** 8
    assert_close(decay.quantile(places), 0.9 + 0.099 * places, atol=2e-3, rtol=0)
    assert abs(unit.to_r.weight.std().item() - 0.1) < 1e-3  # LeCun's: 1 / √100
    assert unit.to_r.bias.abs().max() == 0


@pytest.mark.worked("two tokens by hand: decay 3/4 with the gate open, its root with r = 1/2")
def test_two_tokens():
    unit = hawk.RGLRU(1, heads=1)
    unit.to_r.weight.data[:], unit.to_i.weight.data[:] = 1, 0
    unit.rate.data = hawk.rate_for(torch.tensor([0.75]))
    h = unit(torch.tensor([[[100.0], [0.0]]])).flatten()  # r is 1, then 1/2; i is 1/2 twice
    assert_close(h, 50 * 7**0.5 / 4 * torch.tensor([1, 0.75**0.5]))


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="width=6 is not a multiple of heads=4"):
        hawk.RGLRU(6, heads=4)


def examples():
    x, gate = torch.randn(3, 7, 6), torch.rand(3, 7, 6)
    return [
        (partial(hawk.log_decay), (torch.randn(6), gate)),
        (partial(hawk.rate_for), (torch.linspace(0.9, 0.99, 6),)),
        (partial(hawk.complement), (-gate,)),
        (partial(hawk.BlockDiagonal, 6, heads=2), (x,)),
        (partial(hawk.RGLRU, 6, heads=2), (x,)),
        (partial(hawk.RecurrentBlock, 5, width=6, heads=2), (torch.randn(3, 7, 5),)),
    ]
