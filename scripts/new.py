"""`python -m scripts.new SLUG`: page, module and test of a row of the catalogue, still to write.

What is to be written stands there after the word TODO; the catalogue refuses a page while there
is one in any of its three files. Nothing that exists is touched.
"""

import json
import sys
from difflib import get_close_matches
from pathlib import Path

from scripts.catalog import Catalogue, Row, load
from scripts.catalog.front import paper_link
from scripts.catalog.leftovers import TODO
from scripts.catalog.records import PACKAGES, SECTIONS, module_of, test_of
from scripts.catalog.rows import PATH

SECTION = {
    "Overview & Motivation": (
        "the problem, the key idea, and by what factor this solves it, in numbers",
        "a block that prints such a number from nexus and asserts it",
        "when to use it, and when not",
    ),
    "Theoretical Background": ("where it comes from, and the concepts that it builds on",),
    "Mathematical Formulation": (
        "precise equations, the loss, the update rule; say what each symbol is",
        "complexity, with its derivation",
    ),
    "High-Level Intuition": ("a picture or an analogy that stays right when pressed",),
    "Implementation Details": (
        "a table of hyperparameters: choice, here, published; and the training procedure",
        "the API from the source: a line `:::` and the dotted name, for each name to document",
    ),
    "Code Walkthrough": (
        "the source from nexus: `:::` and the dotted name, with `notes:` tied to its text",
        "a usage example that runs",
    ),
    "Optimization Tricks": ("what makes it fast or stable, measured in a block where it can be",),
    "Experiments & Results": (
        "a @measured(seeds=5) experiment; its docstring is the claim, in one sentence",
        "a block that calls .all(), prints, draws, and asserts the claim for every seed",
        "ablations or scaling; what the paper reports, cited with its table",
    ),
    "Common Pitfalls": (
        "a table: symptom, cause, fix",
        "a block that shows one of them happen",
    ),
    "References": ("the paper, its ancestors, implementations, further reading",),
}

FRONT = """
---
title: {title}
aliases: []  # {todo} with the title: the acronym and the long form
year: {year}
paper:
  title: "{todo} the paper's title"
  authors: ["{todo} all authors, in order"]
  {paper}
implements: []  # {todo} {module}.NAME, for each name that stands for the algorithm
prerequisites: []  # {todo} slugs of the pages that a reader needs first
complexity: {{time: "{todo} O(…)", memory: "{todo} O(…)"}}
summary: "{todo} one sentence of 20 to 200 characters"{also}
---
# {heading}
"""

MODULE = '''
"""{todo} what it is, in one sentence.

Source: {todo} authors {year}, title, {link}, sections and equations.
Differs: {todo} every departure from the paper, and why.

Letters: {todo} b batch, n tokens, d width, …
"""
'''

TEST = '''
"""{todo} what {title} is held against, and the laws it must obey."""

import pytest


def test_it_matches(matches):
    pytest.fail("{todo} matches(oracle, ours, theirs, wrt=(x, *weights)), copied weights")


@pytest.mark.law("{todo} a law, in a sentence that the page shows")
def test_a_law():
    pytest.fail("{todo} a law: causality, a limit, a round trip, a known fixed point")


@pytest.mark.law("{todo} another law")
def test_another_law():
    pytest.fail("{todo} two laws at least")


@pytest.mark.worked("{todo} where the number is from: a number by hand, or printed in the paper")
def test_a_number_by_hand():
    pytest.fail("{todo} the number")


def test_what_cannot_be_is_refused():
    pytest.fail("{todo} bad input and the text of the error")


def examples():
    raise NotImplementedError("{todo} (partial(Name, …), (inputs,)) for each public name")
'''


def main(root: Path, slug: str) -> int:
    """Exit status 0 only if at least one of the three files was made."""
    catalogue = load(root)
    row = catalogue.rows.get(slug)
    if row is None:
        near = ", ".join(nearest(catalogue, slug)) or "none comes near"
        print(f"{PATH}:1: no row has the slug {slug!r}: {near}; add a row, or choose one")
        return 1
    made = [make(root, path, text) for path, text in files(catalogue, row).items()]
    if not any(made):
        print(f"All three exist; next: make check PAGE={row.path}")
        return 1
    for folder in packages(row):
        path = f"nexus/{folder}/__init__.py"
        make(root, path, f'"""{about(catalogue, row, folder)}"""\n')
    print(f"Write what stands after each {TODO[:-1]}, then: make check PAGE={row.path}")
    return 0


def nearest(catalogue: Catalogue, slug: str) -> list[str]:
    """The slugs that it may have been meant for: by spelling, or by a title that holds it."""
    words = slug.casefold().replace("_", " ").replace("-", " ")
    titled = [s for s, r in catalogue.rows.items() if words and words in r.title.casefold()]
    return [*dict.fromkeys([*get_close_matches(slug, catalogue.rows, 5, 0.7), *titled])][:8]


def make(root: Path, path: str, text: str) -> bool:
    """Write a file that is not there yet, and say so."""
    file = root / path
    if file.exists():
        print(f"{path} is there, and stays as it is")
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as new:
        new.write(text)
    print(f"{path} made")
    return True


def files(catalogue: Catalogue, row: Row) -> dict[str, str]:
    """The three files and what stands in them."""
    module = module_of(row.folder, row.slug)
    given = {"todo": TODO, "module": module, "year": row.year, "title": row.title}
    given |= {"link": paper_link(row.paper) or f"{TODO} its address"}
    return {
        row.path: page(row, given),
        module.replace(".", "/") + ".py": MODULE.lstrip("\n").format(**given),
        test_of(row.folder, row.slug): TEST.lstrip("\n").format(**given),
    }


def page(row: Row, given: dict) -> str:
    """Front matter from the row, then the ten sections with what each promises."""
    kind, _, key = row.paper.partition(":")
    paper = {"arXiv": f'arxiv: "{key}"', "doi": f'doi: "{key}"', "https": f'url: "{row.paper}"'}
    plain = set(row.title).isdisjoint(":#[]{}&*!|>'\"%@`,")
    quoted = row.title if plain else json.dumps(row.title, ensure_ascii=False)
    text = FRONT.lstrip("\n").format(
        **given | {"title": quoted},
        heading=row.title,
        paper=paper.get(kind, f'arxiv: "{TODO} or doi, or url; the row names none"'),
        also=f"\nalso_in: [{', '.join(row.also_in)}]" if row.also_in else "",
    )
    for number, name in enumerate(SECTIONS, start=1):
        promised = "\n\n".join(f"{TODO} {what.format(**given)}" for what in SECTION[name])
        text += f"\n## {number}. {name}\n{promised}\n"
    return text


def packages(row: Row) -> list[str]:
    """The folders of `nexus` on the way to its module."""
    parts = module_of(row.folder, row.slug).split(".")[1:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def about(catalogue: Catalogue, row: Row, folder: str) -> str:
    """The docstring of a package."""
    if folder == PACKAGES[row.category]:
        index = catalogue.indexes.get(row.category)
        name = index.front.title if index else row.category[3:].replace("_", " ")
        inside = "package for each subcategory" if "/" in row.folder else "module for each page"
        return f"{name[:1].upper()}{name[1:]}: one {inside} of {row.category}."
    name = row.folder.split("/")[1].replace("_", " ")
    return f"{name[:1].upper()}{name[1:]}: one module for each page of {row.folder}."


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make new SLUG=a_slug_of_the_catalogue (docs/data/catalogue.tsv)")
    sys.exit(main(Path.cwd(), sys.argv[1]))
