"""A checkout of many made-up pages of six blocks, to time the scripts on."""

import shutil
from pathlib import Path

from scripts.catalog.records import PACKAGES, SECTIONS
from scripts.catalog.rows import COLUMNS

HERE = Path(__file__).parents[2]
BLOCKS = 6
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
print({block}, [round(v, 4) for v in y.sum(0).tolist()])
assert torch.allclose(y.sum(-1), torch.ones(2))
```
"""

WORDS = """
Each row of $x$ becomes a distribution, $y_i = e^{{x_i}} / \\sum_j e^{{x_j}}$, so that its entries are positive and
sum to one. Page {page} says it in section {section}, with a [link](page_{other:04d}.md) to another page, so
that there is something to read, to check and to render, about as much as on a real page of this length.

| quantity | value |
|---|---|
| rows | 2 |
| columns | 3 |
"""


def make(root: Path, pages: int) -> None:
    """Write `pages` pages, their catalogue and their modules below `root`."""
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
        _write(root / f"docs/{folder}/page_{number:04d}.md", _page(number, pages))
    _write(root / "docs/data/catalogue.tsv", "\n".join(rows) + "\n")


def _folder(number: int) -> str:
    flat = [c for c in PACKAGES if not c.startswith(("01", "06", "08", "09", "10", "11"))]
    return flat[number % len(flat)]


def _page(number: int, pages: int) -> str:
    module = number % MODULES
    step = sum(not c.startswith(("01", "06", "08", "09", "10", "11")) for c in PACKAGES)
    other = number + step if number + step < pages else number % step
    front = (
        f"---\ntitle: Page {number}\nyear: 2017\npaper:\n  title: A paper\n  authors: [Ann Author]\n"
        f'  arxiv: "1706.03762"\nimplements: [nexus.made_up.part_{module:02d}.scale]\n'
        f"complexity: {{time: O(n), memory: O(1)}}\nsummary: Page {number} of many made-up ones.\n---\n"
    )
    text = front + f"# Page {number}\n"
    for at, title in enumerate(SECTIONS, start=1):
        text += f"\n## {at}. {title}\n" + WORDS.format(page=number, section=at, other=other)
        if at <= BLOCKS:
            text += BLOCK.format(module=module, page=number, block=at)
    return text


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
