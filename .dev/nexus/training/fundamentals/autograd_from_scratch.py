"""Reverse-mode automatic differentiation: a tape, and one walk back along it, in NumPy.

Source: Baydin, Pearlmutter, Radul and Siskind 2015, Automatic Differentiation in Machine Learning:
a Survey, https://arxiv.org/abs/1502.05767, sections 3.2 (reverse mode) and 5.3 (overloading).
Differs: entries are float64 arrays, so broadcasting has to be undone; no tape is global, each entry
knows its inputs; relu has derivative 0 at 0, and a tied maximum shares its adjoint equally;
adjoints are on the tape too, and can be differentiated again.

Letters: y a result; a, b, x what it was computed from; g the adjoint of y (v̄ = ∂f/∂v, section 3.2).
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def primitive(value: Callable, *pulls: Callable) -> Callable[..., "Variable"]:
    """An operation that notes itself on the tape: `value(*inputs, *options)`, computed on arrays.

    There is one pull for each input: `pull(g, y, *inputs, *options)` is gᵀ ∂y/∂x, on variables.
    """

    def recorded(*given):
        inputs = tuple(x if isinstance(x, Variable) else Variable(x) for x in given[: len(pulls)])
        options = copy.deepcopy(given[len(pulls) :])  # the caller may change an array of indices
        return Variable(value(*(x.value for x in inputs), *options), inputs, options, pulls)

    return recorded


def _reflected(operation: Callable[..., "Variable"]) -> Callable[..., "Variable"]:
    return lambda b, a: operation(a, b)


def _reduction(kept: Callable[..., "Variable"]) -> Callable[..., "Variable"]:
    def reduced(x, axis=None, keepdims=False):
        y = kept(x, axis)  # size 1 where it was reduced
        return y if keepdims else y.reshape(np.squeeze(y.value, axis).shape)

    return reduced


def _added_at(x, index, shape):
    np.add.at(total := np.zeros(shape), index, x)  # `+=` would count a repeated index once
    return total


class Variable:
    """An array, and how it was computed: one entry of the tape.

    It takes `+`, `-`, `*`, `/`, `@` with numbers, arrays and variables, and `**` with a number;
    `exp`, `log`, `sin`, `cos`, `tanh`, `relu`; `sum`, `mean`, `amax`, `logsumexp` with
    `(axis=None, keepdims=False)`; `reshape(shape)`, `swapaxes(i, j)`, `x[index]`,
    `scatter(index, shape)` into zeros, `masked_fill(mask, constant)`. A value given is copied
    (TypeError if float64 cannot hold it), and all are frozen: nothing changes in place.
    """

    def __init__(self, value: Any, inputs=(), options=(), pulls=()):
        self.value = np.asarray(value).astype(np.float64, casting="safe", copy=not inputs)
        self.value.flags.writeable, self.shape = False, self.value.shape
        self.inputs, self.options, self.pulls = inputs, options, pulls

    def __matmul__(self, other):
        a, b = (x if isinstance(x, Variable) else Variable(x) for x in (self, other))
        if b.value.ndim == 1:
            return (a @ b[:, None])[..., 0]
        return (a[None] @ b)[..., 0, :] if a.value.ndim == 1 else a._matmul(b)

    __array_ufunc__ = None  # so that `array * variable` is one variable, not an array of them
    __add__ = __radd__ = primitive(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
    __sub__ = primitive(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
    __mul__ = __rmul__ = primitive(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
    __truediv__ = primitive(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
    __neg__ = primitive(np.negative, lambda g, y, x: -g)
    __pow__ = primitive(np.power, lambda g, y, x, p: g * p * x ** (p - 1) if p else g * 0)
    exp = primitive(np.exp, lambda g, y, x: g * y)
    log = primitive(np.log, lambda g, y, x: g / x)
    sin = primitive(np.sin, lambda g, y, x: g * x.cos())
    cos = primitive(np.cos, lambda g, y, x: -g * x.sin())
    tanh = primitive(np.tanh, lambda g, y, x: g * (1 - y * y))
    relu = primitive(lambda x: np.maximum(x, 0), lambda g, y, x: g * (x.value > 0))
    reshape = primitive(np.reshape, lambda g, y, x, shape: g.reshape(x.shape))
    swapaxes = primitive(np.swapaxes, lambda g, y, x, i, j: g.swapaxes(i, j))
    __getitem__ = primitive(lambda x, i: x[i], lambda g, y, x, i: g.scatter(i, x.shape))
    scatter = primitive(_added_at, lambda g, y, x, i, shape: g[i])
    masked_fill = primitive(
        lambda x, mask, c: np.where(mask, c, x), lambda g, y, x, mask, c: g.masked_fill(mask, 0)
    )
    _sum = primitive(lambda x, i: x.sum(i, keepdims=True), lambda g, y, x, i: g + np.zeros(x.shape))
    _amax = primitive(
        lambda x, axis: x.max(axis, keepdims=True),
        lambda g, y, x, axis: g * ((top := x.value == y.value) / top.sum(axis, keepdims=True)),
    )
    _matmul = primitive(
        np.matmul,
        lambda g, y, a, b: g @ b.swapaxes(-1, -2),
        lambda g, y, a, b: a.swapaxes(-1, -2) @ g,
    )
    __rsub__, __rtruediv__, __rmatmul__ = map(_reflected, (__sub__, __truediv__, __matmul__))
    sum, amax = _reduction(_sum), _reduction(_amax)
    mean = _reduction(lambda x, axis: (y := x._sum(axis)) * (y.value.size / x.value.size))

    @_reduction
    def logsumexp(self, axis):
        top = self.value.max(axis, keepdims=True)  # a constant, so that no exponential overflows
        return (self - top).exp()._sum(axis).log() + top

    def _unbroadcast(self, shape):
        np.broadcast_shapes(self.shape, shape)  # raises if the pull made something else of it
        ones = (1,) * (len(self.shape) - len(shape)) + shape
        repeated = tuple(i for i, n in enumerate(ones) if n == 1)
        return self if self.shape == shape else self.sum(repeated).reshape(shape)


def tape(output: Variable) -> list[Variable]:
    """All that `output` was computed from, each entry after its inputs; `output` itself is last."""
    done, todo = {}, [output]
    while todo:
        y = todo.pop()
        if waiting := [x for x in y.inputs if x not in done]:
            todo += [y, *reversed(waiting)]
        else:
            done[y] = True
    return list(done)


def gradients(output: Variable, inputs: Sequence[Variable], adjoint: Any = 1.0) -> list[Variable]:
    """The derivative of `output` by each of `inputs`, in one walk back along the tape.

    v̄ᵢ = Σⱼ v̄ⱼ ∂vⱼ/∂vᵢ over all j that i enters, from the output's `adjoint` on (1 for a number).

    Raises:
        ValueError: the adjoint has not the shape of the output, or a pull not that of its input.
    """
    adjoint = adjoint if isinstance(adjoint, Variable) else Variable(adjoint)
    if adjoint.shape != output.shape:
        raise ValueError(f"an adjoint of shape {adjoint.shape} for an output of {output.shape}")
    entries, leads, adjoints = tape(output), set(inputs), {output: adjoint}
    for y in entries:
        if not leads.isdisjoint(y.inputs):
            leads.add(y)
    for y in reversed(entries):
        for x, pull in zip(y.inputs, y.pulls, strict=True):
            if x in leads:
                share = pull(adjoints[y], y, *y.inputs, *y.options)._unbroadcast(x.shape)
                adjoints[x] = adjoints[x] + share if x in adjoints else share
    return [adjoints.get(x) or Variable(np.zeros(x.shape)) for x in inputs]
