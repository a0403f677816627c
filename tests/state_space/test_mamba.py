"""Mamba against transformers' port of the authors' code, and the laws that it must obey."""

from functools import partial
from unittest.mock import Mock

import pytest
import torch
from torch.autograd import grad
from torch.func import functional_call
from torch.nn.functional import softplus
from torch.testing import assert_close

from nexus.nn.backbone import state_bytes
from nexus.nn.recurrence import chunked, doubling, sequential
from nexus.state_space.mamba import Mamba, selective_scan


def block(**parts):
    """A block of 3 numbers, 6 inside, 5 for each in the state; no two channels begin alike."""
    mixer = Mamba(3, state=5, rank=2, steps=(0.1, 0.1), **parts)
    for weight in (mixer.log_a, mixer.skip):
        torch.nn.init.normal_(weight)
    torch.nn.init.uniform_(mixer.to_delta.bias, -2, 1)  # steps from 0.1 to 1.3: h matters
    return mixer


def problem(n, *, batch=2):
    """The arguments of `selective_scan`, 3 channels with a state of 4, to differentiate by."""
    (x, step), (B, C) = torch.randn(2, batch, n, 3), torch.randn(2, batch, n, 4)
    A, D, start = -torch.rand(3, 4) - 0.1, torch.randn(3), torch.randn(batch, 3, 4)
    return [each.requires_grad_() for each in (x, softplus(step - 2), A, B, C, D, start)]


def test_the_block_matches_transformers(matches, monkeypatch):
    theirs = pytest.importorskip("transformers.models.mamba.modeling_mamba")
    sizes = {"hidden_size": 3, "state_size": 5, "conv_kernel": 4, "time_step_rank": 2}
    slow = theirs.MambaMixer(theirs.MambaConfig(**sizes), 0)
    mixer, x = block(), torch.randn(2, 7, 3, requires_grad=True)
    linears = (mixer.convolve, mixer.to_inner, mixer.select, mixer.to_delta, mixer.to_out)
    ours = [mixer.log_a, mixer.skip, *(w for part in linears for w in part.parameters())]
    weights = {n: w.view_as(p) for (n, p), w in zip(slow.named_parameters(), ours, strict=True)}
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # it would add up in float32
    matches(type(slow), mixer(x), functional_call(slow, weights, (x,)), wrt=(x, *ours))


def test_the_sizes_left_out_are_those_of_transformers():
    theirs = pytest.importorskip("transformers.models.mamba.modeling_mamba")
    both = theirs.MambaMixer(theirs.MambaConfig(hidden_size=40), 0), Mamba(40)  # ⌈40 / 16⌉ for Δ
    assert_close(*([sorted(w.numel() for w in each.parameters()) for each in both]))


@pytest.mark.law("sequential, doubling and chunked scans agree at lengths that fit no chunk")
@pytest.mark.parametrize("scan", [doubling, chunked, partial(chunked, size=100)])
@pytest.mark.parametrize("n", [1, 67, 4096 + 1])
def test_scans_agree(scan, n):
    given = problem(n, batch=1)
    (y, h), (other, last) = (selective_scan(*given, scan=each) for each in (sequential, scan))
    assert_close((other, last), (y, h))
    assert_close(*(grad(a.square().sum() + b.sum(), given) for a, b in ((y, h), (other, last))))


@pytest.mark.law("at 4,096 tokens in float32 the scans agree to 1e-5, and every gradient is finite")
def test_long_sequences_in_single_precision():
    given = [each.detach().float().requires_grad_() for each in problem(4096, batch=1)]
    y, *others = (selective_scan(*given, scan=each)[0] for each in (sequential, doubling, chunked))
    for other in others:
        assert (other - y).norm() < 1e-5 * y.norm()
        assert all(slope.isfinite().all() for slope in grad(other.square().sum(), given))


@pytest.mark.law("causal: token by token as all at once, from a state that stays at 8 e numbers")
def test_steps_equal_the_full_pass():
    scan, x, outputs = Mock(wraps=sequential), torch.randn(2, 9, 3), []
    mixer = block(scan=scan)
    state = mixer.start(2)
    for token in x.requires_grad_().unbind(1):
        output, state = mixer.step(token, state)
        outputs.append(output)
        assert state_bytes(state) == 2 * 6 * (5 + 4 - 1) * 8  # 5 of h, 3 of the window
    steps, whole = torch.stack(outputs, 1), mixer(x)
    assert scan.call_count == 10
    wrt = (x, *mixer.parameters())
    assert_close((steps, *grad(steps.sum(), wrt)), (whole, *grad(whole.sum(), wrt)))
    assert grad(mixer(x)[:, 3].sum(), x)[0][:, 4:].abs().max() == 0


@pytest.mark.law("theorem 1: at N = 1, A = -1, B = 1 it is a gate, (1 - g) h + g x, g = σ(z)")
def test_it_is_a_gated_rnn():
    x, z = torch.randn(2, 2, 7, 3)
    delta, one = softplus(z), torch.ones(2, 7, 1)
    held = -(-delta).expm1() / delta  # of zero-order hold over Euler's, 1 as Δ goes to 0
    zeros, A = torch.zeros(2, 3, 1), -torch.ones(3, 1)
    y, _ = selective_scan(held * x, delta, A, one, one, zeros[0, :, 0], zeros)
    g, want = z.sigmoid(), torch.zeros(2, 3)
    for t in range(7):
        want = (1 - g[:, t]) * want + g[:, t] * x[:, t]
        assert_close(y[:, t], want)


@pytest.mark.law("Δ = 0 holds the state to the last bit; a large Δ forgets it")
def test_the_step_selects():
    x, _, A, B, C, D, start = (each.detach() for each in problem(7))
    assert selective_scan(x, 0 * x, A, B, C, D, start)[1].equal(start)
    _, h = selective_scan(x, 0 * x + 1e4, A, B, C, D, start)
    assert_close(h, 1e4 * x[:, -1, :, None] * B[:, -1:])


@pytest.mark.law("if every token gives the same Δ, B and C, it is a convolution (equation 3)")
def test_without_selection_it_is_a_convolution():
    x, delta, A, B, C, D, start = (each.detach() for each in problem(7))
    delta, B, C = (each[:1, :1].expand(2, 7, -1) for each in (delta, B, C))
    y, _ = selective_scan(x, delta, A, B, C, D, 0 * start)
    past = torch.arange(7)[:, None, None]
    kernel = ((past * delta[0, 0, :, None] * A).exp() * B[0, 0] * C[0, 0]).sum(-1) * delta[0, 0]
    for t in range(7):
        assert_close(y[:, t], (kernel[: t + 1].flip(0) * x[:, : t + 1]).sum(1) + D * x[:, t])


@pytest.mark.worked("two tokens by hand: A = (-1, -2), Δ = ln 2, ln 3; y = 5/9 ln 2 + 4 ln 3 + 20")
def test_two_tokens():
    x, delta = torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[2.0], [3.0]]]).log()
    B, C = torch.tensor([[[1.0, 1.0], [0.0, 1.0]]]), torch.tensor([[[3.0, 4.0], [1.0, 2.0]]])
    A, D = torch.tensor([[-1.0, -2.0]]), torch.tensor([10.0])
    y, h = selective_scan(x, delta, A, B, C, D, torch.zeros(1, 1, 2))
    two, three = torch.tensor([2.0, 3.0]).log()
    assert_close(h[0, 0], torch.stack([two / 3, two / 9 + 2 * three]))
    assert_close(y[0, :, 0], torch.stack([7 * two + 10, 5 / 9 * two + 4 * three + 20]))


@pytest.mark.worked("A begins at -1 to -N (S4D-Real), D at 1, Δ log-uniform in `steps`")
def test_how_it_begins():
    places, wide = torch.linspace(0, 1, 5), partial(Mamba, 1, expand=20_000, state=5)
    for mixer, low in ((wide(steps=(0.01, 1.0)), -2), (wide(), -3)):
        delta = softplus(mixer.to_delta.bias)
        assert_close(delta.log10().quantile(places), 2 * places + low, atol=0.03, rtol=0)
        assert_close(-mixer.log_a.exp(), -torch.arange(1.0, 6).expand(20_000, 5))
        assert mixer.skip.equal(torch.ones(20_000))


@pytest.mark.parametrize("steps", [(0.0, 0.1), (0.1, 0.001)])
def test_impossible_steps_are_refused(steps):
    with pytest.raises(ValueError, match=rf"steps=\({steps[0]}, {steps[1]}\) must be positive"):
        Mamba(3, steps=steps)


def examples():
    return [
        (partial(selective_scan), tuple(problem(7))),
        (partial(Mamba, 3, state=5), (torch.randn(2, 7, 3),)),
    ]
