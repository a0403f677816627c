"""What was not run or not earned, and why: the counted list of what this site does not show."""

from scripts.catalog.records import Board, Page
from scripts.measure.states import command
from scripts.render.marks import marks, worded
from scripts.render.records import Site
from scripts.render.text import counted, inline, link, relative

PAGE = "docs/not_run.md"


def not_run(site: Site) -> str:
    """Skipped blocks, marks that pages lack, experiments whose code has changed since."""
    pages = sorted(site.catalogue.pages.values(), key=lambda page: page.path)
    blocks = [
        _line(page, block.line, inline(block.skip))
        for page in pages
        for block in page.blocks
        if block.skip
    ]
    every = sum(len(page.blocks) for page in pages)
    lacking = [_line(page, None, said) for page in pages if (said := _lacking(site, page))]
    marks_lacking = sum(not m.earned for page in pages for m in marks(site, page))
    stale = [
        _line(page, each.line, f"`{each.name}` {inline(each.why)}; {command(page, smoke=True)}")
        for page in site.catalogue.measured
        if page.slug in site.proofs
        for each in site.proofs[page.slug].experiments
        if each.state == "stale"
    ]
    measured = sum(len(proof.experiments) for proof in site.proofs.values())
    return (
        "\n\n".join(
            [
                "## Blocks that no run executes",
                _list(blocks, f"of {counted(every, 'block')}", "every block runs"),
                "## Marks not earned",
                _list(lacking, f"of {4 * len(pages)}", "every page has all four", marks_lacking),
                "## Experiments measured with older code",
                _list(
                    stale, f"of {counted(measured, 'experiment')}", "all are of the code as it is"
                ),
            ]
        )
        + "\n"
    )


def _line(page: Page | Board, line: int | None, why: str) -> str:
    where = link(page.front.title, relative(page.path, PAGE))
    at = f", line {line}:" if line else "<br>"
    return f'<li markdown="span">{where}{at} {why}</li>'


def _lacking(site: Site, page: Page) -> str:
    """The marks that a page has not earned, by reason."""
    reasons: dict[str, list[str]] = {}
    for mark in marks(site, page):
        if not mark.earned:
            reasons.setdefault(mark.figures[0], []).append(f"**{mark.name}**")
    return "; ".join(f"{', '.join(names)}: {worded(why)}" for why, names in reasons.items())


def _list(lines: list[str], of: str, none: str, count: int | None = None) -> str:
    """The lines under how many things they are; `count` where a line holds several."""
    if not lines:
        return f"None {of}: {none}."
    inside = "\n".join(lines)
    return f'{count or len(lines)} {of}.\n\n<ul class="nx-plain" markdown="1">\n{inside}\n</ul>'
