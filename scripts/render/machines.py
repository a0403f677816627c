"""What stands beside the pages of a built site: for language models, notebooks, old addresses.

`python -m scripts.render.machines SITE/` puts it into a site that another generator has built.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.catalog.records import PACKAGES, Board, Document, Index, Notebook, Page
from scripts.render.blocks import fence
from scripts.render.index import heading
from scripts.render.links import named
from scripts.render.marks import marks
from scripts.render.navigation import navigation
from scripts.render.notebook import notebook
from scripts.render.places import FILLERS, PLACE
from scripts.render.plain import pieces, printed
from scripts.render.records import Site
from scripts.render.redirects import redirects
from scripts.render.site import load_site, paths, render
from scripts.render.text import relative
from scripts.render.unhtml import unhtml


def beside(site: Site) -> Iterator[tuple[str, str]]:
    """Each file by its path in the site, and its text."""
    for path in paths(site):
        below = path.removeprefix("docs/")
        yield below, markdown(site, path)
        document = site.catalogue.of_path(path)
        if isinstance(document, Page | Notebook):
            yield below.removesuffix(".md") + ".ipynb", notebook(site, document)
    yield "llms.txt", llms(site)
    yield from redirects(site)


def markdown(site: Site, path: str) -> str:
    """A page as Markdown, with what its blocks printed; links lead to the Markdown of others."""
    document = site.catalogue.of_path(path)
    if isinstance(document, Page):
        return _algorithm(site, document)
    if isinstance(document, Notebook | Board):
        return _text(site, document)
    if document is None or isinstance(document, Index):
        rendered = render(site, path)
        return unhtml(rendered.body) if rendered else ""
    return PLACE.sub(lambda place: _filled(site, place[1]), _text(site, document))


def _filled(site: Site, name: str) -> str:
    return unhtml(FILLERS[name](site)) if name in FILLERS else ""


def _text(site: Site, document: Document) -> str:
    """The document's Markdown; its blocks as plain fences, with their outputs."""
    record = (
        site.records.get(document.slug) if isinstance(document, Page | Notebook | Board) else None
    )
    ran = {block.number: block for block in record.blocks} if record else {}
    parts = []
    for piece in pieces(site, document, lambda target: relative(target, document.path)):
        if isinstance(piece, str):
            parts.append(piece)
            continue
        under = printed(piece, ran.get(piece.number))
        parts.append(fence(piece) + "\n" + (f"\n{under}" if under else ""))
    return "\n".join(parts)


def _algorithm(site: Site, page: Page) -> str:
    """What the head card says goes below the title."""
    front, paper = page.front, page.front.paper
    facts = {
        "Paper": f"{', '.join(paper.authors)}: {paper.title}, {front.year}, {paper.link}",
        "Also called": ", ".join(front.aliases),
        "Builds on": unhtml(", ".join(named(site.catalogue, front.prerequisites, page.path))),
        "Complexity": f"time {front.complexity.time}; memory {front.complexity.memory}",
        "Implementation": ", ".join(f"`{name}`" for name in front.implements),
    }
    for mark in marks(site, page):
        facts[mark.name if mark.earned else f"{mark.name} (not earned)"] = "; ".join(mark.figures)
    card = "".join(f"- {name}: {value.strip()}\n" for name, value in facts.items() if value)
    title, _, rest = _text(site, page).partition("\n")
    return f"{title}\n\n> {front.summary}\n\n{card}\n{rest.lstrip()}"


def llms(site: Site) -> str:
    """The site in outline, in the form that llmstxt.org describes."""
    parts = [
        "# Nexus\n",
        "> A knowledge base of AI algorithms in which every code block has been run: one page an "
        "algorithm, beside it a small PyTorch implementation and the tests that prove it.\n",
        "Each page is linked as Markdown, with what its blocks printed. The same address ending in "
        "`.html` is the page, in `.ipynb` its notebook. What a page claims of itself stands below "
        "its title: Runs, Lawful, Matches, Shows, each with the run that earned it.\n",
    ]
    for title, lines in _sections(site):
        parts.append(f"## {title}\n\n" + "".join(f"{line}\n" for line in lines))
    return "\n".join(parts)


def _sections(site: Site) -> Iterator[tuple[str, list[str]]]:
    """The start, each category that has pages, then what is beside; planned pages stay out."""
    catalogue, others = site.catalogue, []
    for folder in PACKAGES:
        pages = [page for page in catalogue.pages.values() if page.category == folder]
        index = catalogue.indexes.get(folder)
        about = f": {index.front.summary}" if index else ""
        others.append(_line(site, heading(catalogue, folder), f"{folder}/index.md") + about)
        pages.sort(key=lambda page: (page.front.year, page.front.title))
        if pages:
            yield (
                heading(catalogue, folder),
                [_line(site, p.front.title, p.path[5:]) + f": {p.front.summary}" for p in pages],
            )
    yield "Categories", others
    yield "Optional", [_line(site, title, path) for title, path in _optional(site)]


def _optional(site: Site) -> Iterator[tuple[str, str]]:
    """Paths, reference and shared code, in the order of the navigation."""

    def walk(entries: list, above: str) -> Iterator[tuple[str, str]]:
        for entry in entries:
            for title, inside in (
                {above: entry}.items() if isinstance(entry, str) else entry.items()
            ):
                if isinstance(inside, list):
                    yield from walk(inside, title)
                else:
                    yield title, inside

    for title, path in walk(navigation(site.catalogue), ""):
        if path.split("/")[0] not in PACKAGES:
            yield title, path


def _line(site: Site, title: str, path: str) -> str:
    return f"- [{title}]({site.url}{path})"


def write(site: Site, out: Path) -> None:
    """Put the files into a built site."""
    for path, text in beside(site):
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    given = [os.environ.get(name, "") for name in ("NEXUS_REPO", "NEXUS_URL")]
    write(load_site(Path.cwd(), *given)[0], Path(sys.argv[1]))
