"""Every algorithm in one list: as JSON for the page and for machines, and as a plain table."""

import hashlib
import json
from collections import Counter

from scripts.catalog.front import paper_link
from scripts.catalog.records import PACKAGES, Page, Row
from scripts.render.index import heading
from scripts.render.marks import badges, marks
from scripts.render.records import Site
from scripts.render.text import attribute, counted, inline, link, raw, relative

PATH, ROWS = "docs/catalogue.md", "assets/catalogue-rows.js"
SORTS = {
    "": "written first",
    "title": "title",
    "category": "category",
    "-year": "newest first",
    "year": "oldest first",
    "time": "time",
    "memory": "memory",
    "-marks": "most marks",
}
COLUMNS = {
    "title": "Method",
    "category": "Category",
    "year": "Year",
    "time": "Time",
    "memory": "Memory",
    "marks": "Marks",
}
MARKS = ("Runs", "Lawful", "Matches", "Transcribed", "Shows")

NO_SCRIPT = (
    '<noscript><p class="nx-note">With scripts, this table filters, sorts and compares, and lists '
    "what is planned too; without, what is planned stands on each category's page.</p></noscript>"
)


def catalogue_json(site: Site) -> str:
    """All rows: what is planned has fewer keys. Addresses are relative to the site's root."""
    catalogue = site.catalogue
    rows = [
        _written(site, catalogue.pages[row.slug], row)
        if row.slug in catalogue.pages
        else _planned(row)
        for row in catalogue.rows.values()
    ]
    categories = {folder: heading(catalogue, folder) for folder in PACKAGES}
    data = {"categories": categories, "algorithms": rows}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def catalogue_script(site: Site) -> str:
    """The same as a script, which a page opened from a disk may load too."""
    return f"window.nexusCatalogue={catalogue_json(site)}\n"


def _planned(row: Row) -> dict:
    entry = {"slug": row.slug, "title": row.title, "category": row.category, "year": row.year}
    if row.paper:
        entry |= {"paper": row.paper, "paper_url": paper_link(row.paper)}
    return entry | ({"also_in": row.also_in} if row.also_in else {})


def _written(site: Site, page: Page, row: Row) -> dict:
    front, pages = page.front, site.catalogue.pages
    before = [pages[s].front.title if s in pages else _title(site, s) for s in front.prerequisites]
    return {
        **_planned(row),
        "title": front.title,
        "year": front.year,
        "url": page.path.removeprefix("docs/").removesuffix(".md") + ".html",
        "aliases": front.aliases,
        "authors": front.paper.authors,
        "paper": front.paper.key,
        "paper_title": front.paper.title,
        "paper_url": front.paper.link,
        "summary": front.summary,
        "tags": front.tags,
        "prerequisites": before,
        "complexity": {"time": front.complexity.time, "memory": front.complexity.memory},
        "marks": [
            {"name": mark.name, "earned": mark.earned, "figures": list(mark.figures)}
            for mark in marks(site, page)
        ],
    }


def _title(site: Site, slug: str) -> str:
    row = site.catalogue.rows.get(slug)
    return row.title if row else slug


def catalogue(site: Site) -> str:
    """The table of what is written, and the controls that a script makes of use."""
    every, pages = len(site.catalogue.rows), site.catalogue.pages.values()
    digest = hashlib.sha256(catalogue_json(site).encode()).hexdigest()[:10]
    ordered = sorted(pages, key=lambda page: page.front.title.lower())
    body = "".join(_table_row(site, page) for page in ordered)
    head = "".join(
        f'<th scope="col" data-sort="{key}">{name}</th>' for key, name in COLUMNS.items()
    )
    shown = f"{counted(len(ordered), 'page')} written, of {counted(every, 'algorithm')}"
    return (
        f'<div id="nx-catalogue" data-rows="{ROWS}?{digest}" markdown="1">\n{_controls(site)}\n'
        f'<p class="nx-count" role="status" aria-live="polite">{shown}</p>\n'
        '<table class="nx-catalogue" aria-label="Algorithms" markdown="1">\n'
        f'<thead><tr>{head}</tr></thead>\n<tbody markdown="1">\n{body}</tbody>\n</table>\n</div>\n'
        f"\n{NO_SCRIPT}\n"
    )


def _table_row(site: Site, page: Page) -> str:
    front = page.front
    cells = [
        f"{link(front.title, relative(page.path, PATH))}<br><small>{inline(front.summary)}</small>",
        inline(heading(site.catalogue, page.category)),
        str(front.year),
        inline(front.complexity.time),
        inline(front.complexity.memory),
        badges(marks(site, page)),
    ]
    inside = "".join(f'<td markdown="span">{cell}</td>' for cell in cells)
    return f'<tr markdown="1">{inside}</tr>\n'


def _controls(site: Site) -> str:
    tags = Counter(tag for page in site.catalogue.pages.values() for tag in page.front.tags)
    categories = {folder: heading(site.catalogue, folder) for folder in PACKAGES}
    fields = [
        _field("Text", '<input type="search" name="text" autocomplete="off" spellcheck="false">'),
        _select("Category", "category", {"": "all", **categories}),
        _field("From", _year("from")),
        _field("To", _year("to")),
        _select("State", "state", {"": "all", "written": "written", "planned": "planned"}),
        _select("Mark", "mark", {"": "any", **{name: name for name in MARKS}}),
        _select("Tag", "tag", {"": "any", **{tag: tag for tag in sorted(tags)}}) if tags else "",
        _select("Sort", "sort", SORTS),
    ]
    return (
        '<form class="nx-filter" role="search" aria-label="Filter the catalogue">'
        f'{"".join(fields)}<button type="reset">Clear</button></form>'
    )


def _year(name: str) -> str:
    return f'<input type="number" name="{name}" min="1900" max="2100" inputmode="numeric">'


def _select(label: str, name: str, options: dict[str, str]) -> str:
    inside = "".join(
        f'<option value="{attribute(value)}">{raw(text)}</option>'
        for value, text in options.items()
    )
    return _field(label, f'<select name="{name}">{inside}</select>')


def _field(label: str, control: str) -> str:
    return f"<label><span>{label}</span> {control}</label>"
