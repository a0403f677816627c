"""Read `docs/data/redirects.tsv`: where pages stood once, and where they stand now."""

from collections.abc import Collection
from pathlib import Path

from scripts.catalog.records import PACKAGES, Catalogue, Problem

PATH = "docs/data/redirects.tsv"
Moved = dict[str, tuple[str, int]]
"""The new path by the old one, both below `docs`, with the line that says so."""


def read_redirects(
    catalogue: Catalogue, documents: Collection[str]
) -> tuple[dict[str, str], list[Problem]]:
    """The last path by each old one, and all that is wrong; a page may have moved twice."""
    file = catalogue.root / PATH
    moved, problems = _read(file) if file.is_file() else ({}, [])
    there = {path.removeprefix("docs/") for path in documents}
    there |= {each.path.removeprefix("docs/") for each in catalogue.paths}
    there |= {f"{folder}/index.md" for folder in PACKAGES}
    found = {}
    for old, (_, line) in moved.items():
        if old in there:
            what, mend = f"{old} is a page, and would never be seen", "remove the line"
        elif (end := _end(moved, old)) is None:
            what, mend = f"the redirects from {old} go in a circle", "let one lead to a page"
        elif end not in there:
            what, mend = f"there is no page {end}", "name the page as it stands now"
        else:
            found[old] = end
            continue
        problems.append(Problem(PATH, line, what, mend))
    return found, problems


def _read(file: Path) -> tuple[Moved, list[Problem]]:
    moved: Moved = {}
    problems = []
    for line, text in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if not text.strip() or text.startswith("#"):
            continue
        cells = text.split("\t")
        if len(cells) != 2 or not all(_is_path(cell) for cell in cells):
            what = f"{text!r} is not two paths of pages"
            mend = "write old and new path below docs, with .md, and a tab between"
            problems.append(Problem(PATH, line, what, mend))
        elif cells[0] in moved:
            what = f"{cells[0]} stands twice"
            problems.append(Problem(PATH, line, what, "keep one"))
        else:
            moved[cells[0]] = (cells[1], line)
    return moved, problems


def _is_path(text: str) -> bool:
    parts = text.split("/")
    return text.endswith(".md") and "" not in parts and not {".", ".."} & {*parts}


def _end(moved: Moved, old: str) -> str | None:
    """Where the way from an old path ends; None if it never does."""
    seen = {old}
    while old in moved:
        old = moved[old][0]
        if old in seen:
            return None
        seen.add(old)
    return old
