"""One document of `docs` as Markdown that needs nothing of ours but the formulas extension."""

from scripts.catalog.records import Document, Page, Problem
from scripts.render.blocks import block_edits
from scripts.render.card import card
from scripts.render.formulas import formula_problems
from scripts.render.links import link_edits
from scripts.render.pulls import pull_edits
from scripts.render.records import Rendered, Site
from scripts.render.text import Edit, edited, line_starts
from scripts.verify.records import Record


def render_page(site: Site, page: Page) -> Rendered:
    """An algorithm's page: card, blocks with their outputs, annotated sources."""
    record = site.records.get(page.slug)
    body, problems = content(site, page, record, below_title=card(site, page))
    meta = {"title": page.front.title, "description": page.front.summary, "scripts": ["copy"]}
    return Rendered(page.path, meta, body, tuple(problems))


def content(
    site: Site, document: Document, record: Record | None = None, *, below_title: str = ""
) -> tuple[str, list[Problem]]:
    """The body of a document without its front matter, and what is wrong with it."""
    starts = line_starts(document)
    links, wrong_links = link_edits(document, site.catalogue)
    pulls, wrong_pulls = pull_edits(document, site.catalogue, site.names)
    edits = [
        Edit(0, starts[document.body], ""),
        *block_edits(document, record),
        *links,
        *pulls,
    ]
    if below_title:
        title = next((h.line for h in document.headings if h.level == 1), document.body)
        edits.append(Edit(starts[title], starts[title], f"\n{below_title}\n"))
    problems = [*wrong_links, *wrong_pulls, *formula_problems(document)]
    return edited(document.text, edits), problems
