"""A slice holds every block that can matter to a block, and a file made of it prints the same."""

import contextlib
import io
import re
import signal
from string import Formatter
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.catalog.markdown import read
from scripts.catalog.records import Block
from scripts.slices import away_from_nexus, runnable, slices


def page(*codes: str, **marks: dict[int, str]) -> list[Block]:
    """Blocks of these codes; `raises={2: "ValueError"}` marks the second."""
    return [
        Block(n, 10 * n, 10 * n + 5, dedent(code).strip("\n") + "\n", "", **of(marks, n))
        for n, code in enumerate(codes, start=1)
    ]


def of(marks: dict[str, dict[int, str]], number: int) -> dict:
    return {mark: values[number] for mark, values in marks.items() if number in values}


# Cases: the blocks, and what the last of them needs

CASES = {
    "only its own": (["x = 1", "y = 2", "print(3)"], []),
    "a name": (["x = 1", "y = 2", "print(x)"], [1]),
    "only imports and its own": (
        [
            "import torch\nfrom nexus.fit import fit",
            "x = torch.ones(1)",
            "w = torch.ones(2)\nfit(w)",
        ],
        [1],
    ),
    "through a chain": (["x = 1", "y = x", "z = 0", "print(y)"], [1, 2]),
    "the latest binding": (["x = 1", "x = 2", "print(x)"], [2]),
    "bound here first": (["x = 1", "x = 2\nprint(x)"], []),
    "read here first": (["x = 1", "print(x)\nx = 2"], [1]),
    "bound here perhaps": (["x = 1", "if input():\n    x = 2\nprint(x)"], [1]),
    "bound perhaps: if": (["x = 1", "c = 0", "if c:\n    x = 2", "print(x)"], [1, 2, 3]),
    "bound perhaps: try": (
        ["x = 1", "try:\n    x = f()\nexcept NameError: pass", "print(x)"],
        [1, 2],
    ),
    "bound perhaps: for": (["x = 1", "for x in (): pass", "print(x)"], [1, 2]),
    "bound perhaps: while": (["x = 1", "while 0:\n    x = 2", "print(x)"], [1, 2]),
    "bound perhaps: with": (
        ["from contextlib import suppress", "x = 1", "with suppress(E):\n    x = y", "print(x)"],
        [1, 2, 3],
    ),
    "bound in no_grad": (
        ["import torch", "x = 1", "with torch.no_grad():\n    x = 2", "print(x)"],
        [1, 3],
    ),
    "bound perhaps: match": (["x = 1", "match []:\n    case [x]: pass", "print(x)"], [1, 2]),
    "bound perhaps: walrus": (["x = 1", "0 and (x := 2)", "print(x)"], [1, 2]),
    "bound by except": (["e = 1", "try: f()\nexcept E as e: pass", "print(e)"], [1, 2]),
    "bound by with": (["x = 1", "with open('f') as x: pass", "print(x)"], [2]),
    "augmented": (["x = 1", "x += 1", "print(x)"], [1, 2]),
    "deleted": (["x = 1", "del x", "x"], [1, 2]),
    "deleted and bound": (["x = 1", "del x", "x = 2", "print(x)"], [3]),
    "swapped": (["a, b = 1, 2", "a, b = b, a", "print(a)"], [1, 2]),
    "starred": (["xs = [1, 2]", "a, *b = xs", "print(b)"], [1, 2]),
    "import a.b binds a": (["import os.path", "import sys", "print(os)"], [1]),
    "import a.b and a.c": (["import os.path", "import os.walk", "print(os.path)"], [1, 2]),
    "import as": (["import os.path as p", "print(os)"], []),
    "import again": (["import torch", "import torch", "print(torch)"], [2]),
    "star": (["x = 1", "from os import *", "print(x)"], [1, 2]),
    "star, unknown": (["x = 1", "from os import *", "print(getcwd())"], [2]),
    "star, then bound": (["from os import *", "x = 1", "x.real"], [2]),
    "exec": (["x = 1", "exec(code)", "print(x)"], [1, 2]),
    "eval": (["x = 1", "y = 2", "eval('x')"], [1, 2]),
    "globals": (["x = 1", "y = 2", "timeit('x', globals=globals())"], [1, 2]),
    # functions
    "a function's names": (["x = 1", "def f(): return x", "f()"], [1, 2]),
    "a function's later names": (["def f(): return x", "x = 1", "f()"], [1, 2]),
    "a function's names again": (["x = 1", "def f(): return x", "x = 2", "f()"], [1, 2, 3]),
    "a function's own names": (["x = 1", "def f(x):\n    return x", "f(2)"], [2]),
    "a function's locals": (["x = 1", "def f():\n    x = 2\n    return x", "f()"], [2]),
    "a function's defaults": (["x = 1", "def f(y=x): return y", "x = 2", "f()"], [1, 2]),
    "a function of functions": (
        ["x = 1", "def f(): return x", "def g(): return f()", "g()"],
        [1, 2, 3],
    ),
    "global": (["x = 1", "def f():\n    global x\n    x = 2", "f()", "print(x)"], [1, 2, 3]),
    "global, not called": (
        ["x = 1", "def f():\n    global x\n    x = 2", "x = 3", "print(x)"],
        [3],
    ),
    "nonlocal": (
        [
            "n = 5",
            "def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
            "        return n\n    return f",
            "count = make()",
            "count()",
            "print(count())",
        ],
        [2, 3, 4],
    ),
    "a closure": (
        ["xs = []", "def f():\n    return lambda: xs", "g = f()", "xs.append(1)", "g()"],
        [1, 2, 3, 4],
    ),
    "a lambda": (["x = 1", "f = lambda y: x + y", "f(1)"], [1, 2]),
    "a decorator": (["def d(f): return f", "@d\ndef f(): return 1", "f()"], [1, 2]),
    "a decorator keeps": (
        [
            "seen = []",
            "def d(f):\n    seen.append(f)\n    return f",
            "@d\ndef f(): return 1",
            "print(seen)",
        ],
        [1, 2, 3],
    ),
    "called before": (["def f(): return 1", "print(f())", "print(f())"], [1]),
    "called before, with memory": (
        ["def f(x=[]):\n    x.append(1)\n    return x", "f()", "f()"],
        [1, 2],
    ),
    "called before, counting": (["def f(): f.n = 1", "f()", "print(f.n)"], [1, 2]),
    "a generator": (["xs = [1]", "g = (x for x in xs)", "next(g)", "print(list(g))"], [1, 2, 3]),
    "a generator's names": (["k = 1", "g = (x * k for x in '12')", "k = 2", "list(g)"], [1, 2, 3]),
    "a list is walked": (["xs = [1]", "for x in xs: pass", "print(sum(xs))"], [1]),
    "an iterator is walked": (["xs = iter([1])", "for x in xs: pass", "print(sum(xs))"], [1, 2]),
    # scopes
    "a comprehension": (["x = 1", "[x for x in range(3)]"], []),
    "a comprehension's iterable": (["x = [1]", "[x for x in x]"], [1]),
    "a comprehension leaks nothing": (["x = 1", "[x for x in range(3)]", "print(x)"], [1]),
    "a comprehension's walrus": (["x = 1", "[(x := y) for y in '1']", "print(x)"], [1, 2]),
    "a comprehension in a function": (
        ["x = 1", "def f():\n    a = [x for x in '1']\n    return x", "f()"],
        [1, 2],
    ),
    "a class": (["x = 1", "class C:\n    v = x", "print(C().v)"], [1, 2]),
    "a class's own names": (
        ["v = 1", "class C:\n    v = 2\n    def f(self): return v", "C().f()"],
        [1, 2],
    ),
    "a class leaks nothing": (["v = 1", "class C:\n    v = 2", "print(v)"], [1]),
    "a class's base": (["class A: pass", "class B(A): pass", "B()"], [1, 2]),
    "a class's list": (["class C:\n    xs = []", "C().xs.append(1)", "print(C.xs)"], [1, 2]),
    "a class's attribute": (["class C: n = 0", "C.n = 1", "print(C().n)"], [1, 2]),
    "a class used before": (["class C: n = 0", "c = C()\nc.n = 1", "print(C().n)"], [1]),
    "an object": (["class C: n = 0", "c = C()", "c.n = 1", "print(c.n)"], [1, 2, 3]),
    # the same thing under two names
    "an alias": (["a = []", "b = a", "b.append(1)", "print(a)"], [1, 2, 3]),
    "a copy of nothing": (["a = [1]", "b = [2]", "b.append(1)", "print(a)"], [1]),
    "in a list": (["a = []", "b = [a]", "b[0].append(1)", "print(a)"], [1, 2, 3]),
    "put in a list": (["a = []", "b = []", "b.append(a)", "a.append(1)", "print(b)"], [1, 2, 3, 4]),
    "an attribute": (["a = f()", "b = []", "a.x = b", "b.append(1)", "print(a.x)"], [1, 2, 3, 4]),
    "an item": (["d = {}", "d['x'] = 1", "print(d)"], [1, 2]),
    "given to a function": (["from l import f", "a = []", "f(a)", "print(a)"], [1, 2, 3]),
    "given to print": (["a = []", "print(a, len(a))", "print(a)"], [1]),
    "printed to": (["f = open('x', 'w')", "print(1, file=f)", "f.read()"], [1, 2]),
    "an optimizer": (
        [
            "import torch",
            "from torch import nn",
            "model = nn.Linear(2, 2)",
            "opt = torch.optim.SGD(model.parameters(), lr=1)",
            "model(x).sum().backward()",
            "opt.step()",
            "print(model.weight)",
        ],
        [1, 2, 3, 4, 5, 6],
    ),
    "another model": (
        [
            "from torch import nn",
            "a = nn.Linear(2, 2)",
            "b = nn.Linear(2, 2)",
            "b.train()",
            "a.weight",
        ],
        [1, 2],
    ),
    "a tensor looked at": (
        ["import torch", "x = torch.ones(3)", "print(x.sum().item(), torch.relu(x))", "print(x)"],
        [1, 2],
    ),
    "a tensor changed": (
        ["import torch", "x = torch.ones(3)", "torch.relu_(x)", "print(x)"],
        [1, 2, 3],
    ),
    "a tensor written to": (
        ["import torch", "x = torch.ones(3)", "torch.exp(x, out=x)", "print(x)"],
        [1, 2, 3],
    ),
    "a view": (
        ["import torch", "x = torch.ones(3)", "y = x.view(3)", "y[0] = 2", "print(x)"],
        [1, 2, 3, 4],
    ),
    "a conversion": (
        ["import torch", "x = torch.ones(3)", "y = x.int()", "y[0] = 2", "print(y)"],
        [1, 2, 3, 4],
    ),
    "a model converted": (
        ["from torch import nn", "m = nn.Linear(2, 2)", "m.float()", "print(m.weight)"],
        [1, 2, 3],
    ),
    "a comparison": (
        ["import torch", "x = torch.ones(3)", "m = x > 0", "m[0] = 0", "print(m)"],
        [1, 2, 3, 4],
    ),
    "a method of its own": (
        ["class C:\n    def mean(self): self.n = 1", "c = C()", "c.mean()", "print(c.n)"],
        [1, 2, 3],
    ),
    "a dunder of its own": (
        ["class C:\n    def __add__(self, x): self.n = x", "c = C()", "c + 1", "print(c.n)"],
        [1, 2, 3],
    ),
    "a loop goes round": (
        ["a = []", "b = []", "for _ in '12':\n    b.append(1)\n    b = a", "print(a)"],
        [1, 2, 3],
    ),
    # what lies outside
    "the last seed": (
        ["import torch", "torch.manual_seed(0)", "torch.manual_seed(1)", "torch.randn(2)"],
        [1, 3],
    ),
    "its own seed": (
        ["import torch", "torch.manual_seed(0)", "torch.manual_seed(1)\ntorch.rand(2)"],
        [1],
    ),
    "another library's seed": (
        ["import torch, random", "random.seed(0)", "torch.randn(2)"],
        [1],
    ),
    "a seed for nexus": (
        ["import torch", "torch.manual_seed(0)", "from nexus.nn import Block\nBlock(8)"],
        [1, 2],
    ),
    "a seed for a model": (
        ["import torch\nmodel = torch.nn.Linear(2, 2)", "torch.manual_seed(0)", "model(1)"],
        [1, 2],
    ),
    "a seed for nobody": (["import torch", "torch.manual_seed(0)", "print(1)"], []),
    "a seed in a function": (
        ["import torch", "def f():\n    torch.manual_seed(0)", "f()", "torch.randn(2)"],
        [1],
    ),
    "a generator's seed": (
        [
            "import torch",
            "g = torch.Generator()",
            "g.manual_seed(0)",
            "torch.randn(2, generator=g)",
        ],
        [1, 2, 3],
    ),
    "a default": (
        ["import torch", "torch.set_default_dtype(torch.float64)", "import torch\ntorch.ones(2)"],
        [1, 2],
    ),
    "a style": (
        ["import matplotlib.pyplot as plt", "plt.rcParams['x'] = 1", "plt.plot()"],
        [1, 2],
    ),
    "a warning": (
        ["import warnings", "warnings.simplefilter('error')", "import torch\ntorch.a()"],
        [1, 2],
    ),
    "a file": (["open('x', 'w').write('1')", "y = 2", "print(open('x').read())"], [1]),
    "no code": (["x = (", "print(x)"], []),
}


@pytest.mark.parametrize("codes, needed", CASES.values(), ids=CASES)
def test_what_the_last_block_needs(codes, needed):
    assert slices(page(*codes))[-1] == needed


def test_a_skipped_block_is_no_dependency_and_has_its_own():
    blocks = page("x = 1", "x = 2\ny = x", "print(x)", skip={2: "needs a GPU"})
    assert slices(blocks) == [[], [], [1]]
    blocks = page("x = []", "x.append(1)", "print(x)", skip={2: "needs a GPU"})
    assert slices(blocks) == [[], [1], [1]]


def test_a_block_that_raises_binds_only_perhaps():
    blocks = page("x = 1", "x = 2\nfloat('a')", "print(x)", raises={2: "ValueError"})
    assert slices(blocks)[-1] == [1, 2]


def test_code_nested_too_deep_is_taken_for_anything():
    deep = "x = " + "+".join(["y"] * 900)
    assert slices(page("y = 1", "z = 2", f"{deep}", "print(z)"))[2][:1] == [1]


@pytest.mark.parametrize(
    "codes, reaches",
    [
        (["from nexus.fit import fit"], True),
        (["import nexus.fit"], True),
        (["import torch", "torch.ones(1)"], False),
        (["from nexus.fit import fit", "x = fit", "print(x)"], True),
        (["from nexus.fit import fit", "x = 1", "print(x)"], False),
        (["def f():\n    import nexus.fit as n\n    return n", "f()"], True),
        (["from nexusx import y", "y"], False),
        (["x = ("], False),
    ],
)
def test_whether_a_block_reaches_nexus(codes, reaches):
    assert (len(codes) not in away_from_nexus(page(*codes))) is reaches


def test_a_runnable_file_holds_each_import_once():
    blocks = page(
        "import torch\nimport math  # for pi\n\nx = math.pi",
        "import this",
        "import torch\nimport math  # for pi\n\nprint(x)\n",
    )
    text = "import torch\nimport math  # for pi\n\nx = math.pi\n\nprint(x)\n"
    assert runnable(blocks, 2) == text


def test_an_import_stays_if_something_else_binds_its_name():
    blocks = page("import math as m", "n = m\nm = 1", "import math as m\nprint(m, n)")
    assert runnable(blocks, 2).count("import math as m") == 2


def test_a_runnable_file_goes_on_after_a_block_that_raises():
    blocks = page(
        "from __future__ import annotations\nx = []",
        'x.append("""a\nb""")\n\nfloat(f"""\n  {x}""")',
        "from __future__ import annotations\nprint(x)",
        raises={2: "ValueError"},
    )
    text = runnable(blocks, 2)
    assert text.startswith("from __future__ import annotations\n\n")
    module = {}
    assert run(text, module) == "['a\\nb']\n" and module["x"] == ["a\nb"]
    assert "try:" not in runnable(blocks, 1)


def test_a_file_of_a_page_that_exists_compiles(request):
    root = request.config.rootpath
    for path in sorted((root / "docs").glob("[0-9]*/**/*.md")):
        document, _ = read(path.relative_to(root).as_posix(), path.read_bytes())
        for at, needed in enumerate(slices(document.blocks)):
            assert all(1 <= number <= at for number in needed)
            compile(runnable(document.blocks, at), "page.py", "exec")


# The law: a slice with its block prints what the block prints on the page

NAMES = "abcdeg"
"""Each template is filled with names of the right kind: Any, List, Dict, Function, Iterator,
Object, Class, number, and a name to bind (x)."""
VALUES = """
[{n}] | [] | {{'k': {A}}} | [{A}] | [{A}, {B}] | ({A}, {n}) | {n} | {A} | {A} | {A} | {L}[0]
{D}['k']
{L} + {M} | {L} * 2 | {L}[:1] | {O}.v | {O}.m | {C}.m | {F}({A}) | {F}() | {F}({L}) | list({I})
[{A} for _ in '12']
[x for x in {L}] | [({A}, x) for x in {L} if x] | [{B} for {B} in {L}] | (x for x in {L})
({A} for _ in '123') | (v for v in {I}) | (w for v in ({A}, {B}) for w in ({L}, v)) | iter({L})
iter({L})
lambda v=0: {A} | lambda v=0: ({A}, v) | lambda v={L}: v | lambda v=0: {L}.append({n})
lambda v=0: {F}(v) | lambda v=0: {F} | [lambda v=0: (u, {A}) for u in {L}] | {C}() | {C}({A})
{C}({L})
{A} if {B} else {n} | {A} or {B} | ({y} := {A}) | [({y} := v) for v in {L}] | dict(k={L})
{L}.copy() | {D}.get('k') | {D}.values() | {D}.items() | tuple({L}) | next({I}, {A})
next({I}, 0)
sorted({L}, key={F}) | map({F}, {L}) | filter({F}, {L}) | zip({L}, {I}) | sum({I}, 0)
max({L}, key={F})
f'{{len({L})}}' | {L}.pop() | getattr({O}, 'v') | enumerate({I}) | [*{I}] | {{**{D}}}
{{v: {A} for v in '12'}}
{L} == {M} | reversed({L}) | defaultdict(list) | {D}['new'] | partial({F}, {A})
partial({F}, {L})
chain({L}, {I}) | deepcopy({A}) | {L}.append | {L}.append | {O}.m | {D}.setdefault('k', {A})
[{F}] | {{'k': {F}}}
any({F}(v) for v in '12') | any(v for v in {I}) | list(map({F}, '12')) | {I} | {O} | {F} | {L}
{n} in {I}
{L}.index({n}) | '-'.join('ab' for v in {I}) | {F}(*{I}) | {F}(**{{'v': {A}}}) | abs({O})
{O}.mean() | {O} + {n}
{L} @ {n} if 0 else {A} | not {A} | ({L}, {M})[0] | [[{L}]][0] | [{C}] | [{C}][0] | {O}.make()
print
"""
CORE = """
{L}.append({A}) | {L}.append({n}) | {L}[0] = {A} | {D}['k'] = {A} | {O}.v = {L} | {F}({L})
{F}({A}) | {O}.m({L})
{x} = [{n}] | {x} = {A} | {x} = [{A}] | {x} = {L}[0] | {x} = {F}({A}) | {x} = {C}({L})
{x} = lambda v=0: ({A}, v)
print({A}) | print({F}()) | print({O}.v) | print({L}) | {x} = iter({L}) | {x} = {D}['k']
{x} = {O}.v | {x} += {n}
"""
SIMPLE = """
{L}.append({A}) | {L}.append({n}) | {L}.append({F}) | {L}[0] = {A} | {D}['k'] = {A} | {O}.v = {A}
{O}.v = {L}
{L} += [{A}] | {L} += [{n}] | {x} += {n} | {O}.v += {n} | {O}.v += [{n}] | {L}[0] += {n}
{L}.extend([{A}])
{x}, {y} = {A}, {B} | {x}, {y} = {y}, {x} | {x}, *{y} = {L} | {x}, *{y} = {I}
({x}, {y}), {z} = [{A}, {B}], {n}
match {A}:; case [{x}, *{y}]: pass; case {{'k': {x}, **{y}}}: pass; case {x}: pass
{F}() | {F}() | {F}({A}) | {F}({L}) | {F}({O}) | {O}.m() | {O}.m({A}) | {O}.m({L}) | {O}.w()
{L}.clear()
{D}.update(j={A}) | {D}['k'].append({A}) | {L}[0].append({n}) | {O}.v.append({n})
{O}.items.append({n})
{x} = {y} = [{n}] | for {x} in tuple({L}): {M}.append({n}) | for {x} in {I}: pass
for {O}.v in '12': pass
for v in [{L}, {M}]: v.append({n}) | for v in (v for v in [{L}]): v.append({n}) | {C}.count = {n}
{C}.v = {L} | {F}.v = {A}
{C}.m = {F} | {C}.m = lambda self, v=0: {L}.append({n}) | {O}.m = {F} | {O}.mean = {F} | del {O}.v
del {L}[0]
del {x};{x} = [{n}] | del {D}['k'] | if {A}: {x} = {B} | if {A} in {L}: {L} = [{n}]
while len({L}) > 2: {L}.pop()
from copy import deepcopy as {x} | {n} in {I} | {I}.send(None) | {L}.insert(0, {A})
{L}.sort(key={F})
[v.append({n}) for v in [{L}]] | [f() for f in [{F}]] | {x}: list = [{A}] | {x}: {A}
assert {F}() or 1
with Within({A}) as {x}: {L}.append({n}) | with Within({L}) as v: v.append({n}) | with {O}: pass
keep({L}) | kept().append({n}) | {x} = kept()
"""
DEFINITIONS = """
def {x}(v=0): return {A}
def {x}(v=0): return v
def {x}(v={L}): return v
def {x}(v=[]):; v.append({n}); return v
def {x}(v=0): return [{A}, v]
def {x}(v=0): {L}.append({n})
def {x}(v=0): {L}.append(v)
def {x}(v=[0]):; v.append({n})
def {x}(v=[]): v.append({A})
def {x}(v=[]): v.append({L})
def {x}(v=0):; w = {L}; w.append({n}); return w
def {x}(v=0):; for w in [{L}, {M}]: w.append(v)
def {x}(v=0):; global {y}; {y} = v
def {x}(v=0):; global {y}; {y} = {A}
def {x}(v=0):; global {y}; {y} = [v]; return {y}
def {x}(v=0):; global {y}, {z}; {y}, {z} = {z}, {y}
def {x}(v=0):; {y} = {A}; return {y}
def {x}(v=0): return {F}(v)
def {x}(v=0): return {F}
def {x}(v=0): return {F}()
def {x}(v=0): yield from {L}
def {x}(v=0):; for w in [1, 2]:;  yield w, {A};  {L}.append(w)
def {x}(v=0): return next({I}, 0)
def {x}(v=0):; n = 0; def inner(u=0):;  nonlocal n;  n += 1;  return n, {A}; return inner
def {x}(v=0):; items = [v]; def inner(u={A}):;  items.append(u);  return items; return inner
def {x}(v=0):; def inner(u=0):;  global {y};  {y} = u; return inner
def {x}(v=0):; {x}.calls = getattr({x}, 'calls', 0) + 1; return {x}.calls
def {x}(v=0): return lambda: {L}.append({A})
def {x}(v=0): return [{y} for {y} in {L}]
def {x}(v=0): return ({A} for _ in '12')
def {x}(v=0):; class Inner:;  v = {A};  def m(self, w=0): return {L}.append({n}); return Inner()
def {x}(v=0): return {C}()
def {x}(v=0): return {C}
def {x}(v=0): return {O}.m()
def {x}(v=0): {O}.v = v
def {x}(v=0): {C}.count = {n}
def {x}(v=0): {D}['k'] = v
def {x}(v=0): keep(v)
def {x}(f=print): return f()
def {x}(f=print): f({A})
def {x}(f=print): return lambda v=0: (f(v), {A})
def {x}(f=print):; f.v = {n}; return f
@{F};def {x}(v=0): return {A}
@lru_cache;def {x}(v=0): return [{A}]
@wraps({F});def {x}(v=0): return {A}
class {x}:; items = []; def m(self, v=0): self.items.append(v)
class {x}:; items = {L}; def m(self, v=0): return self.items
class {x}:; count = 0; def __init__(self, v=0): {x}.count += 1; def m(self): return self.count
class {x}:; def __init__(self, v=0): self.v = {A}
class {x}:; def __init__(self, v=0): self.v = v; def m(self, w=0): self.v.append(w)
class {x}:; def __init__(self, v=0): {L}.append(self); def m(self, w=0): self.v = w; v = 0
class {x}:; v = {A}; def m(self, w=0): return {B}
class {x}:; v = 0; def __call__(self, w=0): {L}.append(self.v)
class {x}:; v = 0; def __call__(self, w=0):;  self.v += 1;  return self.v
class {x}:; v = 0; def __repr__(self):;  self.v += 1;  return str(self.v)
class {x}:; v = 0; def __abs__(self):;  {L}.append(1);  return 1
class {x}:; v = 0; def __add__(self, other):;  self.v = other;  return self
class {x}:; n = 0; @property; def v(self):;  self.n += 1;  return self.n, {A}
class {x}:; def __getitem__(self, k):;  {L}.append({n});  return {A}
class {x}:; def __iter__(self):;  self.v = {n};  return iter('12')
class {x}:; def __enter__(self): {L}.append({n}); def __exit__(self, *_): self.v = {n}
class {x}({C}):; def m(self, w=0): return self.v
class {x}({C}): pass
class {x}:; def __init_subclass__(cls): {L}.append({n})
class {x}:; {y} = {A}; v = [{y}]
class {x}:; v = {A}; w = lambda self: {L}.append({n})
class {x}:; def mean(self, v=0): {L}.append({n})
class {x}:; v = [{n}]; @staticmethod; def m(w=0): return {A}
class {x}:; def make(self=0): return {x}; def m(self, w=0): return self.make()
@{F};class {x}: v = {A}
"""
WILD = """
class {x}:; count = 0; def m(self, v=0): type(self).count += 1
class {x}:; count = 0; def m(self, v=0): self.__class__.count += {n}
class {x}:; @classmethod; def m(cls, w=0): cls.v = w
def {x}(v=0): exec('{L}.append({n})')
def {x}(v=0): globals()['{y}'] = {A}
{x} = vars({O}) | {x} = eval('{A}') | {x} = globals()['{A}'] | exec('{x} = {A}')
globals()['{x}'] = {A}
setattr({O}, 'v', {A}) | setattr({F}, 'v', {A}) | {x} = {O}.__dict__ | {x} = globals()
{x} = type({O}) | {x} = type('T', (), {{'v': {A}}})
"""
SHOWN = """
print({A}, {B}) | print({L}) | print({D}) | print({F}()) | print({F}({A})) | print([*{I}])
print({O}.v) | print({O}.m())
print({O}.items) | print({C}.count) | print(len({L})) | print([v for v in {I}])
print({L} is {A}) | print({F}.calls)
print({O}.mean()) | print(sorted({L})) | print(f'{{{A}}}') | print(next({I}, 0)) | print({L}[0])
print({D}['k'])
print({L}[-1]()) | print([vv() for vv in [{F}]]) | print({F}()()) | print({O}.v()) | print(kept())
print({F}.v)
"""


def templates(text: str) -> list[str]:
    """One a line or between bars. A `;` ends a line, the blanks after it are the indentation."""
    found = [t for line in text.strip().split("\n") for t in line.split(" | ")]
    lines = [[(len(p) - len(p.lstrip()), p.strip()) for p in t.split(";")] for t in found]
    return ["\n".join("    " * deep + part for deep, part in each) for each in lines]


KINDS = dict(zip("LMDFIOC", "LLDFIOC", strict=True))


def kind(value: object) -> str:
    if isinstance(value, type):
        return "C"
    if isinstance(value, list | tuple | dict):
        return "D" if isinstance(value, dict) else "L"
    if callable(value):
        return "F"
    return "I" if hasattr(value, "__next__") else "O" if hasattr(value, "__dict__") else "N"


PRELUDE = """
from collections import defaultdict
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache, partial, wraps
from itertools import chain

class Within:
    def __init__(self, value): self.value = value
    def __enter__(self): return self.value
    def __exit__(self, *_): self.value = 0

KEPT = []
def keep(value): KEPT.append(value)
def kept(): return KEPT
"""
BEGIN = [
    "a, b = [1], [2]\nc, d = {'k': [3]}, [b]",
    "a = [1]\nb = a\nc = [a, b]\ndef d(v=0): return a",
    "class a:\n    v = 1\n    def m(self, w=0): self.v = w\nb = a()\nc = d = [4]\ne = iter('1234')",
    "class a:\n    v = [1]\nb = [a()]\nc = iter(b * 3)\ndef d(v=0):\n    return [v, b]",
]
WRAPPED = [
    "if {}:\n{}\nelse:\n{}",
    "for _ in '12':\n    if {}: pass\n{}\n{}",
    "try:\n    {}\n{}\nexcept Exception:\n{}",
    "with suppress(Exception):\n    {}\n{}\n{}",
    "class Body:\n    x = {}\n{}\n{}",
]


PROBES = {"F": "print({}())", "I": "print(next({}, 0))", "O": "print({}.v)", "C": "print({}.v)"}


class TooLong(BaseException):
    """A program that appends to what it walks over."""


def too_long(*_) -> None:
    raise TooLong


def run(code: str, module: dict) -> str | None:
    """What a code prints in a module; None if it raises."""
    output = io.StringIO()
    signal.signal(signal.SIGVTALRM, too_long)
    try:
        with contextlib.redirect_stdout(output):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.1, 0.05)
            exec(code, module)
    except (Exception, TooLong):
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return re.sub(r"0x[0-9a-f]+", "0x", output.getvalue()[:2000])


def run_all(codes: list[str]) -> tuple[dict, list[str | None]]:
    module: dict = {"__name__": "page"}
    return module, [run(code, module) for code in codes]


def indented(text: str) -> str:
    return "\n".join("    " + line for line in text.split("\n"))


@st.composite
def programs(draw) -> list[str]:
    """Statements none of which raises, in an order in which they run."""
    done = [PRELUDE, draw(st.sampled_from(BEGIN))]
    module, _ = run_all(done)
    wild = draw(st.integers(0, 5)) == 0
    assigned = [f"{{x}} = {value}" for value in templates(VALUES)]
    kinds = [assigned, templates(SIMPLE), templates(DEFINITIONS), templates(SHOWN)]
    kinds += [templates(CORE)] * 3 + [templates(WILD)] * wild

    def statement() -> str:
        template = draw(st.sampled_from(draw(st.sampled_from(kinds))))
        there = [name for name in NAMES if name in module]
        slots = {"n": draw(st.integers(0, 9))}
        for slot in dict.fromkeys(
            s for _, s, _, _ in Formatter().parse(template) if s not in (None, "n")
        ):
            of_kind = [name for name in there if kind(module[name]) == KINDS.get(slot)]
            slots[slot] = draw(st.sampled_from(NAMES if slot in "xyz" else of_kind or there))
        return template.format(**slots)

    for _ in range(draw(st.integers(4, 16))):
        code = statement()
        if draw(st.integers(0, 4)) == 0:
            name = draw(st.sampled_from([name for name in NAMES if name in module]))
            wrapped = draw(st.sampled_from(WRAPPED))
            code = wrapped.format(name, indented(code), indented(statement()))
        if run(code, module) is None:
            module, _ = run_all(done)
        else:
            done.append(code)
    for name in draw(st.permutations(NAMES)):
        probe = PROBES.get(kind(module.get(name)), "print({})").format(name)
        if run(probe, module) is not None:
            done.append(probe)
    return done


@given(programs(), st.data())
@settings(
    deadline=None,
    max_examples=200,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_slice_prints_what_the_page_prints(parts, data):
    cuts = data.draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    codes = [parts[0]]
    for part, cut in zip(parts[1:], cuts[1:], strict=True):
        codes[len(codes) - cut :] = [f"{codes[-1]}\n{part}" if cut else part]
    blocks = page(*codes)
    whole = run_all(codes)[1]
    for at, needed in enumerate(slices(blocks)):
        assert all(number <= at for number in needed)
        alone = run_all([codes[number - 1] for number in needed] + [codes[at]])[1]
        assert alone[-1] == whole[at], (needed, at + 1)
