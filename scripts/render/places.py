"""Pages written by hand with places in them that the catalogue fills: `<!-- nexus: counts -->`."""

import re
from collections.abc import Callable

from scripts.catalog.records import Document, Problem
from scripts.render.catalogue import catalogue
from scripts.render.glossary import glossary
from scripts.render.home import categories, counts, example, find, legend
from scripts.render.not_run import not_run
from scripts.render.numbers import bench_site, bench_verify
from scripts.render.page import content
from scripts.render.papers import papers
from scripts.render.paths import home_paths, overview
from scripts.render.records import Rendered, Site
from scripts.render.reference import quick_reference
from scripts.render.statistics import statistics

PLACE = re.compile(r"^<!-- nexus: ([a-z-]+) -->$", re.M)
FILLERS: dict[str, Callable[[Site], str]] = {
    "find": find,
    "counts": counts,
    "marks": legend,
    "example": example,
    "categories": categories,
    "catalogue": catalogue,
    "paths": home_paths,
    "path-overview": overview,
    "quick-reference": quick_reference,
    "glossary": glossary,
    "papers": papers,
    "not-run": not_run,
    "statistics": statistics,
    "bench-verify": bench_verify,
    "bench-site": bench_site,
}


def render_other(site: Site, document: Document) -> Rendered:
    """A page that is no algorithm's and no category's: home, an API page, or prose."""
    body, problems = content(site, document)

    def fill(place: re.Match) -> str:
        if place[1] in FILLERS:
            return FILLERS[place[1]](site)
        line = document.text[: document.text.index(place[0])].count("\n") + 1
        known = f"there are {', '.join(FILLERS)}"
        problems.append(Problem(document.path, line, f"nothing is called {place[1]!r}", known))
        return ""

    return Rendered(document.path, dict(document.meta), PLACE.sub(fill, body), tuple(problems))
