"""The card below a page's title: its paper, what it builds on, and the marks it has earned."""

from scripts.catalog.front import Paper
from scripts.catalog.records import Page
from scripts.render.actions import actions
from scripts.render.bibtex import unnamed
from scripts.render.links import named
from scripts.render.marks import marks, shown
from scripts.render.records import Site
from scripts.render.text import counted, inline, link

AUTHORS = 6


def card(site: Site, page: Page) -> str:
    """Markdown with `<section class="nx-card">` that says where a page stands."""
    front = page.front
    facts = [
        ("Also called", ", ".join(inline(alias) for alias in front.aliases)),
        ("Builds on", ", ".join(named(site.catalogue, front.prerequisites, page.path))),
        ("Time", inline(front.complexity.time)),
        ("Memory", inline(front.complexity.memory)),
        ("Source", ", ".join(_sources(site, page))),
    ]
    rows = "".join(_fact(name, value) for name, value in facts if value)
    return (
        f'<p class="nx-lede" markdown="span">{inline(front.summary)}</p>\n'
        '<section class="nx-card" aria-label="About this page" markdown="1">\n'
        f'<div class="nx-paper" markdown="1">\n{_paper(front.paper, front.year)}\n</div>\n'
        f'<dl markdown="1">\n{rows}</dl>\n'
        f'<div class="nx-marks" markdown="1">\n{shown(marks(site, page))}\n</div>\n'
        f"{actions(site, page)}\n"
        "</section>\n"
    )


def _fact(name: str, value: str) -> str:
    return f'<div markdown="1"><dt>{name}</dt><dd markdown="span">{value}</dd></div>\n'


def _paper(paper: Paper, year: int) -> str:
    """Title and link on one line, the authors, venue and year on the next."""
    authors = [inline(author) for author in paper.authors[:AUTHORS]]
    if more := paper.authors[AUTHORS:]:
        authors.append("and others" if unnamed(more[-1]) else f"and {counted(len(more), 'other')}")
    venue = paper.venue or ""
    place = [inline(venue)] if venue else []
    place += [] if str(year) in venue else [str(year)]
    shown = "paper" if paper.key.startswith("https://") else paper.key
    published = " · ".join([*place, link(shown, paper.link)])
    return (
        f'<p class="nx-paper-title" markdown="span">{inline(paper.title)}</p>\n'
        f'<p class="nx-paper-by" markdown="span">{", ".join(authors)} · {published}</p>'
    )


def _sources(site: Site, page: Page) -> list[str]:
    """The files that hold what the page implements, as links where a repository is known."""
    shown = []
    for path in source_paths(site, page):
        url, text = site.source_url(path), f"`{path}`"
        shown.append(f"[{text}]({url})" if url else text)
    return shown


def source_paths(site: Site, page: Page) -> list[str]:
    """The files that hold what the page implements, each once."""
    objects = [site.names.find(name) for name in page.front.implements]
    root = site.catalogue.root
    paths = [o.filepath.relative_to(root).as_posix() for o in objects if o]  # type: ignore
    return list(dict.fromkeys(paths))
