"""A checkout of many made-up pages of six blocks, to time the scripts on."""

import shutil
from pathlib import Path

from scripts.catalog.records import PACKAGES, SECTIONS
from scripts.catalog.rows import COLUMNS, WITH_SUBFOLDERS

HERE = Path(__file__).parents[2]
BLOCKS = 6
FLAT = [c for c in PACKAGES if not c.startswith(WITH_SUBFOLDERS)]
MODULES = 40

MODULE = '''"""Part {number} of the made-up package."""

import torch


def scale(x: torch.Tensor) -> torch.Tensor:
    """{number} x."""
    return {number} * x
'''

BLOCK = """
```python
import torch
from nexus.made_up.part_{module:02d} import scale

x = torch.arange(6.0).reshape(2, 3) + {page}
y = scale(x).softmax(-1)
for step in range({steps}):
    y = (y @ torch.eye(3)).softmax(-1)
print({block}, [round(v, 4) for v in y.sum(0).tolist()])
assert torch.allclose(y.sum(-1), torch.ones(2))
```
"""

FRONT = """---
title: Page {page}
year: 2017
paper:
  title: A paper
  authors: [Ann Author]
  arxiv: "1706.03762"
implements: [nexus.made_up.part_{module:02d}.scale]
complexity: {{time: O(n), memory: O(1)}}
summary: Page {page} of many made-up ones.
---
"""

WORDS = """
Each row of $x$ becomes a distribution, $y_i = e^{{x_i}} / \\sum_j e^{{x_j}}$, so that its entries
are positive and sum to one. Page {page} says it in section {section}, with a
[link](page_{other:04d}.md) to another page, so that there is something to read, to check and to
render, about as much as on a real page of this length.

| quantity | value |
|---|---|
| rows | 2 |
| columns | 3 |
"""


def make(root: Path, pages: int, *, steps: int) -> None:
    """Write `pages` pages, their catalogue and their modules below `root`.

    A block does `steps` small matrix products: 0 for one that does nothing but exist, some
    thousands for the median block of a real page.
    """
    for number in range(MODULES):
        _write(root / f"nexus/made_up/part_{number:02d}.py", MODULE.format(number=number))
    _write(root / "nexus/made_up/__init__.py", '"""Made up."""\n')
    _write(root / "nexus/__init__.py", '"""Made up."""\n\n__version__ = "0"\n')
    shutil.copytree(HERE / "scripts", root / "scripts", dirs_exist_ok=True)
    shutil.copy(HERE / "constraints.txt", root)
    rows = ["\t".join(COLUMNS)]
    for number in range(pages):
        folder = _folder(number)
        cells = (f"page_{number:04d}", f"Page {number}", folder.split("/")[0], folder)
        rows.append("\t".join((*cells, "2017", "arXiv:1706.03762", "1", "")))
        _write(root / f"docs/{folder}/page_{number:04d}.md", _page(number, pages, steps))
        package = PACKAGES[folder]
        _write(root / f"nexus/{package}/__init__.py", '"""Made up."""\n')
        _write(root / f"nexus/{package}/page_{number:04d}.py", MODULE.format(number=number))
        _write(root / f"tests/{package}/test_page_{number:04d}.py", '"""Made up."""\n')
    _write(root / "docs/data/catalogue.tsv", "\n".join(rows) + "\n")


def _folder(number: int) -> str:
    return FLAT[number % len(FLAT)]


def _page(number: int, pages: int, steps: int) -> str:
    module = number % MODULES
    other = number + len(FLAT) if number + len(FLAT) < pages else number % len(FLAT)
    front = FRONT.format(page=number, module=module)
    text = front + f"# Page {number}\n"
    for at, title in enumerate(SECTIONS, start=1):
        text += f"\n## {at}. {title}\n" + WORDS.format(page=number, section=at, other=other)
        if at <= BLOCKS:
            text += BLOCK.format(module=module, page=number, block=at, steps=steps)
    return text


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
