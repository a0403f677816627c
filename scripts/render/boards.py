"""Leaderboards: methods of one kind on the same tasks, as a page and on their categories' indexes.

An index shows what the blocks of the board's section *Results* printed and drew.
"""

from collections.abc import Iterator

from scripts.catalog.records import Board
from scripts.measure import Standing
from scripts.render.outputs import output
from scripts.render.proofs import Proof
from scripts.render.ran import below_title, render_ran
from scripts.render.records import Rendered, Site
from scripts.render.text import inline, link, raw, relative

RESULTS = "Results"


def render_board(site: Site, board: Board) -> Rendered:
    """As any other page that is run; below the title it says when and on what it was measured."""
    head = below_title(site, board, raw(measured(site, board)))
    return render_ran(site, board, head, scripts=["copy"])


def measured(site: Site, board: Board) -> str:
    """When, on what and in how many seconds its experiments were measured, in words."""
    found = site.proofs.get(board.slug, Proof()).experiments
    if not found or not all(each.holds for each in found):
        return f"Not measured as it stands: make bench CATEGORY={board.slug}"
    return f"Measured by make bench CATEGORY={board.slug}, {_when(found)}"


def _when(found: tuple[Standing, ...]) -> str:
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
