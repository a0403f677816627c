"""S4D: its parts against torch.linalg and conv1d, the whole against its equations, and its laws."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.nn.functional import conv1d, gelu, glu
from torch.testing import assert_close

from nexus.nn.recurrence import chunked
from nexus.state_space import s4d

RULES = pytest.mark.parametrize("rule", [s4d.zero_order_hold, s4d.bilinear])


def two_channels():
    poles = torch.complex(-torch.rand(2, 3) - 0.1, torch.randn(2, 3))
    parts = poles, torch.rand(2, 1) + 0.1, torch.randn(2, 3, dtype=poles.dtype)
    return tuple(part.requires_grad_() for part in parts)


def test_a_held_kernel_matches_the_matrix_exponential(matches):
    poles, step, readout = parts = two_channels()
    rows = torch.stack([poles, torch.ones_like(poles)], -1) * step[..., None]
    block = torch.stack([rows, torch.zeros_like(rows)], -2).matrix_exp()  # Ā B̄, 0 1
    powers = torch.linalg.vander(block[..., 0, 0], N=7)  # d s m
    theirs = 2 * torch.einsum("ds, ds, dsm -> md", readout, block[..., 0, 1], powers).real
    ours = s4d.kernel(s4d.System(*s4d.zero_order_hold(poles, step), readout), 7)
    matches(torch.matrix_exp, ours, theirs, wrt=parts)


@pytest.mark.parametrize("b,n,m,d", [(70, 6, 9, 80), (2, 5, 4, 3), (2, 99, 99, 3), (2, 333, 9, 3)])
def test_the_convolution_matches_conv1d(matches, b, n, m, d):
    x, w = torch.randn(b, n, d, requires_grad=True), torch.randn(m, d, requires_grad=True)
    theirs = conv1d(x.mT, w.T.flip(1)[:, None], padding=m - 1, groups=d)[..., :n].mT
    matches(conv1d, s4d.convolve(x, w), theirs, wrt=(x, w))


def test_legs_matches_the_eigenvalues_of_hippo(matches):
    pairs = torch.outer(*[torch.arange(1.0, 21, 2).sqrt()] * 2)
    values = torch.linalg.eigvals(torch.arange(10.0).diag() - pairs.tril() + pairs / 2)
    theirs = values[values.imag.argsort(descending=True)][:5]
    matches(torch.linalg.eigvals, s4d.s4d_legs(10), theirs, wrt=None)


def layer(bilinear, x, log_step, log_rate, frequency, drive, readout, skip, weight, bias):
    """h' = Ah + Bx with all N poles, held or by trapezoids; y = Ch + Dx; glu(W gelu(y) + w)."""
    pairs = ((-log_rate.exp(), frequency), drive, readout)
    A, B, C = (torch.cat([re + 1j * im, re - 1j * im], 1) for re, im in pairs)
    half, h, outputs = log_step.exp()[:, None] / 2, 0, []
    decay = (1 + half * A) / (1 - half * A) if bilinear else (2 * half * A).exp()
    held = 2 * half / (1 - half * A) if bilinear else (decay - 1) / A
    for token in x.unbind(1):
        h = decay * h + held * B * token[..., None]
        outputs.append((C * h).sum(2).real + skip * token)
    return glu(gelu(torch.stack(outputs, 1)) @ weight.T + bias)


@RULES
def test_the_layer_is_the_papers_equations(transcribed, rule):
    mixer, x = s4d.S4D(3, state=8, discretize=rule), torch.randn(2, 70, 3, requires_grad=True)
    mixer.drive.data += torch.randn(2, 3, 4)
    theirs = layer(rule is s4d.bilinear, x, *mixer.parameters())
    transcribed(layer, mixer(x), theirs, wrt=(x, *mixer.parameters()))


@pytest.mark.law("at 4,096 places kernel and recurrence are one, and so are their gradients")
@RULES
def test_kernel_equals_recurrence(rule):
    mixer, x = s4d.S4D(2, state=6, discretize=rule), torch.randn(1, 4096, 2)
    sys, w = mixer.system(), tuple(mixer.parameters())[:5]
    first, memory = s4d.recur(sys, x[:, :999], mixer.start(1), scan=chunked)
    rest, _ = s4d.recur(sys, x[:, 999:], memory)
    both = s4d.convolve(x, s4d.kernel(sys, 4096)), torch.cat([first, rest], 1)
    assert_close(*((y, *grad(y, w, x.flip(1), retain_graph=True)) for y in both))


@pytest.mark.law("causal to the last bit at any length: huge later inputs change nothing before")
@pytest.mark.parametrize("t", [1, 40, 74, 75, 76, 149])
def test_nothing_comes_from_later(t):
    x, w = torch.randn(2, 150, 3, requires_grad=True), torch.randn(150, 3)
    later = torch.cat([x[:, :t], 1e30 * torch.randn(2, 150 - t, 3)], 1)
    assert s4d.convolve(later, w)[:, :t].equal(s4d.convolve(x, w)[:, :t])
    assert grad(s4d.convolve(x, w)[:, t - 1].sum(), x)[0][:, t:].count_nonzero() == 0


@pytest.mark.law("token by token as all at once, from a memory of N/2 complex numbers a channel")
def test_steps_equal_the_full_pass():
    mixer, x = s4d.S4D(3, state=8), torch.randn(2, 70, 3, requires_grad=True)
    state, outputs = mixer.start(2), []
    for token in x.unbind(1):
        output, state = mixer.step(token, state)
        outputs.append(output)
        assert state.h.nbytes == 2 * 3 * 4 * 16
    steps, whole = torch.stack(outputs, 1), mixer(x)
    assert_close((steps, *grad(steps.square().sum(), x)), (whole, *grad(whole.square().sum(), x)))


@pytest.mark.law("whatever is learned, every pole decays; where ΔA is small, B̄ keeps its digits")
@RULES
def test_it_stays_stable(rule):
    mixer = s4d.S4D(5, state=8, discretize=rule)
    for weight in (mixer.log_step, mixer.log_rate, mixer.frequency):
        torch.nn.init.normal_(weight, std=2)
    assert mixer.system().decay.abs().max() < 1
    z, step = torch.tensor([-5e-10 + 3e-9j]), torch.tensor([1e-9])
    assert_close(rule(z / step, step)[1], step * (1 + z / 2), rtol=1e-14, atol=0)


@pytest.mark.worked("by hand: pitches 0, π, 2π of Lin with N = 6; 12/π, 4/(3π) of Inv with N = 4")
def test_starts():
    at = partial(torch.complex, torch.tensor([-0.5]))
    assert_close(s4d.s4d_lin(6), at(torch.tensor([0, torch.pi, 2 * torch.pi])))
    assert_close(s4d.s4d_inv(4), at(torch.tensor([12 / torch.pi, 4 / (3 * torch.pi)])))


@pytest.mark.worked("32 poles, log Δ uniform from log 0.001 to log 0.1, |C|² and D² 1 on average")
def test_how_it_begins():
    mixer = s4d.S4D(2000)
    steps = mixer.log_step.exp().log10().sort().values
    assert (steps - torch.linspace(-3, -1, 2000)).abs().max() < 0.1
    assert_close(-mixer.log_rate.exp() + 1j * mixer.frequency, s4d.s4d_lin(64).expand(2000, 32))
    assert torch.complex(*mixer.drive).eq(1).all()
    assert mixer.system().readout.equal(torch.complex(*mixer.readout))
    assert abs(mixer.readout.var() - 0.5) < 0.02 and abs(mixer.skip.var() - 1) < 0.1


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="state=7 is odd; poles come in conjugate pairs"):
        s4d.S4D(3, state=7)
    poles = torch.tensor([[-1 + 1j], [-0.5 - 2j], [0j]])
    for worst in (0.0, 2.0):
        with pytest.raises(ValueError, match=f"init gave a pole at {worst}: it must decay"):
            s4d.S4D(3, state=8, init=lambda state, worst=worst: poles + worst)
    mixer = s4d.S4D(3, state=8, init=lambda state: poles - state)  # a channel, a pole of its own
    assert_close(torch.complex(-mixer.log_rate.exp(), mixer.frequency), poles - 8)


def examples():
    (poles, step, _), x = two_channels(), torch.randn(4, 7, 2)
    system = s4d.System(*torch.randn(3, 2, 3) + 0.5j)
    return [
        *((partial(start, 8), ()) for start in (s4d.s4d_lin, s4d.s4d_inv, s4d.s4d_legs)),
        *((partial(rule), (poles, step)) for rule in (s4d.zero_order_hold, s4d.bilinear)),
        (partial(s4d.kernel, length=7), (system,)),
        (partial(s4d.convolve), (x, torch.randn(9, 2))),
        (partial(s4d.recur), (system, x, s4d.Memory(torch.randn(4, 2, 3) + 0j))),
        (partial(s4d.S4D, 2, state=8), (x,)),
    ]
