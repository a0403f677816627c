"""What search finds: a slim index of all there is, made from `Site`, and full text by Pagefind."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.catalog.records import PACKAGES, SECTIONS, Board, Document, Page, Row
from scripts.render.index import anchor, heading
from scripts.render.records import Site

INDEX = "assets/search-index.js"
TIER = 1
"""Rows of this tier are found before they have a page."""
EXCLUDED = (
    ".headerlink, .linenos, .linenodiv, .katex-display, .katex-html, semantics > mrow, svg, "
    ".md-content__button, .md-code__nav, .nx-actions, .nx-badges, .nx-plan, .nx-find"
)
"""Of formulas in a line their TeX stays: a sentence without its letters cannot be read."""
UNUSED = ("pagefind-*ui*", "pagefind-highlight.js")
"""Boxes of Pagefind's own; ours is the theme's."""
PARENTHESES = re.compile(r"^(.*\S)\s+\(([^()]+)\)$")
SHORT = 24
HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[\W_]+")


def search_index(site: Site) -> str:
    """The slim index as a script, so that it loads from a disk too; fields without text are out."""
    entries = [{k: v for k, v in entry.items() if v} for entry in _entries(site)]
    data = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    return f"window.nexusIndex={data}\n"


def address(index: str) -> str:
    """Where the index stands; it changes with what is in it, so that no old one is kept."""
    return f"{INDEX}?{hashlib.sha256(index.encode()).hexdigest()[:10]}"


def _entries(site: Site) -> Iterator[dict]:
    """`u` address, `t` title, `a` aliases, `z` other spellings, `w` authors, `x` paper, `y` year,
    `c` category, `s` summary, `h` headings, `p` planned.
    """
    catalogue = site.catalogue
    for page in catalogue.pages.values():
        yield _written(site, page)
    for row in catalogue.rows.values():
        if row.tier == TIER and row.slug not in catalogue.pages:
            yield _planned(site, row)
    for folder in dict.fromkeys([*PACKAGES, *catalogue.indexes]):
        index = catalogue.indexes.get(folder)
        summary = index.front.summary if index else ""
        title = heading(catalogue, folder)
        yield {"u": f"{folder}/index.html", "t": title, "c": "Category", "s": summary}
    for path in catalogue.paths:
        found = {"u": _html(path.path), "t": path.title, "c": "Learning path", "s": path.summary}
        yield found | {"h": " · ".join(week.title for week in path.weeks)}
    for document in [*catalogue.notebooks.values(), *catalogue.boards.values()]:
        yield {
            "u": _html(document.path),
            "t": document.front.title,
            "c": "Leaderboard" if isinstance(document, Board) else "Notebook",
            "s": document.front.summary,
            "h": " · ".join(_headings(document)),
        }
    for document in catalogue.others.values():
        yield _other(document)


def _written(site: Site, page: Page) -> dict:
    front = page.front
    return {
        "u": _html(page.path),
        "t": front.title,
        "a": front.aliases,
        "z": spellings([front.title, *front.aliases]),
        "w": ", ".join(front.paper.authors),
        "x": front.paper.arxiv,
        "y": front.year,
        "c": heading(site.catalogue, page.category),
        "s": front.summary,
        "h": " · ".join([front.paper.title, *_headings(page)]),
    }


def _planned(site: Site, row: Row) -> dict:
    aliases = title_aliases(row.title)
    return {
        "u": f"{row.category}/index.html#{anchor(row)}",
        "t": row.title,
        "a": aliases,
        "z": spellings([row.title, *aliases]),
        "x": row.paper.removeprefix("arXiv:") if row.paper.startswith("arXiv:") else "",
        "y": row.year,
        "c": heading(site.catalogue, row.category),
        "p": 1,
    }


def _other(document: Document) -> dict:
    first = next((h.text for h in document.headings if h.level == 1), document.slug)
    title = str(document.meta.get("title", first)).replace("`", "")
    about = str(document.meta.get("description", ""))
    return {"u": _html(document.path), "t": title, "s": about, "h": " · ".join(_headings(document))}


def _headings(document: Document) -> list[str]:
    """What a page says in its own headings; those that all pages share tell nothing."""
    texts = (re.sub(r"^\d+\. |`", "", h.text) for h in document.headings if h.level > 1)
    return [text for text in texts if text not in SECTIONS]


def title_aliases(title: str) -> list[str]:
    """`PPO` and the long form, of a title that has the one in parentheses after the other."""
    found = PARENTHESES.match(title)
    return [found[2], found[1]] if found else []


def spellings(names: list[str]) -> str:
    """Names as one may type them: `U-Net` as `UNet`, `RMSNorm` as `RMS Norm`."""
    found: dict[str, None] = {}
    for name in names:
        parts = [part for part in HUMPS.split(name) if part]
        if len(parts) > 1 and len(name) < SHORT:
            found |= dict.fromkeys(["".join(parts), " ".join(parts)])
    return " ".join(each for each in found if each not in names)


def _html(path: str) -> str:
    return path.removeprefix("docs/").removesuffix(".md") + ".html"


def full_text(site: Path) -> None:
    """Index the articles of a built site with Pagefind, into `pagefind/` in it.

    Raises:
        subprocess.CalledProcessError: Pagefind fails.
    """
    command = [sys.executable, "-m", "pagefind", "--site", str(site), "--quiet"]
    command += ["--root-selector", "article.md-content__inner", "--keep-index-url"]
    subprocess.run([*command, "--exclude-selectors", EXCLUDED], check=True, capture_output=True)
    for name in UNUSED:
        for file in (site / "pagefind").glob(name):
            file.unlink()


def borrowed(last: Path, site: Path) -> None:
    """While `serve` runs there is the full text of the last build: old beats none."""
    if last.is_dir() and not (site / last.name).exists():
        shutil.copytree(last, site / last.name)
