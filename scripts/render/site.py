"""The whole site: what it is rendered from, which pages it has, and each of them rendered."""

from pathlib import Path

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.catalog.records import PACKAGES, Board, Catalogue, Index, Notebook, Page, Problem
from scripts.render.bibtex import bibliography
from scripts.render.boards import render_board
from scripts.render.capstone import render_notebook
from scripts.render.catalogue import ROWS, catalogue_json, catalogue_script
from scripts.render.faces import faces
from scripts.render.index import render_index
from scripts.render.page import render_page
from scripts.render.paths import path_at, render_path
from scripts.render.places import render_other
from scripts.render.proofs import proof
from scripts.render.records import Rendered, Site
from scripts.render.search import INDEX, search_index
from scripts.verify import records
from scripts.verify.key import is_current
from scripts.verify.records import Record


def load_site(root: Path, repo: str = "", url: str = "") -> tuple[Site, list[Problem]]:
    """All that is rendered, and all that is wrong with the pages and their records."""
    root = root.resolve()
    catalogue = load(root)
    current, stale = current_records(catalogue)
    proofs = {each.slug: proof(root, each) for each in catalogue.measured}
    url = f"{url.rstrip('/')}/" if url else ""
    site = Site(catalogue, Names(root), current, repo, proofs, url)
    return site, [*catalogue.problems, *stale]


def current_records(catalogue: Catalogue) -> tuple[dict[str, Record], list[Problem]]:
    """The records that hold for the pages as they stand, and what is wrong with the others."""
    current, problems = {}, []
    for page in catalogue.run:
        slug, record = page.slug, records.read(catalogue.root, page)
        command = f"run `make verify PAGE={page.path}`"
        if record is None:
            problems.append(Problem(page.path, 1, "the page was never verified", command))
        elif not is_current(catalogue.root, page, record):
            what = "the page or its code changed since it was verified"
            problems.append(Problem(page.path, 1, what, command))
        else:
            current[slug] = record
            failed = [page.blocks[b.number - 1] for b in record.blocks if b.outcome == "failed"]
            problems += [Problem(page.path, b.line, "this block fails", command) for b in failed]
            for leak in record.leaks:  # path:line: what
                line, _, what = leak.removeprefix(f"{page.path}:").partition(": ")
                problems.append(Problem(page.path, int(line), what, command))
    return current, problems


def paths(site: Site) -> list[str]:
    """The path of every page of the site below the checkout, also of generated ones."""
    catalogue = site.catalogue
    known = {d.path for d in (*catalogue.run, *catalogue.indexes.values())}
    known |= catalogue.others.keys()
    known |= {f"docs/{folder}/index.md" for folder in PACKAGES}
    known |= {each.path for each in catalogue.paths}
    return sorted(known)


def generated(site: Site) -> list[str]:
    """The paths of pages that no file stands for: paths, and categories without introduction."""
    return [path for path in paths(site) if not (site.catalogue.root / path).is_file()]


def other_files(site: Site) -> dict[str, str]:
    """What the site offers beside pages: the text of each file by its path in the site."""
    return {
        "references.bib": bibliography(site.catalogue),
        "assets/katex/faces.js": faces(site.catalogue.root),
        "catalogue.json": catalogue_json(site),
        ROWS: catalogue_script(site),
        INDEX: search_index(site),
    }


def render(site: Site, path: str) -> Rendered | None:
    """The page at a path; None for a page whose front matter is wrong."""
    if learning := path_at(site.catalogue, path):
        return render_path(site, learning)
    document = site.catalogue.of_path(path)
    folder = path.removeprefix("docs/").removesuffix("/index.md")
    if isinstance(document, Index) or (document is None and folder in PACKAGES):
        return render_index(site, folder)
    if isinstance(document, Page):
        return render_page(site, document)
    if isinstance(document, Notebook):
        return render_notebook(site, document)
    if isinstance(document, Board):
        return render_board(site, document)
    return render_other(site, document) if document else None
