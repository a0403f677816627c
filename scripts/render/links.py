"""Links and names of pages: those that are planned become text."""

from collections.abc import Iterator

from scripts.catalog.links import planned as planned_slug
from scripts.catalog.links import target_path
from scripts.catalog.records import Catalogue, Document, Problem
from scripts.render.text import Edit, inline, line_starts, link, planned, relative


def link_edits(document: Document, catalogue: Catalogue) -> tuple[list[Edit], list[Problem]]:
    """Links to planned pages as text marked so, and those that cannot be."""
    starts, edits, problems = line_starts(document), [], []
    for found in document.links:
        path = target_path(document, found.target)
        if path is None or not planned_slug(catalogue, path):
            continue
        start, end = starts[found.line - 1] + found.start, starts[found.line - 1] + found.end
        if document.text[start:end].endswith(")"):
            edits.append(Edit(start, end, planned(found.text)))
        else:
            what = f"the reference [{found.text}] leads to a planned page"
            problems.append(Problem(document.path, found.line, what, "write it as an inline link"))
    return edits, problems


def named(catalogue: Catalogue, slugs: list[str], page: str) -> Iterator[str]:
    """Markdown that names each algorithm: a link from `page`, or text marked planned."""
    for slug in slugs:
        if found := catalogue.pages.get(slug):
            yield link(found.front.title, relative(found.path, page))
        elif row := catalogue.rows.get(slug):
            yield planned(inline(row.title))
