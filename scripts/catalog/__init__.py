"""Read all of `docs` into typed records; the only parser.

`load(root)` returns every page, introduction and row, and every problem of all of them.
`python -m scripts.catalog` prints the problems, one a line, and fails if there is one.
"""

from collections.abc import Callable
from pathlib import Path

from scripts.catalog.leftovers import leftovers
from scripts.catalog.links import check_links, check_prerequisites
from scripts.catalog.markdown import read
from scripts.catalog.names import Names
from scripts.catalog.pages import as_page, as_titled, check_names
from scripts.catalog.paths import check_order, read_paths
from scripts.catalog.records import (
    PACKAGES,
    Board,
    Catalogue,
    Document,
    Index,
    Notebook,
    Page,
    Problem,
    Row,
)
from scripts.catalog.redirects import read_redirects
from scripts.catalog.rows import disagreements, read_rows
from scripts.catalog.yamls import line_of_key

BESIDE: dict[str, Callable[..., Board | Notebook]] = {"notebooks": Notebook, "boards": Board}
"""The folders of `docs` whose documents are run and are no algorithm's."""

__all__ = ["PACKAGES", "Catalogue", "Document", "Page", "Problem", "Row", "load"]


def load(root: Path) -> Catalogue:
    """Everything below `root/docs`, with all that is wrong in it."""
    catalogue = Catalogue(root)
    catalogue.rows, catalogue.problems = read_rows(root)
    catalogue.paths, wrong = read_paths(root, catalogue.rows)
    catalogue.problems += wrong
    documents: dict[str, Document] = {}
    names = Names(root)
    for file in sorted((root / "docs").rglob("*.md")):
        path = file.relative_to(root).as_posix()
        document, problems = read(path, file.read_bytes())
        catalogue.problems += problems
        documents[path] = document = _place(catalogue, document)
        catalogue.problems += check_names(document, names)
    catalogue.redirects, wrong = read_redirects(catalogue, documents)
    catalogue.problems += [
        *wrong,
        *check_links(catalogue, documents),
        *check_prerequisites(catalogue),
        *check_order(catalogue),
        *(p for page in catalogue.pages.values() for p in _check_row(catalogue, page)),
        *(p for other in catalogue.others.values() for p in _never_run(other)),
        *(p for index in catalogue.indexes.values() for p in _never_run(index)),
    ]
    catalogue.problems.sort()
    return catalogue


def _place(catalogue: Catalogue, document: Document) -> Document:
    """Put a document where it belongs; the page or introduction made of it, if it is one."""
    in_category = document.folder.split("/")[0] in PACKAGES
    if document.folder in BESIDE:
        return _place_beside(catalogue, document)
    if not in_category:
        catalogue.others[document.path] = document
        return document
    if document.slug == "index":
        index, problems = as_titled(document, Index)
        catalogue.problems += problems
        if index:
            catalogue.indexes[document.folder] = index
        return index or document
    page, problems = as_page(document)
    catalogue.problems += problems + leftovers(catalogue.root, document)
    if page is None:
        return document
    if page.slug in catalogue.pages:
        other = catalogue.pages[page.slug].path
        what = f"the slug {page.slug!r} is taken by {other}"
        catalogue.problems.append(Problem(page.path, 1, what, "rename one of the files"))
        return page
    catalogue.pages[page.slug] = page
    return page


def _place_beside(catalogue: Catalogue, document: Document) -> Document:
    """A notebook or a board, if its front matter is right; its records have its name alone."""
    made, problems = as_titled(document, BESIDE[document.folder])
    catalogue.problems += problems
    if made is None:
        return document
    if made.slug in (catalogue.rows | catalogue.notebooks | catalogue.boards):
        what = f"the slug {made.slug!r} is that of an algorithm, a notebook or a board"
        catalogue.problems.append(Problem(made.path, 1, what, "rename the file"))
        return document
    if isinstance(made, Board):
        catalogue.boards[made.slug] = made
    else:
        catalogue.notebooks[made.slug] = made
    return made


def _never_run(document: Document) -> list[Problem]:
    """Only pages of algorithms, notebooks and boards are run, so no other may show Python."""
    what, mend = "nothing runs the Python on this page", "move it to an algorithm's page"
    return [Problem(document.path, block.line, what, mend) for block in document.blocks]


def _check_row(catalogue: Catalogue, page: Page) -> list[Problem]:
    return [
        Problem(page.path, line_of_key(page.text, key), what, "make the two agree")
        for key, what in disagreements(page, catalogue.rows.get(page.slug))
    ]
