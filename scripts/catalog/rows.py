"""Read `docs/data/catalogue.tsv`: every algorithm there is or will be."""

import csv
import re
from pathlib import Path

from scripts.catalog.records import PACKAGES, Page, Problem, Row

PATH = "docs/data/catalogue.tsv"
COLUMNS = ["slug", "title", "category", "folder", "year", "paper", "tier", "also_in"]
PAPER = re.compile(r"(arXiv:(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})|doi:10\.\S+|https://\S+)?")
WITH_SUBFOLDERS = ("01", "06", "08", "09", "10", "11")


def read_rows(root: Path) -> tuple[dict[str, Row], list[Problem]]:
    """The rows by slug, and all that is wrong with them."""
    rows: dict[str, Row] = {}
    problems = []
    with open(root / PATH, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if reader.fieldnames != COLUMNS:
            wrong = f"the columns are {reader.fieldnames}"
            return {}, [Problem(PATH, 1, wrong, f"they should be {COLUMNS}")]
        for line, cells in enumerate(reader, start=2):
            if wrong := _wrong(cells, rows):
                problems.append(Problem(PATH, line, wrong, "mend the row"))
                continue
            also = tuple(c for c in cells["also_in"].split(",") if c)
            numbers = {"year": int(cells["year"]), "tier": int(cells["tier"])}
            rows[cells["slug"]] = Row(**{**cells, **numbers, "also_in": also}, line=line)
    return rows, problems


def _wrong(cells: dict, rows: dict[str, Row]) -> str:
    if None in cells or None in cells.values():
        return "the row has another number of cells than the header"
    slug, folder = cells["slug"], cells["folder"].split("/")
    checks = {
        f"the slug {slug!r} is not snake case": re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", slug),
        f"the slug {slug!r} stands twice": slug not in rows,
        "the title is empty or has spaces around it": cells["title"].strip()
        == cells["title"]
        != "",
        f"there is no category {cells['category']!r}": cells["category"] in PACKAGES,
        f"the folder {cells['folder']!r} is not in the category": folder[0] == cells["category"]
        and len(folder) == 1 + folder[0].startswith(WITH_SUBFOLDERS),
        f"the year {cells['year']!r} is no year": re.fullmatch(r"(19|20)\d\d", cells["year"]),
        f"the tier {cells['tier']!r} is not 1, 2 or 3": cells["tier"] in ("1", "2", "3"),
        f"{cells['paper']!r} is no arXiv:, doi: or https:": PAPER.fullmatch(cells["paper"]),
        f"also_in names an unknown category: {cells['also_in']!r}": all(
            c in PACKAGES for c in cells["also_in"].split(",") if c
        ),
    }
    return next((what for what, right in checks.items() if not right), "")


def disagreements(page: Page, row: Row | None) -> list[tuple[tuple[str, ...], str]]:
    """Where a page's front matter and its row differ: the key, and what differs."""
    if row is None:
        return [((), f"the catalogue has no row {page.slug!r}")]
    if page.folder != row.folder:
        return [((), f"the catalogue puts it in docs/{row.folder}")]
    pairs = [
        (("title",), page.front.title, row.title),
        (("year",), page.front.year, row.year),
        (("paper", "title"), page.front.paper.key, row.paper),
        (("also_in",), tuple(page.front.also_in), row.also_in),
    ]
    return [
        (key, f"{'.'.join(key[:1])} is {ours!r} here and {theirs!r} in the catalogue")
        for key, ours, theirs in pairs
        if ours != theirs
    ]
