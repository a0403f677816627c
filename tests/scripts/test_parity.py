"""`matches` and `transcribed` refuse whatever would prove nothing."""

import functools
import math
import sys
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nexus.nn.masks
from nexus.attention.multi_head_attention import attention
from nexus.nn.masks import causal


class Ours:
    def method(self):
        pass


@functools.wraps(torch.sigmoid)
def disguised(x):
    return x


@pytest.fixture
def x():
    return torch.randn(3, requires_grad=True)


@pytest.fixture
def recorded(request):
    """What a parity test would leave behind."""
    return lambda: [value for _, value in request.node.user_properties if "relative_error" in value]


def twice(x):
    return x + x


@pytest.mark.parametrize(
    "oracle, name, distribution",
    [
        (torch.exp, "torch.exp", "torch"),
        (torch.Tensor.exp, "torch.Tensor.exp", "torch"),
        (torch.ones(2).exp, "torch.Tensor.exp", "torch"),
        (F.softmax, "torch.nn.functional.softmax", "torch"),
        (F.gelu, "torch.nn.functional.gelu", "torch"),
        (
            F.scaled_dot_product_attention,
            "torch.nn.functional.scaled_dot_product_attention",
            "torch",
        ),
        (torch.special.expit, "torch.special.expit", "torch"),
        (torch.linalg.svd, "torch.linalg.svd", "torch"),
        (nn.MultiheadAttention, "torch.nn.MultiheadAttention", "torch"),
        (nn.Linear(2, 3), "torch.nn.Linear", "torch"),
        (nn.Linear(2, 3).forward, "torch.nn.Linear.forward", "torch"),
        (functools.partial(F.softmax, dim=0), "torch.nn.functional.softmax", "torch"),
        (torch.optim.Adam.step, "torch.optim.Adam.step", "torch"),
        (np.linalg.svd, "numpy.linalg.svd", "numpy"),
        (np.add, "numpy.add", "numpy"),
        (math.fsum, "math.fsum", "python"),
        (sum, "builtins.sum", "python"),
    ],
)
def test_name_and_version_are_read_from_the_oracle(
    matches, recorded, x, oracle, name, distribution
):
    matches(oracle, 2 * x, x + x, wrt=(x,))
    (found,) = recorded()
    assert (found["oracle"], found["distribution"]) == (name, distribution)
    assert found["version"][0].isdigit() and "+" not in found["version"]


@pytest.mark.parametrize(
    "oracle",
    [attention, causal, twice, disguised, Ours, Ours(), Ours().method, lambda x: x],
)
def test_an_oracle_is_somebody_elses(matches, x, oracle):
    with pytest.raises(AssertionError, match="somebody else's"):
        matches(oracle, 2 * x, x + x, wrt=(x,))


def test_an_oracle_comes_with_one_distribution(matches, monkeypatch, x):
    stranger = types.ModuleType("nobodys")
    exec("def add(x, y):\n    return x + y", stranger.__dict__)
    monkeypatch.setitem(sys.modules, "nobodys", stranger)
    with pytest.raises(AssertionError, match="nobodys comes from no distribution"):
        matches(stranger.add, 2 * x, x + x, wrt=(x,))


def test_the_worst_relative_error_of_values_and_gradients_is_recorded(matches, recorded, x):
    y = torch.randn(5, requires_grad=True)
    off = y.detach() + (1 + 3e-8) * (y - y.detach())  # y in value, not quite in gradient
    matches(torch.add, 2 * x * y.sum(), (x + x) * off.sum(), wrt=(x, y))
    matches(torch.add, 1e-12 * x.detach(), x.detach() * 1e-12 * (1 + 2e-9), wrt=None)
    first, second = recorded()
    assert first["relative_error"] == pytest.approx(3e-8, rel=1e-3) and first["gradients"] == 2
    assert second["relative_error"] == pytest.approx(2e-9, rel=1e-3) and second["gradients"] == 0
    assert (first["shape"], first["dtype"]) == ("3", "float64")


def test_small_numbers_are_compared_by_their_own_size(matches, x):
    tiny = 1e-9 * x.detach()
    with pytest.raises(AssertionError, match="the result: "):
        matches(torch.add, tiny, tiny * 1.001, wrt=None)
    y = torch.randn(3, requires_grad=True)
    with pytest.raises(AssertionError, match="the gradient 1: "):
        matches(torch.add, x + 1e-9 * y, x + 1.001e-9 * y, wrt=(x, y))


def test_what_is_discrete_must_be_equal(matches, recorded):
    whole = torch.tensor([10**9, 2])
    matches(torch.add, whole, whole.clone(), wrt=None)
    assert recorded()[0]["relative_error"] == 0
    with pytest.raises(AssertionError):
        matches(torch.add, whole, whole + 1, wrt=None)


REFUSED = {
    "zero": (lambda x: (0 * x, 0 * x * 1), "the result is zero everywhere"),
    "no gradient flows": (lambda x: (0 * x + 1, 1 + x * 0), "the gradient 0 is zero everywhere"),
    "nan": (lambda x: (2 * x + math.nan, x + x + math.nan), "the result is not finite"),
    "inf": (lambda x: (2 * x + math.inf, x + x + math.inf), "the result is not finite"),
    "gradient": (lambda x: ((x - x).sqrt() + 2, (x - x).sqrt() + 2), "gradient 0 is not finite"),
    "detached": (lambda x: (2 * x, (x + x).detach()), "a result has no gradient"),
    "ours detached": (lambda x: ((2 * x).detach(), x + x), "a result has no gradient"),
    "same": (lambda x: (x,) * 2, "one and the same"),
    "view": (lambda x: (y := 2 * x, y.view(3)), "one and the same"),
    "copy": (lambda x: (y := 2 * x, y.clone()), "one of the two is made from the other"),
    "reverse": (lambda x: ((y := 2 * x) + 0, y), "one of the two is made from the other"),
    "empty": (lambda x: (x[:0] + 1, x[:0] * 1), "the result is empty"),
    "shape": (lambda x: (2 * x, (x + x)[None]), "the shape is"),
    "dtype": (lambda x: (2 * x, (x + x).float()), "the dtype is"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_comparison_that_proves_nothing_is_refused(matches, transcribed, recorded, x, name):
    results, message = REFUSED[name]
    for check, other in ((matches, torch.add), (transcribed, documented)):
        with pytest.raises(AssertionError, match=message):
            check(other, *results(x), wrt=(x,))
    assert recorded() == []


def test_wrt_is_asked_for_and_must_be_right(matches, x):
    with pytest.raises(TypeError, match="wrt"):
        matches(torch.add, 2 * x, x + x)
    with pytest.raises(AssertionError, match="it has a gradient: give wrt"):
        matches(torch.add, 2 * x, x + x, wrt=None)
    with pytest.raises(AssertionError, match="wrt names nothing"):
        matches(torch.add, 2 * x, x + x, wrt=())
    with pytest.raises(AssertionError, match="in wrt does not require a gradient"):
        matches(torch.add, 2 * x, x + x, wrt=(x, torch.ones(1)))
    with pytest.raises(RuntimeError, match="not have been used"):
        matches(torch.add, 2 * x, x + x, wrt=(x, torch.ones(1, requires_grad=True)))


def documented(x):
    """Equation 1.

    The rest is not shown.
    """
    return torch.stack([each + each for each in x])


def with_ours(x):
    """It leans on what it should prove."""
    return causal(x, x)


def with_our_module(x):
    """It leans on what it should prove."""
    return nexus.nn.masks.causal(x, x)


def test_a_transcription_is_recorded_by_name_and_first_line(transcribed, recorded, x):
    transcribed(documented, 2 * x, documented(x), wrt=(x,))
    (found,) = recorded()
    assert (found["oracle"], found["text"]) == ("documented", "Equation 1.")
    assert "distribution" not in found and found["gradients"] == 1


@pytest.mark.parametrize(
    "reference, message",
    [
        (causal, "is a function of test_parity.py itself"),
        (torch.add, "is a function of test_parity.py itself"),
        (twice, "twice has no docstring"),
        (with_ours, "with_ours uses causal of nexus"),
        (with_our_module, "with_our_module uses nexus of nexus"),
    ],
)
def test_a_transcription_stands_in_the_test_and_on_its_own(transcribed, x, reference, message):
    with pytest.raises(AssertionError, match=message):
        transcribed(reference, 2 * x, x + x, wrt=(x,))
