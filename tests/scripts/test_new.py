"""`make new`: three files that say what to write, and are refused until it is written."""

import re

import pytest

from scripts.catalog.leftovers import TODO

SUB = "01_reinforcement_learning/value_based"
PAGE, CODE, TEST = (
    f"docs/{SUB}/deep_q.md",
    "nexus/rl/value_based/deep_q.py",
    "tests/rl/value_based/test_deep_q.py",
)
FILLED = {
    r'"TODO\(new\): all authors[^"]*"': "Ann Author",
    r'"TODO\(new\): O\(…\)"': "O(n)",
    r"\[\]  # TODO\(new\): nexus.*": "[nexus.small.double]",
    r"  # TODO\(new\):.*": "",
    "TODO\\(new\\):": "Words about",
}


@pytest.fixture
def deep_q(checkout):
    cells = ("deep_q", 'Deep "Q": Networks', SUB.split("/")[0], SUB, "2013", "arXiv:1312.5602", "1")
    checkout.rows.append("\t".join((*cells, "02_attention_mechanisms")))
    checkout.row("other_one", "Another: One")
    return checkout


def test_the_row_fills_what_it_knows(deep_q):
    done = deep_q.run("scripts.new", "deep_q")
    assert done.returncode == 0, done.stderr
    assert f"make check PAGE={PAGE}" in done.stdout
    page, code = (deep_q.root / PAGE).read_text(), (deep_q.root / CODE).read_text()
    for told in ("year: 2013", 'arxiv: "1312.5602"', "also_in: [02_attention_mechanisms]"):
        assert told in page
    assert f"Source: {TODO} authors 2013, title, https://arxiv.org/abs/1312.5602" in code
    assert [line for line in page.split("\n") if line.startswith("## ")][9] == "## 10. References"
    order = ["matches(", "mark.law", "mark.worked", "refused", "def examples"]
    test = (deep_q.root / TEST).read_text()
    assert [test.index(part) for part in order] == sorted(test.index(part) for part in order)
    packages = [
        (deep_q.root / f"nexus/{name}/__init__.py").read_text() for name in ("rl", "rl/value_based")
    ]
    assert packages[0].endswith(
        'one package for each subcategory of 01_reinforcement_learning."""\n'
    )
    assert packages[1] == f'"""Value based: one module for each page of {SUB}."""\n'


def test_every_placeholder_is_a_problem_until_it_is_written(deep_q, problems):
    deep_q.run("scripts.new", "deep_q")
    found = problems()
    for path in (PAGE, CODE, TEST):
        text = (deep_q.root / path).read_text()
        lines = [at for at, line in enumerate(text.split("\n"), start=1) if TODO in line]
        assert lines and all(any(p.startswith(f"{path}:{at}: ") for p in found) for at in lines)
    assert f"{CODE}:1: still to write: what it is, in one sentence." in found
    for path in (PAGE, CODE, TEST):
        text = (deep_q.root / path).read_text()
        for pattern, words in FILLED.items():
            text = re.sub(pattern, words, text)
        deep_q.write(path, text)
    assert problems() == []


def test_nothing_is_ever_overwritten(deep_q):
    mine = deep_q.write(CODE, "x = 1\n")
    done = deep_q.run("scripts.new", "deep_q")
    assert done.returncode == 0 and f"{CODE} is there, and stays as it is" in done.stdout
    assert mine.read_text() == "x = 1\n" and (deep_q.root / PAGE).is_file()
    page = deep_q.write(PAGE, "mine\n")
    again = deep_q.run("scripts.new", "deep_q")
    assert again.returncode == 1 and "All three exist" in again.stdout
    assert page.read_text() == "mine\n"


@pytest.mark.parametrize(
    "slug, near", [("deepq", "deep_q"), ("networks", "deep_q"), ("zzz", "none comes near")]
)
def test_an_unknown_slug_is_refused_with_those_near_it(deep_q, slug, near):
    done = deep_q.run("scripts.new", slug)
    assert done.returncode == 1 and near in done.stdout
    assert not (deep_q.root / "nexus/rl").exists()
