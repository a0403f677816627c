"""Pages that only say where another page stands now: old addresses go on working."""

import posixpath
from collections.abc import Iterator

from scripts.catalog.records import Catalogue
from scripts.render.records import Site
from scripts.render.text import attribute, raw

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<meta http-equiv="refresh" content="0; url={target}">
<meta name="robots" content="noindex">
<link rel="canonical" href="{canonical}">
<title>{title}</title>
</head>
<body>
<p>This page has moved: <a href="{target}">{title}</a>.</p>
</body>
</html>
"""


def redirects(site: Site) -> Iterator[tuple[str, str]]:
    """Each old path in the site, and its page."""
    for old, new in site.catalogue.redirects.items():
        new_page = new.removesuffix(".md") + ".html"
        target = posixpath.relpath(new_page, posixpath.dirname(old) or ".")
        filled = PAGE.format(
            target=attribute(target),
            canonical=attribute(f"{site.url}{new_page}" if site.url else target),
            title=raw(_title(site.catalogue, new)),
        )
        yield old.removesuffix(".md") + ".html", filled


def _title(catalogue: Catalogue, path: str) -> str:
    document = catalogue.of_path(f"docs/{path}")
    first = document.headings[:1] if document else ()
    return first[0].text if first else path.removesuffix(".md")
