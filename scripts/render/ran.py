"""A document that is run and is no algorithm's: a notebook, a board."""

from typing import Any

from scripts.catalog.records import Board, Notebook
from scripts.render.actions import report
from scripts.render.marks import runs
from scripts.render.page import content
from scripts.render.records import Rendered, Site
from scripts.render.text import inline


def render_ran(site: Site, document: Notebook | Board, head: str, **meta: Any) -> Rendered:
    """As any other page: its blocks with their outputs; `head` stands below the title."""
    record, front = site.records.get(document.slug), document.front
    body, problems = content(site, document, record, below_title=head)
    about = {"title": front.title, "description": front.summary, "styles": ["notebook"]}
    return Rendered(document.path, about | meta, body, tuple(problems))


def below_title(site: Site, document: Notebook | Board, *said: str, links: str = "") -> str:
    """What it is, when it ran, what else is `said` of that, and what a reader can do with it."""
    ran = runs(site.verified(document.slug))
    when = f"Run from top to bottom: {', '.join(ran.figures)}" if ran.earned else ran.figures[0]
    lines = "".join(f"<p>{line}</p>\n" for line in (when, *said))
    return (
        f'<p class="nx-lede" markdown="span">{inline(document.front.summary)}</p>\n'
        f'<div class="nx-run" markdown="0">\n{lines}'
        f'<div class="nx-actions">{links}<a href="{document.slug}.md" download>Markdown</a> '
        f"{report(site, document)}</div>\n</div>\n"
    )
