"""Tables of what `make bench-verify` and `make bench-site` measured."""

import json
from collections.abc import Callable
from typing import Any

from scripts.render.records import Site

Row = dict[str, Any]
Column = tuple[str, Callable[[Row], object]]

VERIFY: list[Column] = [
    ("pages", lambda row: row["pages"]),
    ("block", lambda row: f"{_block_ms(row):.0f} ms"),
    ("plain, CPU s", lambda row: row["plain"]["cpu"]),
    ("verify, CPU s", lambda row: row["cold_one"]["cpu"]),
    ("ratio", lambda row: row["overhead"]),
    ("free, CPU s", lambda row: row["cold"]["cpu"]),
    ("free, s", lambda row: row["cold"]["wall"]),
    ("same, s", lambda row: row["unchanged"]["wall"]),
    ("one module, s", lambda row: row["one_module"]["wall"]),
    ("run again", lambda row: row["run_again"]),
    ("peak MB", lambda row: row["cold"]["peak_mb"]),
]
SITE: list[Column] = [
    ("pages", lambda row: row["pages"]),
    ("Material alone, CPU s", lambda row: row["plain"]["cpu"]),
    ("our build, CPU s", lambda row: row["build"]["cpu"]),
    ("ratio", lambda row: row["overhead"]),
    ("our build, s", lambda row: row["build"]["wall"]),
    ("formulas kept, s", lambda row: row["build again"]["wall"]),
    ("Markdown alone, s", lambda row: row["render"]["wall"]),
    ("peak MB", lambda row: row["build"]["peak_mb"]),
]


def bench_verify(site: Site) -> str:
    """Verification against plain pytest-codeblocks on the same blocks."""
    return _table(site, "verify", VERIFY)


def bench_site(site: Site) -> str:
    """Our build against Material alone on the same pages."""
    return _table(site, "site", SITE)


def _block_ms(row: Row) -> float:
    """Milliseconds of CPU a block takes in the plain run, imports and all."""
    return 1000 * row["plain"]["cpu"] / (6 * row["pages"])


def _table(site: Site, name: str, columns: list[Column]) -> str:
    file = site.catalogue.root / "docs" / "data" / f"bench.{name}.json"
    if not file.is_file():
        return f"Not measured yet: `make bench-{name}`.\n"
    found = json.loads(file.read_text(encoding="utf-8"))
    lines = [[title for title, _ in columns], ["--:" for _ in columns]]
    lines += [[str(value(row)) for _, value in columns] for row in found["rows"]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    grown = ", ".join(
        f"{what.replace('_', ' ')} {n}" for what, n in found["growth"].items() if n is not None
    )
    growth = f" CPU time grows with the pages to the power: {grown}." if grown else ""
    where = f"`{found['command']}` on {found['machine']}, {found['date']}."
    return f"{table}\n\n{where}{growth}\n"
