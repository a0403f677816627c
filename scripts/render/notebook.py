"""A page as a notebook: its blocks as cells, the Markdown between; outputs of a real notebook's."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from scripts.catalog.records import Block, Notebook, Page
from scripts.render.plain import Rewrite, fenced, pieces
from scripts.render.records import Site
from scripts.render.text import relative
from scripts.verify.records import BlockRecord, Figure

ABOUT, OURS = "about", "nexus"
"""The first cell, and what is ours in the metadata."""
SVG, WEBP = "image/svg+xml", "image/webp"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(site: Site, page: Page | Notebook) -> str:
    """The page as `.ipynb`, the same text for the same page and run.

    One of `docs/notebooks` has under each cell what it printed and drew when it was verified.
    """
    cells = [new_markdown_cell(_first(site, page), id=ABOUT)]
    record = site.records.get(page.slug) if isinstance(page, Notebook) else None
    ran = {block.number: block for block in record.blocks} if record else {}
    for at, piece in enumerate(pieces(site, page, page_links(site, page.path))):
        cells.append(_cell(piece, at))
        if isinstance(piece, Block) and not piece.skip:
            cells[-1].outputs = _outputs(ran.get(piece.number))
    about = {"kernelspec": KERNEL, OURS: {"page": page.path}}
    made = new_notebook(cells=cells, metadata=about)
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
    tags = ["raises-exception"] * bool(piece.raises) + ["varies"] * piece.varies
    return new_code_cell(code, id=name, metadata={"tags": tags} if tags else {})


def _outputs(ran: BlockRecord | None) -> list:
    """What a block left behind, as Jupyter writes it down."""
    if ran is None:
        return []
    found = []
    if ran.stdout:
        found.append(new_output("stream", name="stdout", text=ran.stdout))
    if ran.warnings:
        found.append(new_output("stream", name="stderr", text="\n".join(ran.warnings)))
    found += [_drawn(figure) for figure in ran.figures]
    for text in filter(None, (ran.raised, ran.error)):
        name, _, value = text.partition(": ")
        found.append(new_output("error", ename=name, evalue=value, traceback=[text]))
    return found


def _drawn(figure: Figure):
    """A figure; on white in a dark Jupyter, where it cannot follow the colours."""
    kind, data = (SVG, figure.svg) if figure.svg is not None else (WEBP, figure.webp)
    size = {"width": figure.width, "height": figure.height, "needs_background": "light"}
    about = {kind: size, OURS: {"caption": figure.caption}}
    return new_output("display_data", {kind: data, "text/plain": figure.caption}, metadata=about)


def _first(site: Site, page: Page | Notebook) -> str:
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
    last = " Measured experiments are computed here, which may take minutes."
    if isinstance(page, Notebook):
        last = " What stands under the cells is of that run." if record else ""
    return (
        f"*This is [{page.front.title}]({where}) as a notebook.{ran} It needs the package `nexus`: "
        f"{source}.{last}*"
    )
