"""Hawk's recurrence against the released code in transformers, and the laws it must obey."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.func import functional_call
from torch.nn.functional import linear
from torch.testing import assert_close

from nexus.hybrid.hawk import (
    RGLRU,
    BlockDiagonal,
    Last,
    RecurrentBlock,
    complement,
    log_decay,
    rate_for,
)
from nexus.nn.backbone import state_bytes
from nexus.nn.recurrence import chunked, doubling, sequential

PLACES = torch.arange(7).expand(4, -1)


def block(**parts):
    """A block of 5 numbers, its recurrence of 6 in 2 heads; no bias is 0, so none is dropped."""
    mixer = RecurrentBlock(5, width=6, heads=2, **parts)
    for gate in (mixer.recur.to_r, mixer.recur.to_i):
        torch.nn.init.normal_(gate.bias)
    return mixer


def released(name, *layers):
    """A module of transformers, adding up in float64, as it can, not in float32."""
    gemma = pytest.importorskip("transformers.models.recurrent_gemma.modeling_recurrent_gemma")
    sizes = {"hidden_size": 5, "lru_width": 6, "num_attention_heads": 2}
    module = getattr(gemma, name)(gemma.RecurrentGemmaConfig(**sizes), *layers)
    unit = getattr(module, "rg_lru", module)
    unit._rnn_scan = partial(unit._rnn_scan, acc_dtype=torch.float64)
    return module


def renamed(module, **names):
    """Our weights in their shapes, under their names."""
    weights = {}
    for ours, theirs in names.items():
        for name, value in getattr(module, ours).named_parameters():
            weights[f"{theirs}{name}"] = value
    return weights


def gates(unit, prefix=""):
    weights = renamed(unit, to_r=f"{prefix}recurrent_gate_", to_i=f"{prefix}input_gate_")
    bias = {name: w.unflatten(0, (2, 3)) for name, w in weights.items() if name.endswith("bias")}
    return weights | bias | {f"{prefix}recurrent_param": unit.rate}


def test_the_recurrence_matches_recurrent_gemma(matches):
    ours, theirs = block().recur, released("RecurrentGemmaRglru")
    x = torch.randn(4, 7, 6, requires_grad=True)
    want = functional_call(theirs, gates(ours), (x, PLACES + 1))  # at place 0 theirs is another
    matches(type(theirs), ours(x), want, wrt=(x, *ours.parameters()))


def test_the_block_matches_recurrent_gemma(matches):
    ours, theirs = block(), released("RecurrentGemmaRecurrentBlock", 0)
    x = torch.randn(4, 7, 5, requires_grad=True)
    names = {"to_x": "linear_x.", "to_gate": "linear_y.", "to_out": "linear_out."}
    weights = renamed(ours, convolve="conv_1d.", **names) | gates(ours.recur, "rg_lru.")
    weights["conv_1d.weight"] = ours.convolve.weight[:, None]
    want, _ = functional_call(theirs, weights, (x, PLACES + 1, None, False))
    matches(type(theirs), ours(x), want, wrt=(x, *ours.parameters()))


@pytest.mark.law("the released code differs by its first token only, let in without √(1 - a²)")
def test_their_first_token_is_not_scaled():
    ours, theirs, x = block().recur, released("RecurrentGemmaRglru"), torch.randn(4, 7, 6)
    want = functional_call(theirs, gates(ours), (x, PLACES))
    log_a = log_decay(ours.rate, ours.to_r(x).sigmoid())
    extra = (1 - complement(log_a[:, 0])) * ours.to_i(x[:, 0]).sigmoid() * x[:, 0]
    left = (log_a.cumsum(1) - log_a[:, :1]).exp()
    assert extra.abs().max() > 0.1
    assert_close(ours(x) + left * extra[:, None], want)


@pytest.mark.law("a decay is between 0 and 1; its complement is √(1 - a²), to the last digit")
def test_decays():
    log_a = log_decay(torch.randn(6) * 3, torch.rand(4, 7, 6))
    assert 0 < log_a.exp().min() and log_a.exp().max() < 1
    assert_close(complement(log_a) ** 2, 1 - log_a.exp() ** 2)
    assert_close(complement(torch.tensor([-2e-20, 0.0])), torch.tensor([2e-10, 0.0]))


@pytest.mark.law("a closed recurrence gate holds the state exactly, and gradients stay finite")
def test_a_closed_gate_holds():
    unit, x, h = block().recur, torch.randn(4, 6, requires_grad=True), torch.randn(4, 6)
    torch.nn.init.constant_(unit.to_r.bias, -1000)
    out, state = unit.step(x, Last(h))
    assert out.equal(h) and state.h.equal(h)
    assert all(slope.isfinite().all() for slope in grad(out.sum(), (x, *unit.parameters())))


@pytest.mark.law("the squared weights of the tokens read sum to 1 - Π a², so |h| is bounded")
def test_the_state_is_bounded():
    unit, x = block().recur, torch.randn(4, 7, 6)
    log_a, gated = log_decay(unit.rate, unit.to_r(x).sigmoid()), unit.to_i(x).sigmoid() * x
    left = (log_a.sum(1, keepdim=True) - log_a.cumsum(1)).exp()  # of each token, at the end
    weights = left * complement(log_a)
    assert_close(weights.square().sum(1), 1 - (2 * log_a.sum(1)).exp())
    assert_close((weights * gated).sum(1), unit(x)[:, -1])
    assert (unit(x).abs() <= gated.square().cumsum(1).sqrt()).all()


@pytest.mark.law("causal: output t has no gradient to inputs after t")
def test_causal():
    x = torch.randn(1, 7, 5, requires_grad=True)
    (dx,) = grad(block()(x)[:, 3].sum(), x)
    assert dx[:, 4:].abs().max() == 0 and dx[:, :4].abs().min() > 0


@pytest.mark.law("whichever scan runs the recurrence, outputs and gradients are the same")
@pytest.mark.parametrize("scan", [sequential, doubling, partial(chunked, size=3)])
def test_scans_agree(scan):
    x, mixer, other = torch.randn(4, 7, 5, requires_grad=True), block(), block(scan=scan)
    other.load_state_dict(mixer.state_dict())
    assert other.recur.scan is scan and mixer.recur.scan is chunked
    assert_close(other(x), mixer(x))
    assert_close(grad(other(x).square().sum(), x), grad(mixer(x).square().sum(), x))


@pytest.mark.law("decoding token by token equals the full pass; the state stays at 4 w numbers")
def test_steps_equal_the_full_pass():
    mixer, x, outputs = block(), torch.randn(3, 9, 5, requires_grad=True), []
    state = mixer.start(3)
    for token in x.unbind(1):
        output, state = mixer.step(token, state)
        outputs.append(output)
        assert state_bytes(state) == 3 * 4 * 6 * 8  # appendix F.4.2
    steps, whole = torch.stack(outputs, 1), mixer(x)
    assert_close(steps, whole)
    assert_close(grad(steps.square().sum(), x), grad(whole.square().sum(), x))


@pytest.mark.law("a block-diagonal gate is a linear layer that is 0 off its blocks")
def test_block_diagonal():
    gate, x = BlockDiagonal(400, heads=4), torch.randn(3, 400)
    assert gate.bias.abs().max() == 0
    torch.nn.init.normal_(gate.bias)
    assert_close(gate(x), linear(x, torch.block_diag(*gate.weight.mT), gate.bias))
    assert abs(gate.weight.std().item() - 0.1) < 2e-3  # LeCun's: 1 / √100


@pytest.mark.worked("section 2.4: a^c begins uniform between 0.9 and 0.999; equation 6: a = σ(-Λ)")
def test_initial_decays():
    unit, places = RGLRU(20_000, heads=20_000), torch.linspace(0, 1, 5)
    decay = (-unit.rate).sigmoid() ** 8
    assert_close(decay.quantile(places), 0.9 + 0.099 * places, atol=2e-3, rtol=0)
    assert_close(log_decay(unit.rate, torch.ones_like(decay)).exp(), decay)


@pytest.mark.worked("two tokens by hand: decay 3/4 with the gate open, its root with r = 1/2")
def test_two_tokens():
    unit = RGLRU(1, heads=1)
    values = {"weight": [[[1.0]]], "bias": [0.0]}, rate_for(torch.tensor([0.75]))
    state = {f"to_r.{name}": torch.tensor(value) for name, value in values[0].items()}
    state |= {"to_i.weight": torch.zeros(1, 1, 1), "to_i.bias": torch.zeros(1)}
    unit.load_state_dict(state | {"rate": values[1]})
    h = unit(torch.tensor([[[100.0], [0.0]]])).flatten()  # r is 1, then 1/2; i is 1/2 twice
    assert_close(h, 50 * 7**0.5 / 4 * torch.tensor([1, 0.75**0.5]))


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="width=6 is not a multiple of heads=4"):
        RGLRU(6, heads=4)


def examples():
    x, gate = torch.randn(3, 7, 6), torch.rand(3, 7, 6)
    return [
        (partial(log_decay), (torch.randn(6), gate)),
        (partial(rate_for), (torch.linspace(0.9, 0.99, 6),)),
        (partial(complement), (-gate,)),
        (partial(BlockDiagonal, 6, heads=2), (x,)),
        (partial(RGLRU, 6, heads=2), (x,)),
        (partial(RecurrentBlock, 5, width=6, heads=2), (torch.randn(3, 7, 5),)),
    ]
