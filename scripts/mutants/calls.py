"""Faults in calls on tensors. Each function yields new code for a node, once for each fault."""

import builtins
from collections.abc import Iterator, Set
from itertools import pairwise

from scripts.mutants.trees import (
    Node,
    arguments,
    callee,
    elements,
    is_attribute,
    is_call,
    is_positional,
    rewritten,
    text,
)

OTHERS = {
    "softmax": ("log_softmax", "sigmoid"),
    "log_softmax": ("softmax", "logsigmoid"),
    **{"logsumexp": ("amax",), "prod": ("sum",), "round": ("floor",), "square": ("abs",)},
    **{"softplus": ("relu",), "gelu": ("relu",), "silu": ("relu",), "relu": ("gelu",)},
    **{"smooth_l1_loss": ("mse_loss",), "huber_loss": ("mse_loss",), "zero_": ("fill_",)},
    **{"rsqrt": ("sqrt",), "sqrt": ("exp",), "exp": ("expm1",), "log": ("sqrt",)},
}
"""What is put in place of a method or function of tensors; both ways for the pairs below."""
PAIRS = """mean sum, amax amin, max min, argmax argmin, any all, sigmoid tanh, triu tril,
cumsum cumprod, var std, maximum minimum, floor ceil, sin cos, zeros ones, zeros_like ones_like,
new_zeros new_ones, zeros_ ones_, randn rand, randn_like rand_like, normal_ uniform_,
mse_loss l1_loss, logical_and logical_or, clamp_min clamp_max, repeat repeat_interleave,
eq ne, ge gt, le lt"""
for _pair in PAIRS.split(","):
    _one, _two = _pair.split()
    OTHERS |= {_one: (_two,), _two: (_one,)}

REDUCTIONS = set("sum mean amax amin max min prod std var any all argmax argmin norm".split())
COMMUTE = set("transpose swapaxes maximum minimum max min add mul logaddexp hypot equal".split())
"""Calls whose two arguments may be exchanged without effect."""
FACTORIES = set("zeros ones full empty arange linspace randn rand randint eye tensor where".split())
WRAPPERS = {"abs", "reversed", "sorted", "round"}
"""Built-in functions that give back something of their argument's kind; `int` seldom changes it."""


def other_function(node: Node) -> Iterator[str]:
    """Another reduction, activation, triangle, filling: `mean` to `sum`, `triu` to `tril`."""
    if node.type != "name" or node.value not in OTHERS:
        return
    holder = node.parent if is_attribute(node.parent) else node
    after = holder.get_next_sibling()
    bare = holder is node and node.value in ("max", "min", "any", "all")
    if after is not None and is_call(after) and (holder is not node or bare):
        yield from OTHERS[node.value]


def reduced_whole(node: Node) -> Iterator[str]:
    """A reduction over everything instead of over an axis: `x.sum(-1)` to `x.sum()`."""
    if is_call(node) and arguments(node) and is_attribute(node.get_previous_sibling()):
        if node.get_previous_sibling().children[1].value in REDUCTIONS:
            yield "()"


def dropped_call(node: Node, modules: Set[str]) -> Iterator[str]:
    """One call less in a chain: `x.exp().sum()` to `x.sum()`."""
    if node.type != "atom_expr":
        return
    for place in range(1, len(node.children) - 1):
        name, call = node.children[place : place + 2]
        starts = place == 1 and text(node.children[0]) in {*modules, "self", "cls", "super"}
        after_super = text(node.children[0]) == "super"
        if is_attribute(name) and is_call(call) and not starts and not after_super:
            yield rewritten(node, (name, ""), (call, ""))


def skipped_function(node: Node, modules: Set[str]) -> Iterator[str]:
    """A function's first argument instead of its result: `F.softplus(x)` to `x`."""
    if node.type != "atom_expr":
        return
    for place, call in enumerate(node.children):
        if not is_call(call) or not all(map(is_attribute, node.children[1:place])):
            continue
        given, words = arguments(call), callee(call).split(".")
        if not given or not is_positional(given[0]) or not _gives_its_kind(words, modules):
            continue
        if given[0].type == "atom" and given[0].children[0].value in "[{":
            continue
        first = text(given[0])
        first = first if given[0].type in ("name", "number", "atom", "atom_expr") else f"({first})"
        yield first + "".join(each.get_code() for each in node.children[place + 1 :])


def _gives_its_kind(words: list[str], modules: Set[str]) -> bool:
    """Whether a function may stand for its argument: not a class, a factory, `len`, `range`."""
    last = words[-1]
    if last.lstrip("_")[:1].isupper() or last in FACTORIES or words[0] == "super":
        return False
    if len(words) == 1:
        return last in WRAPPERS or not hasattr(builtins, last)
    return words[0] in modules or words[0] == "self"


def swapped(node: Node) -> Iterator[str]:
    """Two neighbours exchanged: arguments of a call, elements of a tuple, places of an index."""
    if node.type == "arglist":
        call = node.parent
        if call.type == "classdef" or callee(call).split(".")[-1] in COMMUTE:
            return
        found = [each for each in elements(node) if is_positional(each)]
        named = [each for each in elements(node) if each.type == "argument"]
        pairs = [*pairwise(found), *pairwise(filter(None, map(_value, named)))]
    elif node.type in ("subscriptlist", "testlist_comp", "exprlist", "testlist_star_expr"):
        if "comp_for" in node.children[-1].type or _in_any_order(node):
            return
        pairs = [*pairwise(elements(node))]
    else:
        return
    for one, two in pairs:
        if text(one) != text(two):
            yield rewritten(node, (one, text(two)), (two, text(one)))


def _value(argument: Node) -> Node | None:
    """The value of a named argument, unless it is text."""
    named = getattr(argument.children[1], "value", "") == "="
    return argument.children[2] if named and is_positional(argument.children[2]) else None


def _in_any_order(node: Node) -> bool:
    """The left side of `a, b = c, d` (the right is exchanged) or of values that are made alike,
    as by `for _ in "ab"`; `x in (a, b)`."""
    holder = node.parent
    if holder.type == "expr_stmt" and holder.children[0] is node:
        value = holder.children[-1]
        return value.type == "testlist_star_expr" or "for _ in" in text(value)
    return holder.type == "atom" and holder.parent.type == "comparison"


def dropped_keyword(node: Node) -> Iterator[str]:
    """A named argument left out, so that the default counts.

    Not `device`, which is the same on one machine, and not the `strict` of `zip`.
    """
    if not is_call(node):
        return
    given = arguments(node)
    for each in given:
        if each.type == "argument" and getattr(each.children[1], "value", "") == "=":
            if each.children[0].value not in ("device", "strict"):
                yield "(" + ", ".join(text(other) for other in given if other is not each) + ")"


def other_branch(node: Node) -> Iterator[str]:
    """One side of a `torch.where` or of a mask's filling alone."""
    if node.type == "atom_expr" and is_call(node.children[-1]):
        given = arguments(node.children[-1])
        if callee(node.children[-1]) in ("torch.where", "np.where") and len(given) == 3:
            yield from (f"({text(side)})" for side in given[1:])


def other_letters(node: Node) -> Iterator[str]:
    """An einsum that reads or writes its axes in another order."""
    if (
        node.type != "string"
        or node.parent.type != "arglist"
        or "einsum" not in callee(node.parent.parent)
    ):
        return
    quote, spec = text(node)[0], text(node)[1:-1]
    for place, (one, two) in enumerate(pairwise(spec)):
        if one.isalpha() and two.isalpha() and one != two:
            yield f"{quote}{spec[:place]}{two}{one}{spec[place + 2 :]}{quote}"
