"""Links and prerequisites between pages: all must lead somewhere, and never in a circle."""

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from markdown.extensions.toc import slugify

from scripts.catalog.records import Catalogue, Document, Problem
from scripts.catalog.yamls import line_of_key


def target_path(document: Document, target: str) -> str | None:
    """The path below the checkout that a relative link names; None if it leaves the site."""
    target = unquote(target.split("#")[0])
    if "://" in target or target.startswith(("mailto:", "//")):
        return None
    if not target:
        return document.path
    return posixpath.normpath(posixpath.join(posixpath.dirname(document.path), target))


def planned(catalogue: Catalogue, path: str) -> str | None:
    """The slug of the planned row that a path belongs to."""
    slug = posixpath.basename(path).removesuffix(".md")
    row = catalogue.rows.get(slug)
    return slug if row and row.path == path and slug not in catalogue.pages else None


def anchors(document: Document) -> set[str]:
    """The anchors a page will have: its headings' and those of the objects it documents."""
    found: set[str] = {pull.name for pull in document.pulls if pull.notes is None}
    for heading in document.headings:
        slug, number = slugify(heading.text, "-"), 0
        while (anchor := slug + (f"_{number}" if number else "")) in found:
            number += 1
        found.add(anchor)
    return found


def check_links(catalogue: Catalogue, documents: dict[str, Document]) -> Iterator[Problem]:
    """Dead links and dead anchors, with the line they stand on."""
    generated = {each.path for each in catalogue.paths}
    for document in documents.values():
        for link in document.links:
            path = target_path(document, link.target)
            if path is None or planned(catalogue, path):
                continue
            if path in generated:
                continue
            if path not in documents and not (catalogue.root / path).is_file():
                mend = "mend the path, or add the page's row to the catalogue"
                yield Problem(document.path, link.line, f"dead link to {link.target!r}", mend)
            elif "#" in link.target and path in documents:
                anchor = unquote(link.target.split("#", 1)[1])
                if anchor not in anchors(documents[path]):
                    what = f"no heading of {path} has the anchor #{anchor}"
                    yield Problem(document.path, link.line, what, "mend the anchor")


def check_prerequisites(catalogue: Catalogue) -> Iterator[Problem]:
    """Prerequisites that no row knows, and circles among them."""
    for page in catalogue.pages.values():
        for at, slug in enumerate(page.front.prerequisites):
            line = line_of_key(page.text, ("prerequisites", at))
            if slug not in catalogue.rows:
                what = f"the catalogue has no row {slug!r}"
                yield Problem(page.path, line, what, "name a slug of docs/data/catalogue.tsv")
            elif circle := _circle(catalogue, page.slug, slug):
                what = f"the prerequisites go in a circle: {' → '.join(circle)}"
                yield Problem(page.path, line, what, "remove one of them")


def _circle(catalogue: Catalogue, start: str, slug: str) -> list[str] | None:
    """The way from `slug` back to `start` through prerequisites, if there is one."""
    paths, seen = [[start, slug]], set()
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path
        if path[-1] not in seen and path[-1] in catalogue.pages:
            seen.add(path[-1])
            paths += [[*path, after] for after in catalogue.pages[path[-1]].front.prerequisites]
    return None
