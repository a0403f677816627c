"""The quick reference: what is written, by area, a line a method, from the front matter alone."""

from collections.abc import Iterator

from scripts.catalog.records import PACKAGES, Page
from scripts.render.index import heading
from scripts.render.records import Site
from scripts.render.text import inline, link, relative

PAGE = "docs/quick_reference.md"
HEAD = ("Method", "In one line", "Time", "Memory")


def quick_reference(site: Site) -> str:
    """A table a category, then the categories in which nothing is written yet."""
    parts, empty = [], []
    for folder in PACKAGES:
        title = heading(site.catalogue, folder)
        index = relative(f"docs/{folder}/index.md", PAGE)
        pages = sorted(
            (page for page in site.catalogue.pages.values() if page.category == folder),
            key=lambda page: (page.folder, page.front.year, page.front.title),
        )
        if pages:
            parts += [f"## {inline(title)}", _table(title, pages)]
        else:
            empty.append(link(title, index))
    if empty:
        none = f"Nothing is written yet in: {', '.join(empty)}."
        parts.append(f'<p class="nx-note" markdown="span">{none}</p>')
    return "\n\n".join(parts) + "\n"


def _table(title: str, pages: list[Page]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
    body = "".join(_rows(pages))
    return (
        f'<div class="nx-scroll" tabindex="0" role="region" aria-label="{inline(title)}" '
        'markdown="1">\n<table class="nx-quick" markdown="1">\n'
        f'<thead><tr>{head}</tr></thead>\n<tbody markdown="1">\n{body}</tbody>\n</table>\n</div>'
    )


def _rows(pages: list[Page]) -> Iterator[str]:
    for page in pages:
        front = page.front
        cells = [
            f"{link(front.title, relative(page.path, PAGE))}",
            inline(front.summary),
            inline(front.complexity.time),
            inline(front.complexity.memory),
        ]
        inside = "".join(f'<td markdown="span">{cell}</td>' for cell in cells)
        yield f'<tr markdown="1">{inside}</tr>\n'
