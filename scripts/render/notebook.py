"""A page as a notebook: its blocks as cells, the Markdown between, no outputs."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts.catalog.records import Block, Page
from scripts.render.plain import Rewrite, fenced, pieces
from scripts.render.records import Site
from scripts.render.text import relative

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(site: Site, page: Page) -> str:
    """The page as `.ipynb`; the same text for the same page."""
    cells = [new_markdown_cell(_first(site, page), id="about")]
    for at, piece in enumerate(pieces(site, page, page_links(site, page.path))):
        cells.append(_cell(piece, at))
    made = new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    return nbformat.writes(made) + "\n"


def page_links(site: Site, path: str) -> Rewrite:
    """Links as they work from the notebook: to the site if its address is known, else beside it."""

    def rewrite(target: str) -> str:
        target = target.replace(".md", ".html", 1)
        return f"{site.url}{target.removeprefix('docs/')}" if site.url else relative(target, path)

    return rewrite


def _cell(piece: str | Block, at: int):
    if isinstance(piece, str):
        return new_markdown_cell(piece.strip("\n"), id=f"text-{at}")
    code, name = piece.code.strip("\n"), f"block-{piece.number}"
    if piece.skip:
        return new_markdown_cell(f"{fenced(code, 'python')}\nNot run: {piece.skip}", id=name)
    tags = {"tags": ["raises-exception"]} if piece.raises else {}
    return new_code_cell(code, id=name, metadata=tags)


def _first(site: Site, page: Page) -> str:
    """Where the notebook is from, and what it asks for."""
    where = page_links(site, page.path)(page.path)
    record = site.verified(page.slug)
    ran = (
        f" Its blocks passed on {record.date} with Python {record.versions.get('python', '')} and "
        f"torch {record.versions.get('torch', '').split('+')[0]}."
        if record
        else " Its blocks have not been run as they stand."
    )
    source = f"`pip install git+{site.repo}`" if site.repo else "`pip install .` in its checkout"
    return (
        f"*This is [{page.front.title}]({where}) as a notebook.{ran} It needs the package `nexus`: "
        f"{source}. Measured experiments are computed here, which may take minutes.*"
    )
