"""`make mutants`: which faults are made, which are noticed, and what is kept of it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from cosmic_ray.ast import get_ast

from scripts.mutants import __main__ as command
from scripts.mutants import checkout, records, runner
from scripts.mutants.checkout import Subject
from scripts.mutants.generate import Mutant, mutants
from scripts.mutants.operators import tensors

ROOT = Path(__file__).parents[2]
SUBJECT = Subject("nexus/small.py", "tests/test_small.py")

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
CLASS = """
class Mixer(nn.Module):
    def __init__(self, dim: int, heads: int):
        self.to_q = nn.Linear(dim, dim)
        self.to_k = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.heads, self.width = heads, dim // heads

    def forward(self, x):
        return CODE
"""


def made(operator, code):
    """What an operator makes of a line of code, with the imports that such code has."""
    code = HEAD + code + "\n"
    tree = get_ast(code)
    assert operator in tensors(tree), "no such operator"
    return [m.after for m in mutants(code) if m.operator == operator]


@pytest.mark.parametrize(
    "operator, code, expected",
    [
        ("swapped", "f(q, k, v)", ["f(k, q, v)", "f(q, v, k)"]),
        ("swapped", "f(x, a=one, b=two)", ["f(x, a=two, b=one)"]),
        ("swapped", "x.transpose(1, 2)", []),
        ("swapped", "x.permute(0, 2, 1)", ["x.permute(0, 1, 2)", "x.permute(2, 0, 1)"]),
        ("swapped", "x[:, None]", ["x[None, :]"]),
        ("swapped", "a, b = c, d", ["a, b = d, c"]),
        ("swapped", "a, b = f(x)", ["b, a = f(x)"]),
        ("swapped", "a, b = (f() for _ in 'ab')", []),
        ("swapped", "x in (a, b)", []),
        ("swapped", 'torch.einsum("nc,mc->nm", q, k)', ['torch.einsum("nc,mc->nm", k, q)']),
        ("other_function", "x.mean(1)", ["x.sum(1)"]),
        ("other_function", "torch.amax(x, -1)", ["torch.amin(x, -1)"]),
        ("other_function", "x.softmax(-1)", ["x.log_softmax(-1)", "x.sigmoid(-1)"]),
        ("other_function", "x.triu(1)", ["x.tril(1)"]),
        ("other_function", "max(a, b)", ["min(a, b)"]),
        ("other_function", "self.max = sum", []),
        ("reduced_whole", "x.sum(-1)", ["x.sum()"]),
        ("reduced_whole", "x.cumsum(-1)", []),
        ("dropped_call", "x.exp().sum(1)", ["x.exp()", "x.sum(1)"]),
        ("dropped_call", "x.clamp(0, 1)", ["x"]),
        ("dropped_call", "x.masked_fill(m, 0.0)", ["x"]),
        ("dropped_call", "x.detach()", ["x"]),
        ("dropped_call", "torch.randn(3)", []),
        ("skipped_function", "F.softplus(x) + 1", ["x + 1"]),
        ("skipped_function", "math(a + b).exp()", ["(a + b).exp()"]),
        ("skipped_function", "len(x) + Mixer(x) + torch.zeros(x) + int(x)", []),
        ("skipped_function", "torch.where(m, a, b)", []),
        ("dropped_keyword", "x.sum(-1, keepdim=True)", ["x.sum(-1)"]),
        ("dropped_keyword", "torch.ones(2, device=x.device)", []),
        ("dropped_keyword", "zip(a, b, strict=True)", []),
        ("dropped_term", "y = a - b + c", ["y = (a + c)", "y = (a - b)"]),
        ("dropped_term", "y = a * b", ["y = (a)", "y = (b)"]),
        ("dropped_term", "y = a / b", ["y = (a)"]),
        ("dropped_term", "y = x**2", ["y = (x)"]),
        ("dropped_term", "y = a if c else b", ["y = (a)", "y = (b)"]),
        ("other_branch", "torch.where(m, a, b)", ["(a)", "(b)"]),
        ("dropped_statement", "x = x + y", ["pass"]),
        ("dropped_statement", "x += y", ["pass"]),
        ("dropped_statement", "x = y", []),
        ("dropped_statement", "nn.init.zeros_(x)", ["pass"]),
        ("dropped_statement", 'raise ValueError("no")', ["pass"]),
        ("other_letters", 'torch.einsum("ab,b->a", x, y)', ['torch.einsum("ba,b->a", x, y)']),
        ("inverted_mask", "f(x, mask)", ["f(x, ~mask)"]),
        ("inverted_mask", "f(x, m=mask)", ["f(x, m=~mask)"]),
        ("inverted_mask", "f(x, mask(q, k))", ["f(x, ~mask(q, k))"]),
    ],
)
def test_an_operator_makes_just_these_faults(operator, code, expected):
    assert made(operator, code) == expected


def test_a_context_is_left_out():
    (after,) = made("dropped_context", "with torch.no_grad(): f()")
    assert after == "with __import__('contextlib').nullcontext(): f()"


X = "x: Float[Tensor, 'n'])"
QK = "q: Float[T, 'n'], k: Float[T, 'n'], m: int)"
TUPLE = "class C(NamedTuple):\n    k: Float[T, 'n']\n    v: Float[T, 'm']\nc.k"


def within(signature, body):
    return f"def f({signature}:\n    {body}\n"


def mixer(code):
    return CLASS.replace("CODE", code)


@pytest.mark.parametrize(
    "operator, code, expected",
    [
        ("other_result", within("x) -> Float[T, 'n']", "return x"), ["-(x)", "2 * (x)"]),
        ("other_result", within("x) -> Bool[T, 'n']", "return x"), ["~(x)"]),
        ("other_result", within("x) -> str", "return x"), []),
        ("other_result", within("x)", "return Cache(x)"), []),
        ("other_result", "f = lambda x: x", ["f = lambda x: -(x)"]),
        ("detached", within(X, "y = x.exp()"), ["y = (x.exp()).detach()", "y = x.detach().exp()"]),
        ("detached", within(X, "y = x.argmax(-1)"), ["y = x.detach().argmax(-1)"]),
        ("detached", within(X, "y = x.shape[0]"), []),
        ("detached", within(X, "return x.exp().detach()"), []),
        ("detached", within(X, "y = (x > 0).all()"), []),
        ("detached", within("m: Bool[Tensor, 'n'])", "y = m[0]"), []),
        ("detached", "@torch.no_grad()\n" + within(X, "return x"), []),
        ("other_parameter", within(QK, "g(q)"), ["g(k)"]),
        ("other_parameter", within(QK, "q.shape"), []),
        ("other_attribute", mixer("self.to_q(x)"), ["self.to_k(x)"]),
        ("other_attribute", mixer("self.to_q.weight.new_zeros(3)"), []),
        ("other_attribute", mixer("self.norm(x)"), []),
        ("other_attribute", mixer("x.view(self.heads)"), ["x.view(self.width)"]),
        ("other_attribute", TUPLE, ["c.v"]),
    ],
)
def test_an_operator_reads_what_stands_around(operator, code, expected):
    assert [after.removeprefix("return ") for after in made(operator, code)] == expected


UNTOUCHED = '''
"""At least 1 thing, and not 2."""

import math as m
from typing import Callable, TYPE_CHECKING

if TYPE_CHECKING:
    from a import b

NAME: tuple[1, 2]


class Thing:
    """3 words."""

    def __repr__(self):
        return f"{1 + 2}"


def kept(*, one: "int | None", two: Callable[[int, str], 1]) -> "a + b":
    """4 words, and True."""
    raise ValueError(f"{one + 1} is not {two - 1}", one * 2, -1)


@dataclass(frozen=True)
class Settings:
    """5 words."""

    pairs: list = zip(Thing, strict=True)
'''


def test_texts_annotations_and_imports_are_left_alone():
    shown = [(m.before.split("(")[0], m.after) for m in mutants(UNTOUCHED)]
    assert shown == [("raise ValueError", "pass"), ("@dataclass", "")]  # left out, not changed


def test_no_two_mutants_are_the_same_and_none_is_the_source():
    assert made("detached", within(X, "return x")) == ["return (x).detach()"]  # not x.detach()
    afters = [m.after for m in mutants("y = x[-0]\n")]
    assert afters == ["y = x[--1]", "y = x[-1]"]  # without the sign it is the source
    found = mutants((ROOT / "nexus/nn/masks.py").read_text())
    bare = [re.sub(r"[\s()]", "", m.source) for m in found]
    assert len(found) >= 40 and len({m.source for m in found}) == len(found)
    assert len(bare) - len(set(bare)) < len(found) / 20  # brackets alone seldom tell two apart


def test_each_is_shown_as_its_lines_before_and_after():
    found = mutants("def f(x):\n    g(\n        x,\n        a=1,\n    )\n")
    shown = [(m.line, m.before, m.after) for m in found]
    assert (2, "g(\nx,\na=1,\n)", "pass") in shown
    assert (4, "a=1,", "a=2,") in shown


@pytest.mark.parametrize("count", [0, 1, 5, 8, 100])
def test_a_sample_is_spread(count):
    order = runner.spread(count)
    assert sorted(order) == [*range(count)]
    assert all(abs(sum(order[:n]) / n - (count - 1) / 2) <= count / n for n in range(1, count))


SMALL = '''
"""A module to break."""


def clipped(x: float, low: float) -> float:
    """The larger of x and low."""
    if x < low:
        return low
    return x


def count(n: int) -> int:
    """n, the slow way."""
    total = 0
    while total < n:
        total += 1
    return total
'''
STRONG = """
from nexus.small import clipped, count

def test_small():
    assert [clipped(x, 2) for x in (1, 2.5, 2)] == [2, 2.5, 2]
    assert str(clipped(2, 2.0)) == "2"
    assert [count(n) for n in (0, 1, 5)] == [0, 1, 5]
    assert count(-1) == 0
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A checkout with one module; give it tests, get their run."""
    for name, text in {
        "nexus/__init__.py": "",
        "nexus/small.py": SMALL,
        "docs/01_x/small.md": "",
        "docs/data/keep": "",
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tests").mkdir()
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    monkeypatch.setattr(runner, "LEAST_SECONDS", 2.0)
    monkeypatch.chdir(tmp_path)

    def tried(test, seconds=60.0):
        (tmp_path / SUBJECT.test).write_text(dedent(test))
        return command.tried(tmp_path, "small", seconds)

    return tried


def test_strong_tests_catch_all_and_endless_loops_end(small, tmp_path, capsys):
    assert small(STRONG) == 0
    kept = records.read(records.place(tmp_path, SUBJECT))
    assert kept and kept.survivors == () and kept.caught == kept.sampled == kept.mutants > 15
    assert kept.timeouts >= 1  # total += 0, or the update dropped
    assert f"caught {kept.caught} of {kept.mutants} (100.0 %)" in capsys.readouterr().out
    assert records.stale(tmp_path) == records.missing(tmp_path) == []


def test_weak_tests_leave_just_what_they_do_not_see(small, tmp_path, capsys):
    weak = STRONG.replace('    assert str(clipped(2, 2.0)) == "2"\n', "")
    assert small(weak.replace("    assert count(-1) == 0\n", "")) == 1
    file = records.place(tmp_path, SUBJECT)
    kept = records.read(file)
    assert kept and [(s.line, s.after, s.operator) for s in kept.survivors] == [
        (7, "if x <= low:", "ReplaceComparisonOperator_Lt_LtE"),
        (14, "total = -1", "NumberReplacer"),
    ]
    out = capsys.readouterr().out
    assert "nexus/small.py:7  ReplaceComparisonOperator_Lt_LtE\n  - if x < low:" in out
    assert len(kept.wrong()) == 3  # neither is explained, and too few are caught


def test_reasons_are_carried_over_to_the_next_run(tmp_path):
    one, two = (Mutant(line, "x < y", after, "op", "") for line, after in ((7, "x"), (8, "y")))
    file = records.place(tmp_path, SUBJECT)
    file.parent.mkdir(parents=True)
    ends = [runner.Outcome(one, "survived"), runner.Outcome(two, "timeout")]
    first = records.record(tmp_path, SUBJECT, runner.Run(ends, 9, 1.0, 1.0), "key")
    assert (first.mutants, first.sampled, first.caught, first.timeouts) == (9, 2, 1, 1)
    records.write(file, replace(first, survivors=(replace(first.survivors[0], why="equal"),)))
    moved = runner.Outcome(replace(one, line=70), "survived")
    ends = [moved, runner.Outcome(two, "survived")]
    again = records.record(tmp_path, SUBJECT, runner.Run(ends, 9, 1.0, 1.0), "key")
    assert [(s.line, s.why) for s in again.survivors] == [(70, "equal"), (8, "")]
    assert not [*tmp_path.rglob(".*.json.*")]


def test_where_the_tests_fail_anyway_nothing_is_concluded(small, tmp_path, capsys):
    assert small(STRONG.replace("== 0", "== 1") + "    assert count(1) == 2\n") == 2
    assert "the tests fail without any mutant" in capsys.readouterr().out
    assert not records.place(tmp_path, SUBJECT).exists()


def test_a_run_that_is_cut_off_writes_nothing(small, tmp_path, monkeypatch):
    def interrupted(self, mutant, limit):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner._Trial, "_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small(STRONG)
    assert not records.place(tmp_path, SUBJECT).exists()


def test_no_bytecode_of_a_mutant_is_left_to_pass_for_the_next(small, tmp_path):
    (tmp_path / SUBJECT.test).write_text(STRONG)
    with checkout.copy(tmp_path) as folder:
        worker = checkout.Worker(folder, [])
        answer = worker.run(SUBJECT.module, SMALL, [SUBJECT.test], 60.0, compiled=True)
        worker.close()
        left = [path.name.split(".")[0] for path in folder.glob("*/__pycache__/*")]
    assert answer["status"] == 0 and sorted(left) == ["__init__", "test_small"]


def test_bounded_time_makes_a_sample_that_says_so(small, tmp_path, capsys):
    small(STRONG, seconds=0.0)
    kept = records.read(records.place(tmp_path, SUBJECT))
    assert kept and kept.sampled < kept.mutants
    assert f"{kept.sampled} of {kept.mutants} mutants were tried" in capsys.readouterr().out


def test_the_check_reads_what_is_on_record(small, tmp_path):
    assert len(records.missing(tmp_path)) == 0  # no test file yet: not a subject
    (tmp_path / SUBJECT.test).write_text(STRONG)
    assert "never run: make mutants SLUG=small" in records.missing(tmp_path)[0]
    survivor = records.Survivor(7, "a", "b", "swapped", "equal")
    key = records.key(tmp_path, SUBJECT)
    kept = records.Record(SUBJECT.module, key, "2026-01-01", 40, 40, 39, 0, (survivor,))
    file = records.place(tmp_path, SUBJECT)

    def problems(record):
        records.write(file, record)
        return records.stale(tmp_path)

    assert problems(kept) == []
    assert "has no `why`" in problems(replace(kept, survivors=(replace(survivor, why=" "),)))[0]
    assert "37 of 40 mutants are caught" in problems(replace(kept, caught=37))[0]
    module = tmp_path / SUBJECT.module
    module.write_text(SMALL.replace("A module", "# A module\n\nA module").replace("slow", "long"))
    assert problems(kept) == []  # words alone
    module.write_text(SMALL.replace("x < low", "x <= low"))
    assert "of another version: make mutants SLUG=small" in problems(kept)[0]


def test_the_mutants_of_the_pages_are_caught_or_explained():
    assert records.stale(ROOT) == []
    for file in (ROOT / "docs" / "data").glob("*.mutants.json"):
        slug = file.name.removesuffix(".mutants.json")
        assert records.subject(ROOT, slug), f"{file.name}: no module of this name has a test"
        assert json.loads(file.read_text())["module"].endswith(f"/{slug}.py")


def test_the_mutants_of_every_page_were_run():
    assert records.missing(ROOT) == []
