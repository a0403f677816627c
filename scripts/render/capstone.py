"""The notebooks of `docs/notebooks`: as pages in Markdown, and back from a notebook with outputs.

What the site shows is made from the very notebook that readers download.
"""

from scripts.catalog.records import Block, Notebook
from scripts.render.blocks import fence
from scripts.render.notebook import ABOUT, OURS, SVG, WEBP
from scripts.render.outputs import output
from scripts.render.ran import below_title, render_ran
from scripts.render.records import Rendered, Site
from scripts.verify.records import BlockRecord, Figure


def render_notebook(site: Site, notebook: Notebook) -> Rendered:
    """As any other page: its blocks with their outputs."""
    return render_ran(site, notebook, head(site, notebook))


def head(site: Site, notebook: Notebook) -> str:
    """What stands below the title: what it is, when it ran, and the notebook itself."""
    link = f'<a href="{notebook.slug}.ipynb" download>Notebook, with outputs</a> '
    return below_title(site, notebook, links=link)


def from_notebook(site: Site, book) -> str:
    """The Markdown of a page from a notebook as `nbformat` reads it, outputs and all."""
    document = site.catalogue.of_path(book.metadata[OURS].page)
    parts, number = [], 0
    for cell in book.cells:
        if cell.cell_type == "code":
            number += 1
            block = _block(cell, number)
            under = output(block, _ran(cell, number))
            parts.append(f"{fence(block, f'#block-{number} .nx-block')}\n\n{under}")
        elif cell.id != ABOUT:
            parts.append(cell.source.replace(f"]({site.url}", "](../") if site.url else cell.source)
    title, _, rest = parts[0].partition("\n")
    below = head(site, document) if isinstance(document, Notebook) else ""
    return "\n\n".join([title, below, rest, *parts[1:]])


def _block(cell, number: int) -> Block:
    tags = cell.metadata.get("tags", [])
    raises = next((o.ename for o in cell.outputs if o.output_type == "error"), None)
    return Block(number, 0, 0, cell.source + "\n", "", varies="varies" in tags, raises=raises)


def _ran(cell, number: int) -> BlockRecord:
    """What a cell shows, as the record it came from has it."""
    printed = {o.name: o.text for o in cell.outputs if o.output_type == "stream"}
    errors = [o.traceback[0] for o in cell.outputs if o.output_type == "error"]
    raises = "raises-exception" in cell.metadata.get("tags", [])
    return BlockRecord(
        number,
        0,
        "passed" if raises or not errors else "failed",
        stdout=printed.get("stdout", ""),
        warnings=tuple(filter(None, printed.get("stderr", "").split("\n"))),
        figures=tuple(_figure(o) for o in cell.outputs if o.output_type == "display_data"),
        raised=errors[0] if raises and errors else None,
        error=errors[0] if errors and not raises else None,
    )


def _figure(shown) -> Figure:
    kind = SVG if SVG in shown.data else WEBP
    size, data = shown.metadata[kind], shown.data[kind]
    svg, webp = (data, None) if kind == SVG else (None, data)
    return Figure(shown.metadata[OURS].caption, svg, webp, size.width, size.height)
