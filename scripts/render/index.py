"""A category's introduction with its tables: pages that are written, then rows that are planned."""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from scripts.catalog.front import paper_link
from scripts.catalog.records import Catalogue, Page, Row
from scripts.render.boards import on_index
from scripts.render.marks import badges, marks
from scripts.render.page import content
from scripts.render.pathmap import family
from scripts.render.paths import KEY, drawn
from scripts.render.records import Rendered, Site
from scripts.render.text import attribute, inline, link, raw, relative

WORDS = {w.lower(): w for w in ("RL", "MoE", "NeRF", "3D", "GAN", "VAE", "NLP", "LLM", "RAG")}
WORDS |= {"peft": "parameter-efficient fine-tuning", "convnets": "convolutional networks"}
HEAD = ("Method", "Paper", "Time", "Memory", "Marks")


def render_index(site: Site, folder: str) -> Rendered:
    """The index of a category or of one of its subfolders; its introduction may be missing."""
    path = f"docs/{folder}/index.md"
    title, summary = heading(site.catalogue, folder), ""
    body, problems = f"# {inline(title)}\n", []
    if index := site.catalogue.indexes.get(folder):
        summary = index.front.summary
        body, problems = content(site, index, below_title=f'<p class="nx-lede">{raw(summary)}</p>')
    parts = [body.rstrip("\n"), count_line(site.catalogue, folder), *_groups(site, folder, path)]
    parts[2:2] = [*_map(site.catalogue, folder), *on_index(site, folder, path)]
    about = summary or f"Algorithms: {title}"
    meta = {"title": title, "description": about, "styles": ["paths"]}
    return Rendered(path, meta, "\n\n".join(parts) + "\n", tuple(problems))


def _map(catalogue: Catalogue, folder: str) -> Iterator[str]:
    """What is written in a category and what it builds on, if something builds on another."""
    if shown := drawn(KEY, partial(family, catalogue, folder)):
        yield "## What builds on what"
        yield shown


def heading(catalogue: Catalogue, folder: str) -> str:
    """What a folder is called: its introduction's title, else its name in words."""
    if index := catalogue.indexes.get(folder):
        return index.front.title
    name = re.sub(r"^\d\d_", "", folder.split("/")[-1]).replace("_based", "-based")
    words = " ".join(WORDS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def own_rows(catalogue: Catalogue, folder: str) -> list[Row]:
    """The rows whose home is a folder or below it, finished pages first."""
    rows = catalogue.in_category(folder.split("/")[0])
    return [r for r in rows if f"{r.folder}/".startswith(f"{folder}/")]


def written(catalogue: Catalogue, folder: str) -> tuple[int, int]:
    """How many of a folder's rows have a page, and how many rows there are."""
    rows = own_rows(catalogue, folder)
    return sum(row.slug in catalogue.pages for row in rows), len(rows)


def count_line(catalogue: Catalogue, folder: str) -> str:
    """`2 of 54 pages written` as a paragraph."""
    done, every = written(catalogue, folder)
    return f'<p class="nx-count">{done} of {every} pages written</p>'


def _groups(site: Site, folder: str, path: str) -> Iterator[str]:
    """A heading and tables for each subfolder, and for what comes from other categories."""
    catalogue = site.catalogue
    own = own_rows(catalogue, folder)
    folders = list(dict.fromkeys(row.folder for row in own))
    for each in sorted(folders):
        rows = [row for row in own if row.folder == each]
        yield f"## {inline('Methods' if each == folder else heading(catalogue, each))}"
        yield from tables(site, rows, path)
    others = [row for row in catalogue.in_category(folder) if row not in own]
    if others:
        yield "## From other categories"
        yield from tables(site, others, path)


def tables(site: Site, rows: Iterable[Row], path: str) -> Iterator[str]:
    """What is written, as a table that compares; what is planned, as a list in columns."""
    rows = list(rows)
    pages = [site.catalogue.pages[r.slug] for r in rows if r.slug in site.catalogue.pages]
    if pages:
        yield _table(site, pages, path)
    planned = [row for row in rows if row.slug not in site.catalogue.pages]
    if planned:
        planned.sort(key=lambda row: (row.year, row.title.lower()))
        yield _planned(planned)


def _table(site: Site, pages: list[Page], path: str) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
    body = "".join(_table_row(site, page, path) for page in pages)
    return (
        '<div class="nx-scroll" tabindex="0" role="region" aria-label="Methods" markdown="1">\n'
        f'<table class="nx-table" markdown="1">\n<thead><tr>{head}</tr></thead>\n'
        f'<tbody markdown="1">\n{body}</tbody>\n</table>\n</div>'
    )


def _table_row(site: Site, page: Page, path: str) -> str:
    front = page.front
    title = link(front.title, relative(page.path, path))
    cells = [
        f"**{title}**<br><small>{inline(front.summary)}</small>",
        f"{front.year}<br> {link(_short(front.paper.key), front.paper.link)}",
        inline(front.complexity.time),
        inline(front.complexity.memory),
        badges(marks(site, page)),
    ]
    inside = "".join(f'<td markdown="span">{cell}</td>' for cell in cells)
    return f'<tr markdown="1">{inside}</tr>\n'


def _planned(rows: list[Row]) -> str:
    items = "\n".join(f'<li id="{anchor(row)}">{_planned_row(row)}</li>' for row in rows)
    return (
        f'<div class="nx-plan">\n<p class="nx-label">planned: {len(rows)}</p>\n'
        f"<ul>\n{items}\n</ul>\n</div>"
    )


def anchor(row: Row) -> str:
    """Where a planned row stands in its category's index; search leads there."""
    return f"planned-{row.slug}"


def _planned_row(row: Row) -> str:
    year = str(row.year)
    if row.paper:
        about = f"{row.title}, {row.year}: {_short(row.paper)}"
        url = attribute(paper_link(row.paper))
        year = f'<a href="{url}" title="{attribute(about)}">{year}</a>'
    return f"<span>{raw(row.title)}</span> {year}"


def _short(key: str) -> str:
    """A paper's key, fit for a cell."""
    if key.startswith("https://"):
        return key.split("/")[2].removeprefix("www.")
    return "DOI" if key.startswith("doi:") else key
