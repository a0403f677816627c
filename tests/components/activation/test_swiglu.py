"""The gated layer against Llama's, the family it belongs to, and the width that pays for it."""

from functools import partial

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from nexus.components.activation.swiglu import SwiGLU, hidden_width

WEIGHTS = [("gate", "gate_proj"), ("up", "up_proj"), ("down", "down_proj")]


@pytest.mark.parametrize("name, act", [("silu", F.silu), ("gelu", F.gelu), ("relu", F.relu)])
def test_matches_llama(name, act, matches):
    hf = pytest.importorskip("transformers.models.llama.modeling_llama")
    sizes = {"hidden_size": 6, "intermediate_size": 11, "num_attention_heads": 1}
    config = hf.LlamaConfig(**sizes, hidden_act=name)
    theirs, ours = hf.LlamaMLP(config), SwiGLU(6, 11, activation=act)
    for own, other in WEIGHTS:
        getattr(theirs, other).weight = getattr(ours, own).weight
    x = torch.randn(3, 5, 6, requires_grad=True)
    matches(hf.LlamaMLP, ours(x), theirs(x), wrt=(x, *ours.parameters()))


def test_matches_gemma(matches):
    hf = pytest.importorskip("transformers.models.gemma.modeling_gemma")
    theirs = hf.GemmaMLP(hf.GemmaConfig(hidden_size=6, intermediate_size=11))
    ours = SwiGLU(6, 11, activation=partial(F.gelu, approximate="tanh"))
    for own, other in WEIGHTS:
        getattr(theirs, other).weight = getattr(ours, own).weight
    x = torch.randn(3, 5, 6, requires_grad=True)
    matches(hf.GemmaMLP, ours(x), theirs(x), wrt=(x, *ours.parameters()))


@pytest.mark.law("with sigmoid as activation it is torch's glu between two linear maps")
def test_glu():
    x, ffn = torch.randn(3, 5, 7), SwiGLU(7, 11, activation=torch.sigmoid)
    both = torch.cat([ffn.up(x), ffn.gate(x)], -1)  # torch gates with the second half
    assert_close(ffn(x), ffn.down(F.glu(both)))


@pytest.mark.law("bilinear: without an activation, twice the input gives four times the output")
def test_bilinear():
    x, ffn, gated = torch.randn(3, 5, 7), SwiGLU(7, 11, activation=lambda z: z), SwiGLU(7, 11)
    assert_close(ffn(2 * x), 4 * ffn(x))
    assert (gated(2 * x) - 4 * gated(x)).abs().max() > 1e-3


@pytest.mark.law("a gate less the opposite gate is the bilinear layer: SiLU(z) - SiLU(-z) = z")
def test_opposite_gates():
    x, ffn, other = torch.randn(3, 5, 7), SwiGLU(7, 11), SwiGLU(7, 11)
    other.load_state_dict(ffn.state_dict() | {"gate.weight": -ffn.gate.weight})
    assert_close(ffn(x) - other(x), ffn.down(ffn.gate(x) * ffn.up(x)))


@pytest.mark.law("of small inputs it is half the bilinear layer, of large ones ReGLU")
def test_limits():
    x, ffn, rectified = torch.randn(3, 5, 7), SwiGLU(7, 11), SwiGLU(7, 11, activation=F.relu)
    rectified.load_state_dict(ffn.state_dict())
    assert_close(ffn(1e-8 * x) / 1e-16, ffn.down(ffn.gate(x) * ffn.up(x)) / 2)
    assert_close(ffn(1e6 * x) / 1e12, rectified(x), atol=1e-10, rtol=0)


@pytest.mark.law("the parameters are those of a plain layer of width 4d, when 3 divides 8d")
def test_parameters():
    ffn = SwiGLU(12, hidden_width(12, multiple=1))
    assert sum(w.numel() for w in ffn.parameters()) == 2 * 12 * 48


@pytest.mark.worked("by hand: gate 2, up 3, down 5 take 1 to 5 · 3 · 2σ(2) = 26.4239")
def test_by_hand():
    ffn = SwiGLU(1, 1)
    for part, weight in zip((ffn.gate, ffn.up, ffn.down), (2.0, 3.0, 5.0), strict=True):
        part.weight.data.fill_(weight)
    assert_close(ffn(torch.ones(1)), torch.tensor([26.4239]), rtol=0, atol=5e-5)


@pytest.mark.worked("two hidden units multiply two numbers exactly: 3 · 5 = 15")
def test_product():
    ffn, weights = SwiGLU(2, 2), ([[1, 0], [-1, 0]], [[0, 1], [0, 1]], [[1, -1], [0, 0]])
    for part, weight in zip((ffn.gate, ffn.up, ffn.down), weights, strict=True):
        part.weight.data = torch.tensor(weight, dtype=torch.float64)
    assert_close(ffn(torch.tensor([3.0, 5.0])), torch.tensor([15.0, 0.0]))


@pytest.mark.worked("Llama 7B, width 4096: 10,922 rounded up to 11,008; Llama 3 8B: 14,336")
def test_widths():
    assert hidden_width(4096) == 11008
    assert hidden_width(4096, multiple=1024, factor=1.3) == 14336
    assert hidden_width(4096, multiple=1) == 10922
    assert hidden_width(96) == 256  # already a multiple
    assert hidden_width(1, multiple=1) == 2
    assert hidden_width(3, multiple=1, factor=0.5) == 4
    assert hidden_width(1, multiple=1, factor=1.5) == 3  # 1.5 · 2, not 1.5 · 8/3 = 4


@pytest.mark.parametrize("wrong", [{"dim": 0}, {"multiple": 0}, {"factor": 0.0}, {"factor": -1.0}])
def test_refused(wrong):
    given = {"dim": 8, "multiple": 4, "factor": 1.0} | wrong
    text = "no width from dim={dim}, multiple={multiple}, factor={factor}".format(**given)
    with pytest.raises(ValueError, match=f"^{text}$"):
        hidden_width(**given)


def examples():
    return [
        (partial(SwiGLU, 7, 11), (torch.randn(3, 5, 7),)),
        (partial(hidden_width, 12), ()),
    ]
