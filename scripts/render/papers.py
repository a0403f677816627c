"""The papers behind the pages and behind the rows that are planned, by category and year."""

from scripts.catalog.front import paper_link
from scripts.catalog.records import PACKAGES, Row
from scripts.render.index import heading
from scripts.render.records import Site
from scripts.render.text import attribute, counted, inline, link, raw, relative

PAGE = "docs/papers.md"
AUTHORS = 3
BIBTEX = (
    'Those with a page as BibTeX: <a href="references.bib" download>references.bib</a>; '
    "an entry’s key is the page’s name in its address, and stays."
)


def papers(site: Site) -> str:
    """A list a category, oldest first; what has a page shows the paper's title and authors."""
    rows = site.catalogue.rows.values()
    known = [row for row in rows if row.paper]
    written = sum(row.slug in site.catalogue.pages for row in known)
    said = f"{counted(len(known), 'paper')}, {written} with a page here"
    if missing := len(rows) - len(known):
        said += f"; {missing} planned rows name no paper yet"
    parts = [f'<p class="nx-note">{said}. {BIBTEX}</p>']
    for folder in PACKAGES:
        own = sorted(
            (row for row in known if row.category == folder),
            key=lambda row: (row.year, row.title.lower()),
        )
        if own:
            items = "".join(_item(site, row) for row in own)
            parts.append(f"## {inline(heading(site.catalogue, folder))}")
            parts.append(f'<ul class="nx-papers" markdown="1">\n{items}</ul>')
    return "\n\n".join(parts) + "\n"


def _item(site: Site, row: Row) -> str:
    """What has a page, with its paper's title and authors; what is planned, with its key."""
    page = site.catalogue.pages.get(row.slug)
    if page is None:
        name = f"<span>{raw(row.title)}</span>"
        return f"<li><time>{row.year}</time> {name} {_source(row.paper)}</li>\n"
    paper = page.front.paper
    by = ", ".join(paper.authors[:AUTHORS]) + (" and others" if paper.authors[AUTHORS:] else "")
    shown = f"**{link(page.front.title, relative(page.path, PAGE))}**"
    about = f"{inline(by)}, *{inline(paper.title)}*"
    inside = f"<span>{shown}<br>{about}</span> {_source(paper.key)}"
    return f'<li markdown="span"><time>{row.year}</time> {inside}</li>\n'


def _source(key: str) -> str:
    """A link to a paper, in words that fit a column: its number, or where it lies."""
    said, about = key.removeprefix("arXiv:"), ""
    if key.startswith("doi:"):
        said, about = "DOI", f' aria-label="{attribute(f"DOI {key[4:]}")}"'
    elif key.startswith("https://"):
        said = key.split("/")[2].removeprefix("www.")
    return f'<a href="{attribute(paper_link(key))}"{about}>{raw(said)}</a>'
