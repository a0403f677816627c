"""Learning paths: a page each with map and steps, an overview, and a strip for the front page."""

from collections.abc import Callable
from functools import partial

from scripts.catalog.front import LearningPath, paper_link
from scripts.catalog.records import Catalogue
from scripts.render.pathmap import draw
from scripts.render.records import Rendered, Site
from scripts.render.text import attribute, counted, inline, link, planned, raw, relative

OVERVIEW = "docs/paths/index.md"
HOME = "docs/index.md"
MAPS = {"wide": (760, 4), "narrow": (350, 2)}
KEY = (
    "Dashed boxes are planned. An arrow leads from a page to one that builds on it; "
    "what a planned page builds on shows when it is written."
)


def render_path(site: Site, path: LearningPath) -> Rendered:
    """The page of one path; with a script its steps can be ticked off."""
    catalogue = site.catalogue
    parts = [
        f"# {inline(path.title)}",
        f'<p class="nx-lede">{raw(path.summary)}</p>',
        _standing(catalogue, path),
        f'<p class="nx-note"><strong>What you should know:</strong> {raw(path.before)}</p>',
        drawn(KEY, partial(draw, catalogue, path)),
    ]
    number = 1
    for at, week in enumerate(path.weeks, start=1):
        parts += [f"## {path.unit.title()} {at}: {inline(week.title)}", inline(week.aim)]
        parts.append(_steps(catalogue, path, week.steps, number))
        number += len(week.steps)
    meta = {"title": path.title, "description": path.summary}
    meta |= {"scripts": ["paths"], "styles": ["paths"]}
    return Rendered(path.path, meta, "\n\n".join(parts) + "\n")


def drawn(key: str, draw: Callable[..., str]) -> str:
    """A map for wide and one for narrow screens, and what their signs mean; empty if they are."""
    each = {kind: draw(width=w, columns=c) for kind, (w, c) in MAPS.items()}
    maps = "".join(f'<div class="nx-map nx-map-{k}">{svg}</div>' for k, svg in each.items() if svg)
    shown = f'<figure class="nx-route">{maps}<figcaption>{raw(key)}</figcaption></figure>'
    return shown if maps else ""


def path_at(catalogue: Catalogue, path: str) -> LearningPath | None:
    """The learning path whose page stands at a path below the checkout."""
    return next((each for each in catalogue.paths if each.path == path), None)


def _standing(catalogue: Catalogue, path: LearningPath) -> str:
    """How long the path is and how much of it is written; a script adds how much is done."""
    done = sum(slug in catalogue.pages for slug in path.steps)
    said = [counted(len(path.weeks), path.unit), counted(len(path.steps), "step")]
    said.append(f"{done} written" if done < len(path.steps) else "all written")
    steps = attribute(" ".join(path.steps))
    return f'<p class="nx-count" data-steps="{steps}">{" · ".join(said)}</p>'


def _steps(catalogue: Catalogue, path: LearningPath, slugs: list[str], first: int) -> str:
    items = "".join(_item(catalogue, path, slug) for slug in slugs)
    return f'<ol class="nx-steps" start="{first}" markdown="1">\n{items}</ol>'


def _item(catalogue: Catalogue, path: LearningPath, slug: str) -> str:
    """A step: its page with its summary, or the paper of what is planned."""
    page, row = catalogue.pages.get(slug), catalogue.rows.get(slug)
    title = page.front.title if page else row.title if row else slug
    if page:
        name, about = link(title, relative(page.path, path.path)), inline(page.front.summary)
    else:
        name, about = planned(inline(title)), ""
        if row and row.paper:
            about = f"Until then: {link(f'its paper of {row.year}', paper_link(row.paper))}."
    box = f'<input type="checkbox" hidden aria-label="{attribute(title)}: done">'
    return (
        f'<li data-step="{attribute(slug)}" markdown="span">{box}<strong>{name}</strong>'
        f"<br>{about}</li>\n"
    )


def overview(site: Site) -> str:
    """All paths, for the page that lists them."""
    return strip(site, OVERVIEW)


def home_paths(site: Site) -> str:
    """All paths, for the front page."""
    return strip(site, HOME)


def strip(site: Site, page: str) -> str:
    """A cell a path, as seen from a page: title, what it leads to, how far it is."""
    cells = "".join(_cell(site.catalogue, path, page) for path in site.catalogue.paths)
    return f'<div class="nx-grid" markdown="1">\n{cells}</div>\n'


def _cell(catalogue: Catalogue, path: LearningPath, page: str) -> str:
    title = link(path.title, relative(path.path, page))
    return (
        '<div class="nx-cell" markdown="1">\n'
        f'<p class="nx-cell-title" markdown="span">{title}</p>\n'
        f'<p markdown="span">{inline(path.summary)}</p>\n'
        f"{_standing(catalogue, path)}\n</div>\n"
    )
