"""A small checkout of its own for each test: two rows, a module, whatever pages the test writes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from scripts.catalog.records import SECTIONS
from scripts.catalog.rows import COLUMNS

HERE = Path(__file__).parents[2]
FOLDER = "02_attention_mechanisms"

MODULE = '''
"""A module to talk about."""

import math


def double(x: float) -> float:
    """2 x."""
    return math.fsum((x, x))


class Half:
    """x / 2."""

    def __call__(self, x: float) -> float:
        return x / 2
'''

FRONT = """
---
title: {title}
aliases: [AL]
year: 2017
paper:
  title: "A paper"
  authors: [Ann Author, Bob Builder]
  arxiv: "1706.03762"
implements: [nexus.small.double]
prerequisites: [{prerequisites}]
complexity: {{time: O(n), memory: O(1)}}
summary: It doubles a number, which is more than its half.
{extra}
---
"""

BLOCK = """
```python
from nexus.small import double

print(double(2.0))
assert double(2.0) == 4.0
```
"""


class Checkout:
    """A folder that the scripts take for the project's."""

    here = HERE

    def __init__(self, root: Path):
        self.root = root
        self.rows = ["\t".join(COLUMNS)]
        self.write("nexus/__init__.py", '"""Small."""\n\n__version__ = "0"\n')
        self.write("nexus/small.py", MODULE)
        self.write("nexus/attention/__init__.py", '"""Attention."""\n')
        self.row("planned_one", "Planned One")

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode())
        return file

    def row(
        self, slug: str, title: str, paper: str = "arXiv:1706.03762", also_in: str = ""
    ) -> None:
        cells = (slug, title, FOLDER, FOLDER, "2017", paper, "1", also_in)
        self.rows.append("\t".join(cells))
        self.write("docs/data/catalogue.tsv", "\n".join(self.rows) + "\n")

    def page(
        self, slug: str, body: str = BLOCK, *, prerequisites: str = "", extra: str = "", **sections
    ) -> str:
        """Write a page whose first section holds `body`; its path. The row is added too."""
        title = slug.replace("_", " ").title()
        self.row(slug, title)
        text = FRONT.format(title=title, prerequisites=prerequisites, extra=extra).lstrip("\n")
        text += f"# {title}\n"
        for number, name in enumerate(SECTIONS, start=1):
            text += f"\n## {number}. {name}\n"
            text += body if number == 1 else f"Words about {name}.\n"
        self.write(f"nexus/attention/{slug}.py", f'"""The module of {slug}."""\n')
        self.write(f"tests/attention/test_{slug}.py", f'"""The test of {slug}."""\n')
        path = f"docs/{FOLDER}/{slug}.md"
        self.write(path, text)
        return path

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def line_of(self, path: str, text: str) -> int:
        """The first line of a file that holds the text."""
        lines = (self.root / path).read_text().split("\n")
        return next(at for at, line in enumerate(lines, start=1) if text in line)

    def run(
        self, module: str, *arguments: str, before=None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """`python -m scripts.…` in this checkout; `before` is called in the new process first."""
        path = f"{self.root}{os.pathsep}{HERE}"
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": path, **variables},
            preexec_fn=before,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="session")
def checkout_at() -> Callable[[Path], Checkout]:
    """Makes a checkout in a folder, for tests that share one."""
    return Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def problems(checkout: Checkout) -> Callable[[], list[str]]:
    """What the catalogue says is wrong with the checkout, as lines."""
    from scripts.catalog import load

    return lambda: [str(p) for p in load(checkout.root).problems]
