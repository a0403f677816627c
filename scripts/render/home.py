"""What the front page shows of the catalogue as it is now."""

from collections import Counter

from scripts.catalog.records import PACKAGES, Page
from scripts.render.blocks import fence
from scripts.render.index import heading, written
from scripts.render.marks import marks, worst
from scripts.render.outputs import output
from scripts.render.records import Site
from scripts.render.text import counted, inline, link, relative

HOME = "docs/index.md"
EXAMPLE = "grouped_query_attention"


def counts(site: Site) -> str:
    """Pages, verified blocks and planned algorithms, as they are now."""
    catalogue = site.catalogue
    records = [r for slug in catalogue.pages if (r := site.verified(slug))]
    blocks = sum(record.count("passed") for record in records)
    planned = sum(slug not in catalogue.pages for slug in catalogue.rows)
    figures = [
        (len(catalogue.pages), "page", "written"),
        (blocks, "block", "verified"),
        (planned, "algorithm", "planned"),
    ]
    items = []
    for number, what, done in figures:
        figure, _, noun = counted(number, what).partition(" ")
        items.append(f"<span><strong>{figure}</strong> {noun} {done}</span>")
    return f'<p class="nx-counts">{" ".join(items)}</p>\n{_marks(site)}'


def _marks(site: Site) -> str:
    """How many pages have earned each mark beside Runs, and how close they came to others."""
    earned = Counter(
        mark.name
        for page in site.catalogue.pages.values()
        for mark in marks(site, page)
        if mark.earned
    )
    words = {
        "Lawful": "lawful",
        "Matches": "matched with other code",
        "Transcribed": "matched with their equations",
        "Shows": "with claims shown",
    }
    items = [(str(earned[name]), word) for name, word in words.items() if earned[name]]
    checks = [
        parity
        for proof in site.proofs.values()
        for parity in (proof.evidence.matches if proof.evidence and proof.holds else ())
    ]
    if checks:
        number = counted(sum(parity.cases for parity in checks), "parity check")
        items.append((number.split(" ")[0], f"{number.partition(' ')[2]}, worst {worst(checks)}"))
    inside = " ".join(f"<span><strong>{figure}</strong> {what}</span>" for figure, what in items)
    return f'<p class="nx-counts nx-tally">{inside}</p>\n' if items else ""


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
    return f'<p class="nx-note" markdown="span">From {where}, run on {date}.</p>\n'


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
