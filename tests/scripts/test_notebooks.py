"""Notebooks of `docs/notebooks`: run like pages, and shown from the `.ipynb` that readers get."""

import re

import nbformat
import pytest
from markdown import markdown

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.render import Site, render
from scripts.render.capstone import from_notebook
from scripts.render.machines import beside
from scripts.render.navigation import navigation
from scripts.render.notebook import notebook
from scripts.render.outputs import output
from scripts.render.search import search_index
from scripts.verify.records import BlockRecord, Figure, Record

PATH = "docs/notebooks/a_capstone.md"
TEXT = """\
---
title: A Capstone
summary: It doubles twice, and shows what it has got.
---
# A Capstone

On [first](../02_attention_mechanisms/first_one.md), $a<b$.

## Twice

```python
from nexus.small import double

print(double(2.0))
assert double(2.0) == 4.0
```

```python {varies}
import matplotlib.pyplot as plt

plt.plot([double(1.0), 3.0])
plt.suptitle("Up & up")
```

```python {raises=TypeError}
double("x")
```
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path d="M0 0"/></svg>'
RAN = (
    BlockRecord(1, 13, "passed", stdout="4.0\n <b>\n", warnings=("W: one", "W: two")),
    BlockRecord(2, 20, "passed", figures=(Figure("Up & up", SVG, None, 20, 10),)),
    BlockRecord(3, 26, "passed", raised="TypeError: a: b\n\nc"),
)


@pytest.fixture
def written(checkout):
    checkout.page("first_one")
    checkout.write(PATH, TEXT)
    return checkout


def site(root, *blocks: BlockRecord, url: str = "") -> Site:
    versions = {"python": "3.11.7", "torch": "2.13.0"}
    record = Record(PATH, "k", "2026-11-24", 1.5, 1.0, versions, "Linux", blocks)
    return Site(load(root), Names(root), {"a_capstone": record}, "", {}, url)


def book(site: Site):
    return nbformat.reads(notebook(site, site.catalogue.notebooks["a_capstone"]), as_version=4)


def test_a_notebook_is_run_and_a_wrong_claim_is_told_with_its_line(written):
    good = written.run("scripts.verify", PATH)
    assert good.returncode == 0 and "3 blocks: 3 passed" in good.stdout, good.stdout
    assert "1 cached" not in good.stdout and "3 cached" in written.run("scripts.verify").stdout
    written.edit(PATH, "== 4.0", "== 5.0")
    bad = written.run("scripts.verify")
    assert bad.returncode == 1
    line = written.line_of(PATH, "== 5.0")
    assert f"{PATH}:{line}: AssertionError: assert 4.0 == 5.0" in bad.stdout


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("title: A Capstone", "title: Another", "the title is not 'Another'"),
        ("summary:", "about:", "the front matter lacks 'summary'"),
        ("first_one.md", "nowhere.md", "dead link to"),
        ("import double", "import triple", "has no 'triple'"),
        ("```python {varies}", "```py", "Python fence"),
    ],
)
def test_what_is_wrong_with_it_is_named(written, problems, old, new, said):
    assert problems() == []
    written.edit(PATH, old, new)
    assert any(line.startswith(f"{PATH}:") and said in line for line in problems())


def test_it_may_not_be_called_as_an_algorithm_is(written, problems):
    written.write("docs/notebooks/first_one.md", TEXT)
    assert [line for line in problems() if "is that of an algorithm" in line]


def test_the_notebook_has_its_outputs_and_is_always_the_same(written):
    made = site(written.root, *RAN)
    found = book(made)
    nbformat.validate(found)
    assert found == book(made)
    printed, drawn, raising = (c for c in found.cells if c.cell_type == "code")
    assert [(o.name, o.text) for o in printed.outputs] == [
        ("stdout", "4.0\n <b>\n"),
        ("stderr", "W: one\nW: two"),
    ]
    assert drawn.outputs[0].data["image/svg+xml"] == SVG and drawn.metadata.tags == ["varies"]
    assert drawn.outputs[0].metadata["image/svg+xml"]["width"] == 20
    assert raising.outputs[0].ename == "TypeError" and raising.metadata.tags == ["raises-exception"]
    assert all(not c.outputs for c in book(site(written.root)).cells if c.cell_type == "code")


@pytest.mark.parametrize("url", ["", "https://a.example/n/"])
def test_the_page_is_the_notebook_and_shows_what_any_page_would(written, url):
    made = site(written.root, *RAN, url=url)
    text = from_notebook(made, book(made))
    assert text.startswith("# A Capstone\n\n") and "as a notebook" not in text
    assert text.index("A Capstone") < text.index("nx-lede") < text.index("On [first]")
    assert "[first](../02_attention_mechanisms/first_one.html)" in text
    assert "Run from top to bottom: 3 blocks, 1.5 s, torch 2.13.0" in text
    for block, ran in zip(made.catalogue.notebooks["a_capstone"].blocks, RAN, strict=True):
        assert output(block, ran) in text
        assert f"{{ .python #block-{block.number} .nx-block }}\n{block.code}```" in text
    rendered = render(made, PATH)
    assert (
        rendered
        and rendered.problems == ()
        and output(made.catalogue.notebooks["a_capstone"].blocks[0], RAN[0]) in rendered.body
    )


PIXELS = Figure("Up", None, "UklGRg==", 20, 10)


def test_all_figures_no_vector_among_them_and_a_failure_survive_too(written):
    ran = (
        BlockRecord(1, 13, "failed", error="docs/x.md:14: AssertionError: no"),
        BlockRecord(2, 20, "passed", figures=(PIXELS, Figure("Down", SVG, None, 30, 10))),
    )
    made = site(written.root, *ran)
    text = from_notebook(made, book(made))
    for block, each in zip(made.catalogue.notebooks["a_capstone"].blocks, ran, strict=False):
        assert output(block, each) in text
    assert "Run from top" not in text and "not verified" in text


def test_it_stands_in_navigation_search_and_beside_the_page(written):
    made = site(written.root, *RAN)
    assert {"Notebooks": [{"A Capstone": "notebooks/a_capstone.md"}]} in navigation(made.catalogue)
    assert '"u":"notebooks/a_capstone.html","t":"A Capstone","c":"Notebook"' in search_index(made)
    files = dict(beside(made))
    assert "Output:\n\n```text\n4.0\n <b>\n```" in files["notebooks/a_capstone.md"]
    assert nbformat.reads(files["notebooks/a_capstone.ipynb"], as_version=4) == book(made)
    assert re.search(r"\(notebooks/a_capstone.md\)", files["llms.txt"])
    assert "<h1>" in markdown(from_notebook(made, book(made)))
