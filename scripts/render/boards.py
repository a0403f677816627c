"""Leaderboards: methods of one kind on the same tasks, as a page and on their categories' indexes.

An index shows what the blocks of the board's section *Results* printed and drew.
"""

from collections.abc import Iterator

from scripts.catalog.records import Board
from scripts.measure.states import Standing, standing
from scripts.render.actions import report
from scripts.render.marks import runs
from scripts.render.outputs import output
from scripts.render.page import content
from scripts.render.records import Rendered, Site
from scripts.render.text import inline, link, raw, relative

RESULTS = "Results"


def render_board(site: Site, board: Board) -> Rendered:
    """As any other page that is run: its blocks with their outputs."""
    record, front = site.records.get(board.slug), board.front
    body, problems = content(site, board, record, below_title=head(site, board))
    meta = {"title": front.title, "description": front.summary}
    meta |= {"scripts": ["copy"], "styles": ["notebook"]}
    return Rendered(board.path, meta, body, tuple(problems))


def head(site: Site, board: Board) -> str:
    """What stands below the title: what it is, when it ran, when it was measured and on what."""
    ran = runs(site.verified(board.slug))
    said = f"Run from top to bottom: {', '.join(ran.figures)}" if ran.earned else ran.figures[0]
    return (
        f'<p class="nx-lede" markdown="span">{inline(board.front.summary)}</p>\n'
        '<div class="nx-run" markdown="0">\n'
        f"<p>{said}</p>\n<p>{raw(measured(site, board))}</p>\n"
        '<div class="nx-actions">'
        f'<a href="{board.slug}.md" download>Markdown</a> {report(site, board)}</div>\n'
        "</div>\n"
    )


def measured(site: Site, board: Board) -> str:
    """When, on what and in how many seconds its experiments were measured, in words."""
    found = standing(site.catalogue.root, board)
    if not found or not all(each.holds for each in found):
        return f"Not measured as it stands: make bench CATEGORY={board.slug}"
    return f"Measured by make bench CATEGORY={board.slug}, {_when(found)}"


def _when(found: list[Standing]) -> str:
    seconds = sum(each.seconds for each in found)
    stale = ", with code that has changed since" if any(e.state == "stale" for e in found) else ""
    return f"{found[0].date} on {found[0].device}, {seconds / 60:.0f} minutes of one core{stale}"


def on_index(site: Site, category: str, path: str) -> Iterator[str]:
    """A heading, the results and a link for each board of a category."""
    for board in site.catalogue.boards.values():
        record = site.verified(board.slug)
        if category not in board.front.categories or record is None:
            continue
        ran = {block.number: block for block in record.blocks}
        yield f"## Leaderboard: {inline(board.front.title)}"
        yield f"{inline(board.front.summary)}"
        for block in board.blocks:
            if block.section == RESULTS:
                yield output(block, ran.get(block.number))
        whole = link(
            "The tasks, the code and what such a scale cannot tell", relative(board.path, path)
        )
        yield f"{whole}. {raw(measured(site, board))}."
