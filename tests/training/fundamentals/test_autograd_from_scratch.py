"""A tape in NumPy against torch's own, operation by operation, and the laws of the walk back."""

import operator as op
from functools import partial, reduce

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from nexus.training.fundamentals.autograd_from_scratch import Variable, gradients, primitive, tape

MASK = torch.tensor([[True, False, True], [False, False, True], [True, True, False], [False] * 3])
INDICES = 1, (..., None, slice(1, 9)), [0, 2, 0, 0], ([0, 2], [1, 2]), (slice(2), [1, 1]), MASK
TIES = torch.tensor([[0, -1, 0, 0], [-2, 3, 1, 3]])
# Of a case: what is computed, on our variables as on torch's tensors; its inputs, or their shapes.
CASES: dict[str, tuple] = {
    "numbers on the left": (lambda a: 2.0 - (3.0 + 4.0 * (5.0 / a)), (2, 3)),
    "log softmax, far out": (lambda a: 900 * a - (900 * a).logsumexp(1, keepdims=True), (2, 3)),
    "reshape": (lambda a: a.reshape((4, 3)) * a.reshape((12,))[:3], (2, 6)),
    "swapaxes": (lambda a, b: a.swapaxes(0, -1) * b, (2, 3, 4), (4, 3, 2)),
    "masked_fill": (lambda a: a.masked_fill(MASK, 7.0), (4, 3)),
    "relu and powers at 0": (lambda a: a.relu() + a**2 + a**1, TIES),
    "amax of ties": (lambda a: a.amax(1) * a.amax(), TIES),
}
CASES |= {f.__name__: (f, (2, 1, 4), (3, 1)) for f in (op.add, op.sub, op.mul, op.truediv)}
CASES |= {f"a ** {p}": (lambda a, p=p: a**p, (2, 3)) for p in (1, 2, 3, -2, 0.7)}
CASES |= {f"a[{i}]": (op.itemgetter(i), (4, 3)) for i in INDICES}
for name in ("exp", "log", "sin", "cos", "tanh", "relu", "sum", "mean", "amax", "__neg__"):
    CASES[name] = op.methodcaller(name), (4, 5)
for a in (3,), (2, 3), (5, 2, 3):
    CASES |= {f"{a} @ {b}": (op.matmul, a, b) for b in [(3,), (3, 4), (6, 1, 3, 4)]}
for name in ("sum", "mean", "amax", "logsumexp"):
    for given in [(1,), (-1, True), ((0, 2),), ((0, 2), True)]:  # axis, keepdims
        CASES[f"{name}{given}"] = op.methodcaller(name, *given), (2, 3, 1, 4)


class Ours(torch.autograd.Function):  # our tape in torch's, which asks it for gradients
    @staticmethod
    def forward(ctx, f, *xs):
        ctx.xs = [Variable(x.numpy()) for x in xs]
        ctx.y = f(*ctx.xs)
        return torch.tensor(ctx.y.value)

    @staticmethod
    def backward(ctx, *grad_outputs):
        found = gradients(ctx.y, ctx.xs, *map(torch.Tensor.numpy, grad_outputs))
        return None, *(torch.tensor(g.value) for g in found)


def squared_gradient(grad, f, *xs):
    return sum((g * g).sum() for g in grad((f(*xs) * f(*xs)).sum(), xs))


@pytest.mark.parametrize("case", CASES)
def test_values_gradients_and_their_gradients_match_torch(case, matches):
    f, *given = CASES[case]
    xs = [x.double() if x is TIES else torch.randn(x) for x in given]
    xs = [(x.abs() + 1 if case in ("log", "a ** 0.7") else x).requires_grad_() for x in xs]
    matches(torch.autograd.grad, Ours.apply(f, *xs), f(*xs), wrt=xs)
    ours = Ours.apply(partial(squared_gradient, gradients, f), *xs)
    theirs = squared_gradient(partial(torch.autograd.grad, create_graph=True), f, *xs)
    matches(torch.autograd.grad, ours, theirs, wrt=xs)


def jacobian(f, x):
    y = f(v := Variable(x))
    return np.stack([gradients(y, [v], row)[0].value for row in np.eye(len(y.value))])


@pytest.mark.law("a composition's Jacobian is the Jacobians' product, and what differences find")
def test_chain_rule():
    x, a, b = (torch.randn(shape).numpy() for shape in [(3,), (4, 3), (2, 4)])
    inner, outer = lambda x: (a @ x).tanh() * x.sum(), lambda h: (b @ h).sin() / (1 + h[0] ** 2)
    product = jacobian(outer, inner(Variable(x)).value) @ jacobian(inner, x)
    assert_allclose(jacobian(lambda x: outer(inner(x)), x), product)
    for column, step in zip(product.T, 1e-5 * np.eye(3), strict=True):
        rise = outer(inner(Variable(x + step))) - outer(inner(Variable(x - step)))
        assert_allclose(column, rise.value / 2e-5, rtol=1e-7)


@pytest.mark.law("an entry is visited once, however many paths lead to it, and a constant never")
def test_visits():
    visits, x = [], Variable(1.0)
    add = primitive(np.add, *2 * [lambda g, y, a, b: visits.append(y) or g])
    y = reduce(lambda y, _: add(y, y), range(50), add(x, add(2.0, 3.0)))
    assert gradients(y, [x])[0].value == 2**50 and len(visits) == 101
    y = reduce(lambda y, _: y + x, range(20_000), x)  # deeper than Python's stack
    assert gradients(y, [x])[0].value == 20_001


@pytest.mark.law("a product of n numbers and its n derivatives take 3(n - 1) multiplications")
def test_gradients_are_cheap():
    xs = [Variable(x) for x in torch.rand(200).numpy() + 0.5]
    found = gradients(y := reduce(op.mul, xs), xs)
    assert len({v for g in found for v in tape(g) if v.inputs} | {y}) == 3 * 199
    assert_allclose([g.value for g in found], [(y / x).value for x in xs])


@pytest.mark.law("a walk leaves nothing behind, and the caller's arrays may change after recording")
def test_nothing_is_shared():
    x, index = np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2])
    y = ((v := Variable(x))[index] * v * x).sum()
    before = gradients(y, [v])[0].value.tolist()
    x[:], index[:] = 7.0, 1
    assert gradients(y, [v])[0].value.tolist() == before and np.shares_memory(v.value, v[1:].value)
    for held in (v.value, (v * v).value, v[1:].value):
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 5.0


@pytest.mark.worked("Table 3: f = ln x₁ + x₁x₂ - sin x₂ at (2, 5), its trace and its adjoints")
def test_the_papers_example():
    x1, x2 = Variable(2.0), Variable(5.0)
    trace = tape(y := x1.log() + x1 * x2 - x2.sin())
    values, adjoints = ([round(float(v.value), 3) for v in e] for e in (trace, gradients(y, trace)))
    assert values == [2, 0.693, 5, 10, 10.693, -0.959, 11.652]
    assert adjoints == [5.5, 1, 1.716, 1, 1, -1, 1]


@pytest.mark.worked("by hand: a bias added to four rows has derivative 4, an entry read thrice 3")
def test_by_hand():
    bias, unused, empty = Variable([1, 2, 3]), Variable([1, 2]), Variable(np.zeros((0, 1)))
    y, z = (np.zeros((4, 3)) + bias).sum() + (empty + bias).sum(), bias[[0, 2, 0, 0]].sum()
    found = gradients(y, [bias, unused, empty]) + gradients(z + ((bias - 1) ** 0).sum(), 2 * [bias])
    assert [g.value.tolist() for g in found] == [[4, 4, 4], [0, 0], [], [3, 0, 1], [3, 0, 1]]


def test_refusals():
    v = Variable(np.ones((2, 3)))
    turned, cut = primitive(abs, lambda g, *_: g.swapaxes(0, 1)), primitive(abs, lambda g, *_: g[0])
    for refused, text in {
        (lambda: gradients(v, [v])): r"adjoint of shape \(\) for an output of \(2, 3\)",
        (lambda: gradients(v.sum(), [v], v)): r"adjoint of shape \(2, 3\)",
        (lambda: gradients(turned(v), [v], v)): "mismatch",
        (lambda: gradients(cut(v), [v], v)): "size",
        (lambda: v @ 2.0): "operand 1 does not have enough dimensions",
        (lambda: 2.0 @ v[:1]): "operand 0 does not have enough dimensions",
    }.items():
        with pytest.raises(ValueError, match=text):
            refused()
    for f in (lambda v: v**v, lambda v: np.multiply.reduce(v), lambda v: v + 1j, lambda v: v @ "a"):
        with pytest.raises(TypeError):
            f(v)


def examples():
    y = (x := Variable([1.0, 2.0])) @ x
    built = (partial(Variable, 1.0), None), (partial(primitive, np.negative), (op.neg,))
    return [*built, (partial(tape), (y,)), (partial(gradients), (y, [x]))]
