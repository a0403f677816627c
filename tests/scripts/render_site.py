"""A small checkout to render: one module, one page, rows, and records made by hand."""

from pathlib import Path

import markdown
import yaml

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.catalog.records import SECTIONS
from scripts.render import Rendered, Site, render
from scripts.render.proofs import Proof
from scripts.verify.records import BlockRecord, Record

PATH = "docs/02_attention_mechanisms/alpha.md"
CONFIG = Path(__file__).parents[2] / "mkdocs.yml"
ROWS = """\
slug\ttitle\tcategory\tfolder\tyear\tpaper\ttier\talso_in
alpha\tAlpha_Net\t02_attention_mechanisms\t02_attention_mechanisms\t2021\tarXiv:2101.00001\t1\t
beta\tBeta\t02_attention_mechanisms\t02_attention_mechanisms\t2020\tarXiv:2001.00001\t1\t
gamma\tGamma <RL>\t{rl}\t{rl}/offline_rl\t1999\t\t2\t02_attention_mechanisms
""".replace("{rl}", "01_reinforcement_learning")
FRONT = """\
---
title: Alpha_Net
aliases: [AN, "A*"]
year: 2021
paper:
  title: "Alpha: $5 & *more*"
  authors: [A One, B Two, C Three, D Four, E Five, F Six, G Seven]
  arxiv: "2101.00001"
  venue: NeurIPS
implements: [nexus.alpha.double]
prerequisites: [beta]
complexity: {time: "O(n²)", memory: "O(n)"}
summary: It doubles what it is given, which is enough here.
---
# Alpha_Net

"""
MODULE = '''\
"""A module."""


def double(x: int) -> int:
    """Twice x.

    The text goes on.
    """
    y = x + \\
        x  # equation (7)
    return y
'''


def checkout(root: Path, body: str = "", **files: str) -> Path:
    """A checkout whose page has `body` in its first section; `files` are paths with __ for /."""
    sections = [f"## {at}. {title}\n\n" for at, title in enumerate(SECTIONS, start=1)]
    given = {
        "docs/data/catalogue.tsv": ROWS,
        PATH: FRONT + sections[0] + body + "\n\n" + "".join(sections[1:]),
        "nexus/__init__.py": "",
        "nexus/alpha.py": MODULE,
        "nexus/attention/__init__.py": "",
        "nexus/attention/alpha.py": "",
        "tests/attention/test_alpha.py": "",
    }
    for path, text in {**given, **files}.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def line_of(root: Path, text: str) -> int:
    """The line of the page on which a text stands."""
    return (root / PATH).read_text().split(text)[0].count("\n") + 1


def record(*blocks: BlockRecord, key: str = "k") -> Record:
    """A record of the page."""
    versions = {"python": "3.11.7", "torch": "2.13.0+cpu"}
    return Record(PATH, key, "2026-11-23", 2.13, 2.0, versions, "Linux x86_64", blocks)


def rendered(
    root: Path, *blocks: BlockRecord, path: str = PATH, repo: str = "", proof: Proof | None = None
) -> Rendered:
    """A page of the checkout, with what its blocks left behind and what is known of it beside."""
    records = {"alpha": record(*blocks)} if blocks else {}
    proofs = {"alpha": proof} if proof else {}
    found = render(Site(load(root), Names(root), records, repo, proofs), path)
    assert found is not None
    return found


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_multi_constructor("!", lambda loader, tag, node: None)


def html(body: str) -> str:
    """The Markdown as any generator with the extensions of mkdocs.yml makes it."""
    named = yaml.load(CONFIG.read_text(), _Loader)["markdown_extensions"]
    extensions = [name if isinstance(name, str) else next(iter(name)) for name in named]
    options = {k: v for name in named if isinstance(name, dict) for k, v in name.items()}
    return markdown.markdown(body, extensions=extensions, extension_configs=options)
