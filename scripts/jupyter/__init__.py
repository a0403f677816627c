"""The adapter between mkdocs-jupyter and `scripts.render`: it converts, we say what comes out.

mkdocs-jupyter's own template brings half a megabyte of JupyterLab's styles and scripts into each
page, which our policy forbids, and reads formulas by MathJax from elsewhere. Ours, in this folder
under the names that it asks for, gives the notebook to `render`, and the site's own Markdown makes
of it what it makes of any page. Nothing is run here: that is the business of `scripts.verify`.
"""

from pathlib import Path

import markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs_jupyter import convert
from mkdocs_jupyter.config import settings

from scripts.render.capstone import from_notebook
from scripts.render.notebook import notebook
from scripts.render.records import Site
from scripts.verify.records import put

FOLDER = Path("build/notebooks")
END = "<!-- end of notebook -->"
"""Where our template ends; what mkdocs-jupyter appends is a style sheet of its own."""


def install(site: Site, config: MkDocsConfig) -> None:
    """Let mkdocs-jupyter take our templates, which ask `page` for the HTML of a notebook."""
    settings.templates_dir = str(Path(__file__).parent)

    def page(book) -> str:
        text = from_notebook(site, book)
        options = config.mdx_configs or {}
        return markdown.markdown(
            text, extensions=config.markdown_extensions, extension_configs=options
        )

    convert.default_filters["page"] = page


def take_over(site: Site, files: Files, config: MkDocsConfig) -> None:
    """In place of each notebook's Markdown, the `.ipynb` made of it and of its run."""
    for document in site.catalogue.notebooks.values():
        path = document.path.removeprefix("docs/")
        made = site.catalogue.root / FOLDER / f"{document.slug}.ipynb"
        put(made, notebook(site, document))
        if before := files.get_file_from_path(path):
            files.remove(before)
        files.append(File.generated(config, path, abs_src_path=str(made)))


def shown(html: str) -> str:
    """The HTML of a page, without what mkdocs-jupyter puts behind a notebook."""
    return html.partition(END)[0]
