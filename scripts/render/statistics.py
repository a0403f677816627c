"""A few numbers of each category, counted from what runs left behind."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from scripts.catalog.records import PACKAGES, Page
from scripts.render.index import heading, written
from scripts.render.marks import power
from scripts.render.records import Site
from scripts.render.text import inline, link, relative

PAGE = "docs/statistics.md"
HEAD = (
    "Category",
    "Pages",
    "Planned",
    "Blocks run",
    "Seconds",
    "Tests",
    "Laws",
    "Worked",
    "Parity checks",
    "Worst error",
    "Faults caught",
)


@dataclass
class Count:
    """What pages amount to; evidence counts only while it is of the code as it stands."""

    pages: int = 0
    planned: int = 0
    blocks: int = 0
    seconds: float = 0.0
    tests: int = 0
    laws: int = 0
    worked: int = 0
    checks: int = 0
    caught: int = 0
    faults: int = 0
    error: float | None = None

    def add(self, other: "Count") -> None:
        for each in fields(self):
            if each.name != "error":
                total = getattr(self, each.name) + getattr(other, each.name)
                setattr(self, each.name, total)
        errors = [error for error in (self.error, other.error) if error is not None]
        self.error = max(errors, default=None)


def counted(site: Site, pages: Iterable[Page]) -> Count:
    """The sums over pages of their records, evidence and planted faults."""
    count = Count()
    for page in pages:
        count.add(_of(site, page))
    return count


def _of(site: Site, page: Page) -> Count:
    count = Count(pages=1)
    if record := site.verified(page.slug):
        count.blocks, count.seconds = record.count("passed"), record.seconds
    proof = site.proofs.get(page.slug)
    if proof and proof.evidence and proof.holds:
        evidence = proof.evidence
        parities = (*evidence.matches, *evidence.transcribed)
        count.tests, count.laws = evidence.tests, len(evidence.laws)
        count.worked, count.checks = len(evidence.worked), sum(p.cases for p in parities)
        count.error = max((p.relative_error for p in parities), default=None)
    if proof and proof.faults:
        count.caught, count.faults = proof.faults
    return count


def statistics(site: Site) -> str:
    """A row a category that has pages, the categories that have none together, and all."""
    every, rows, bare = Count(), [], Count()
    for folder in PACKAGES:
        pages = [page for page in site.catalogue.pages.values() if page.category == folder]
        count = counted(site, pages)
        done, whole = written(site.catalogue, folder)
        count.planned = whole - done
        every.add(count)
        if pages:
            name = link(heading(site.catalogue, folder), relative(f"docs/{folder}/index.md", PAGE))
            rows.append(_row(name, count))
        else:
            bare.add(count)
    if bare.planned:
        rows.append(_row("without a page yet", bare))
    rows.append(_row("**All**", every))
    head = "".join(f'<th scope="col">{name}</th>' for name in HEAD)
    return (
        '<div class="nx-scroll" tabindex="0" role="region" aria-label="Statistics" markdown="1">\n'
        f'<table class="nx-numbers" markdown="1">\n<thead><tr>{head}</tr></thead>\n'
        f'<tbody markdown="1">\n{"".join(rows)}</tbody>\n</table>\n</div>\n'
    )


def _row(name: str, count: Count) -> str:
    if count.error is None:
        error = "–"
    else:
        error = power(count.error) if count.error else "0"
    faults = f"{count.caught:,} of {count.faults:,}" if count.faults else "–"
    numbers = [count.pages, count.planned, count.blocks, round(count.seconds), count.tests]
    numbers += [count.laws, count.worked, count.checks]
    shown = [f"{number:,}" if number else "–" for number in numbers]
    inside = "".join(f"<td>{cell}</td>" for cell in (*shown, error, inline(faults)))
    return f'<tr markdown="1"><th scope="row" markdown="span">{name}</th>{inside}</tr>\n'
