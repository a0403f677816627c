"""Maps of pages: boxes from top to bottom, prerequisites as arrows; of a path, of a category."""

import re
import textwrap
from dataclasses import dataclass

from scripts.catalog.front import LearningPath
from scripts.catalog.paths import before
from scripts.catalog.records import Catalogue
from scripts.render.text import attribute, raw, relative

GUTTER, GAP, HEIGHT, BETWEEN, TITLE, LETTER = 34, 12, 46, 26, 40, 6.7
"""Pixels: left of boxes, between them, a box, between lines of boxes, a week's title, a letter."""


@dataclass(frozen=True)
class Box:
    """Where a step stands on the map; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def draw(catalogue: Catalogue, path: LearningPath, *, width: int, columns: int) -> str:
    """The map as SVG, `width` pixels wide, at most `columns` steps beside each other."""
    edges = arrows(catalogue, path.steps)
    boxes, titles, height = _placed(path, edges, width, columns)
    spine = f"M15 {titles[0]:.0f}V{titles[-1]:.0f}"
    parts = [f'<path class="nx-map-spine" d="{spine}"/>']
    parts += [_arrow(boxes[one], boxes[other]) for one, other in edges]
    for number, (week, y) in enumerate(zip(path.weeks, titles, strict=True), start=1):
        parts.append(
            f'<circle class="nx-map-stop" cx="15" cy="{y:.0f}" r="12"/>'
            f'<text class="nx-map-number" x="15" y="{y + 4:.0f}">{number}</text>'
            f'<text class="nx-map-week" x="{GUTTER}" y="{y + 4:.0f}">{raw(week.title)}</text>'
        )
    for number, slug in enumerate(path.steps, start=1):
        parts.append(_step(catalogue, path.path, slug, boxes[slug], number))
    return _svg(f"Map of the path {path.title}", width, height, parts)


def family(catalogue: Catalogue, folder: str, *, width: int, columns: int) -> str:
    """A category's written pages and what they build on, as SVG; empty if nothing leads to another.

    Each stands below all that it builds on.
    """
    own = [row.slug for row in catalogue.in_category(folder) if row.slug in catalogue.pages]
    near = [slug for page in own for slug in catalogue.pages[page].front.prerequisites]
    slugs = sorted({*own, *near}, key=lambda slug: (len(before(catalogue, slug)), slug))
    edges = arrows(catalogue, slugs)
    depth: dict[str, int] = {}
    for slug in slugs:
        depth[slug] = max((depth[one] + 1 for one, other in edges if other == slug), default=0)
    boxes, y = dict[str, Box](), 2.0
    wide = (width - GAP * (columns - 1)) / columns
    for level in range(max(depth.values(), default=-1) + 1):
        for line in _rows([slug for slug in slugs if depth[slug] == level], columns):
            left = (width - len(line) * (wide + GAP) + GAP) / 2
            boxes |= {slug: Box(left + at * (wide + GAP), y, wide) for at, slug in enumerate(line)}
            y += HEIGHT + BETWEEN
    parts = [_arrow(boxes[one], boxes[other]) for one, other in edges]
    path = f"docs/{folder}/index.md"
    parts += [_step(catalogue, path, slug, boxes[slug]) for slug in slugs]
    return _svg("What builds on what", width, y - BETWEEN + 2, parts) if edges else ""


def _svg(about: str, width: int, height: float, parts: list[str]) -> str:
    return (
        f'<svg role="group" aria-label="{attribute(about)}" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" height="{height:.0f}">{"".join(parts)}</svg>'
    )


def arrows(catalogue: Catalogue, steps: list[str]) -> list[tuple[str, str]]:
    """From each step to those that build on it, without what follows from other arrows."""
    needs = {slug: before(catalogue, slug) & set(steps) for slug in steps}
    return [
        (needed, slug)
        for slug in steps
        for needed in steps
        if needed in needs[slug] and not any(needed in needs[other] for other in needs[slug])
    ]


def _placed(
    path: LearningPath, edges: list[tuple[str, str]], width: int, columns: int
) -> tuple[dict[str, Box], list[float], float]:
    """The box of each step, the height of each week's title, and the height of all."""
    boxes: dict[str, Box] = {}
    titles, y = [], 16.0
    wide = (width - GUTTER - GAP * (columns - 1)) / columns
    for week in path.weeks:
        titles.append(y)
        y += TITLE / 2 + 4
        for line in _lines(week.steps, edges, columns):
            for at, slug in enumerate(line):
                boxes[slug] = Box(GUTTER + at * (wide + GAP), y, wide)
            y += HEIGHT + BETWEEN
        y += TITLE / 2 - 4
    return boxes, titles, y - BETWEEN - TITLE / 2 + 6


def _lines(steps: list[str], edges: list[tuple[str, str]], columns: int) -> list[list[str]]:
    """A week's steps in their order, each below what it builds on, lines about equally long."""
    depth: dict[str, int] = {}
    least = 0
    for slug in steps:
        least = max([least, *(depth[a] + 1 for a, b in edges if b == slug and a in depth)])
        depth[slug] = least
    lines = []
    for level in sorted(set(depth.values())):
        lines += _rows([slug for slug in steps if depth[slug] == level], columns)
    return lines


def _rows(slugs: list[str], columns: int) -> list[list[str]]:
    """At most `columns` in a row, rows about equally long."""
    size = -(-len(slugs) // -(-len(slugs) // columns))
    return [slugs[at : at + size] for at in range(0, len(slugs), size)]


def _arrow(one: Box, other: Box) -> str:
    """A curve from below one box to above another."""
    x1, y1, x2, y2 = one.middle, one.y + HEIGHT, other.middle, other.y - 2
    bend = min(40.0, (y2 - y1) * 0.6)
    line = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    return f'<path class="nx-map-arrow" d="{line}m-4 -6l4 6l4 -6"/>'


def _step(catalogue: Catalogue, path: str, slug: str, box: Box, number: int = 0) -> str:
    """A page's box, with its number on a path; a link if it is written."""
    page, row = catalogue.pages.get(slug), catalogue.rows.get(slug)
    title = page.front.title if page else row.title if row else slug
    indent = 29 if number else 12
    lines = label(title, int((box.width - indent - 7) / LETTER))
    pitch = 15 if len(lines) < 3 else 13
    top = box.y + HEIGHT / 2 + 4.5 - pitch / 2 * (len(lines) - 1)
    words = "".join(
        f'<tspan x="{box.x + indent:.0f}" y="{top + pitch * at:.0f}">{raw(line)} </tspan>'
        for at, line in enumerate(lines)
    )
    kind = "" if page else " nx-map-planned"
    count = f'<text class="nx-map-count" x="{box.x + 9:.0f}" y="{box.y + HEIGHT / 2 + 4:.0f}">'
    count = f"{count}{number} </text>" if number else ""
    shown = (
        f"<title>{raw(title)}{'' if page else ' (planned)'}</title>"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{HEIGHT}" rx="4"/>'
        f"{count}<text>{words}</text>"
    )
    if page:
        url = relative(page.path, path).removesuffix(".md") + ".html"
        shown = f'<a href="{attribute(url)}">{shown}</a>'
    return f'<g class="nx-map-step{kind}" data-step="{attribute(slug)}">{shown}</g>'


def label(title: str, letters: int) -> list[str]:
    """A title in three short lines at most: the acronym if it has one, else its words."""
    if len(title) > letters and (acronym := re.search(r"\((\S+)\)$", title)):
        return [acronym[1]]
    lines = textwrap.wrap(title, letters, break_long_words=False)
    return lines if len(lines) < 4 else [*lines[:2], f"{lines[2][: letters - 1]}…"]
