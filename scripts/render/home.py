"""What the front page shows of the catalogue as it is now."""

from collections import Counter

from scripts.catalog.records import PACKAGES, Page
from scripts.render.blocks import fence
from scripts.render.index import heading, written
from scripts.render.marks import marks, power
from scripts.render.outputs import output
from scripts.render.records import Site
from scripts.render.statistics import counted as counted_over
from scripts.render.text import counted, inline, link, relative

HOME = "docs/index.md"
EXAMPLE = "grouped_query_attention"
MEANING = {
    "Runs": "every block, top to bottom, as a notebook does",
    "Lawful": "held to laws, and to numbers worked by hand",
    "Matches": "somebody else’s code, in value and gradient",
    "Transcribed": "the paper’s equations, written out slowly",
    "Shows": "what it claims, on every seed that was run",
}


def find(site: Site) -> str:
    """A box that opens the search; without scripts it leads to the catalogue."""
    number = counted(len(site.catalogue.rows), "algorithm")
    return f'<p class="nx-find" markdown="span">[Search {number}](catalogue.md)</p>\n'


def counts(site: Site) -> str:
    """Algorithms, verified blocks and parity checks, counted as on the page of statistics."""
    catalogue = site.catalogue
    count = counted_over(site, catalogue.pages.values())
    figures = [
        (counted(count.pages, "algorithm"), f"with a page, of {len(catalogue.rows):,}"),
        (counted(count.blocks, "block"), "run, with what they printed"),
    ]
    if count.error is not None:
        error = f"largest error {power(count.error)}" if count.error else "no error at all"
        figures.append((counted(count.checks, "parity check"), error))
    items = []
    for said, more in figures:
        figure, _, noun = said.partition(" ")
        items.append(f"<span><strong>{figure}</strong> {noun} <small>{more}</small></span>")
    return f'<p class="nx-counts">{" ".join(items)}</p>\n'


def legend(site: Site) -> str:
    """What each mark means, and how many of the pages have earned it."""
    pages = site.catalogue.pages.values()
    earned = Counter(m.name for page in pages for m in marks(site, page) if m.earned)
    items = [
        f'<p><strong class="nx-badge">✓ {name}</strong> <small>{earned[name]:,} of '
        f"{len(pages):,}</small><br>{meaning}</p>"
        for name, meaning in MEANING.items()
        if earned[name] or name != "Transcribed"
    ]
    return f'<div class="nx-legend">\n{"".join(items)}\n</div>\n'


def example(site: Site) -> str:
    """The first block of a verified page with the output it really printed."""
    slugs = sorted(site.catalogue.pages, key=lambda slug: (slug != EXAMPLE, slug))
    for slug in slugs:
        page, record = site.catalogue.pages[slug], site.verified(slug)
        for ran in record.blocks if record else ():
            block = page.blocks[ran.number - 1]
            if record and ran.stdout.strip():
                return f"{fence(block)}\n\n{output(block, ran)}\n{_from(page, record.date)}\n"
    return '<p class="nx-note">No page is verified yet.</p>\n'


def _from(page: Page, date: str) -> str:
    where = link(page.front.title, relative(page.path, HOME))
    when = f'<time datetime="{date}">{date}</time>'
    return f'<p class="nx-note" markdown="span">A block of {where}, run on {when}.</p>\n'


def categories(site: Site) -> str:
    """The categories as a grid, each with its summary and how far it is."""
    cells = "".join(_category(site, folder) for folder in PACKAGES)
    return f'<div class="nx-grid" markdown="1">\n{cells}</div>\n'


def _category(site: Site, folder: str) -> str:
    done, every = written(site.catalogue, folder)
    index = site.catalogue.indexes.get(folder)
    title = link(heading(site.catalogue, folder), relative(f"docs/{folder}/index.md", HOME))
    summary = f'\n<p markdown="span">{inline(index.front.summary)}</p>' if index else ""
    return (
        '<div class="nx-cell" markdown="1">\n'
        f'<p class="nx-cell-title" markdown="span">{title} <small>{done} of {every}</small></p>'
        f"{summary}\n</div>\n"
    )
