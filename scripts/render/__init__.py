"""From pages and records to the Markdown of the site; knows nothing of how blocks ran.

`load_site(root)` reads all there is, `render(site, path)` gives one page.
`python -m scripts.render OUT/` writes the whole site for any generator on Python-Markdown.
"""

from scripts.render.navigation import navigation
from scripts.render.records import BRANCH, Rendered, Site
from scripts.render.site import generated, load_site, other_files, paths, render

__all__ = [
    "BRANCH",
    "Rendered",
    "Site",
    "generated",
    "load_site",
    "navigation",
    "other_files",
    "paths",
    "render",
]
