"""Both forms against torch, Llama and Gemma, and what the norm does not see."""

from functools import partial

import pytest
import torch
from torch.testing import assert_close

from nexus.components.normalization.rmsnorm import RMSNorm, UnitOffsetRMSNorm, rms_normalized

FORMS = pytest.mark.parametrize("form", [RMSNorm, UnitOffsetRMSNorm])


def drawn(form, dim=7, **options):
    norm = form(dim, **options)
    norm.weight.data = torch.randn(dim)
    return norm


def test_matches_torch(matches):
    x, ours = torch.randn(3, 5, 7, requires_grad=True), drawn(RMSNorm, eps=0.3)
    theirs = torch.nn.RMSNorm(7, eps=0.3)
    theirs.weight = ours.weight
    matches(torch.nn.RMSNorm, ours(x), theirs(x), wrt=(x, ours.weight))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name, form", [("llama", RMSNorm), ("gemma", UnitOffsetRMSNorm)])
def test_llama_and_gemma_to_the_bit(name, form, dtype, matches):
    hf = pytest.importorskip(f"transformers.models.{name}.modeling_{name}")
    ours = drawn(form, eps=0.3).to(dtype)
    oracle = getattr(hf, f"{name.title()}RMSNorm")
    theirs = oracle(7, eps=0.3)
    theirs.weight = ours.weight
    x = torch.randn(300, 7, dtype=dtype, requires_grad=True)
    matches(oracle, ours(x), theirs(x), wrt=(x, ours.weight))
    assert_close(ours(x), theirs(x), rtol=0, atol=0)
    got, want = (torch.autograd.grad(f(x).sum(), (x, ours.weight)) for f in (ours, theirs))
    assert_close(got, want, rtol=0, atol=0)


@pytest.mark.law("re-scaling: a vector times any positive number comes out the same")
@FORMS
def test_scale(form):
    x, norm = torch.randn(3, 5, 7), drawn(form, eps=0.0)
    assert_close(norm(1e4 * x), norm(x))
    assert_close(norm(-x), -norm(x))


@pytest.mark.law("the gradient has no part along the input, since its length changes nothing")
def test_gradient_is_orthogonal():
    x, norm = torch.randn(5, 7, requires_grad=True), drawn(RMSNorm, eps=0.0)
    (grad,) = torch.autograd.grad((norm(x) * torch.randn(5, 7)).sum(), x)
    assert grad.abs().min() > 1e-4
    assert_close((grad * x).sum(-1), torch.zeros(5))


@pytest.mark.law("an input 10 times as long gets a gradient 10 times as small")
@FORMS
def test_gradient_shrinks_with_length(form):
    x, norm, direction = torch.randn(5, 7), drawn(form, eps=0.0), torch.randn(5, 7)
    near, far = (
        torch.autograd.grad((norm(z) * direction).sum(), z)[0]
        for z in (x.requires_grad_(), (10 * x).detach().requires_grad_())
    )
    assert_close(10 * far, near)


@pytest.mark.law("on a vector whose mean is zero it is LayerNorm, and on no other")
def test_layer_norm():
    x = torch.randn(3, 5, 7) + 1
    centred = x - x.mean(-1, keepdim=True)
    want = torch.nn.functional.layer_norm(x, (7,), eps=0.3)
    assert_close(rms_normalized(centred, 0.3), want)
    assert (rms_normalized(x, 0.3) - want).abs().max() > 0.1


@pytest.mark.law("statistics in float32: in float16, 300 has no square, and comes out as 1")
@FORMS
def test_half_precision(form):
    got = form(7)(torch.full((3, 7), 300.0, dtype=torch.float16))
    assert_close(got, torch.ones(3, 7, dtype=got.dtype), check_dtype=False, rtol=1e-3, atol=0)


@pytest.mark.worked("by hand: (1, 7) has mean square 25, so it becomes (1/5, 7/5)")
@FORMS
def test_by_hand(form):
    x = torch.tensor([1.0, 7.0])
    assert_close(form(2, eps=0.0)(x), torch.tensor([0.2, 1.4]))
    assert_close(rms_normalized(x, 11.0), x / 6)  # the epsilon stands under the root
    assert_close(form(2)(x), x / (25 + 1e-6) ** 0.5, rtol=1e-12, atol=0)
    assert not form(2)(0 * x).any()


def examples():
    x = torch.randn(3, 5, 7)
    return [
        (partial(rms_normalized, eps=1e-6), (x,)),
        (partial(RMSNorm, 7), (x,)),
        (partial(UnitOffsetRMSNorm, 7), (x,)),
    ]
