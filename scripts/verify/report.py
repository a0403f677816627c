"""What the person at the terminal sees: a line that lives, then a table, then what failed."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scripts.verify.records import Record


@dataclass(frozen=True)
class Line:
    """One page of the closing table."""

    page: str
    record: Record | None
    cached: bool = False
    crash: str | None = None

    @property
    def passed(self) -> bool:
        return self.record is not None and self.record.passed

    def row(self) -> dict[str, Any]:
        """As `build/verify.json` holds it."""
        record = self.record
        count = record.count if record else lambda outcome: 0
        return {
            "page": self.page,
            "outcome": "passed" if self.passed else "failed",
            "blocks": len(record.blocks) if record else 0,
            "passed": count("passed"),
            "failed": count("failed"),
            "skipped": count("skipped"),
            "cached": count("passed") if self.cached else 0,
            "seconds": record.seconds if record and not self.cached else 0.0,
            "cpu_seconds": record.cpu_seconds if record and not self.cached else 0.0,
        }


def summary(lines: Iterable[Line], seconds: float, cpu_seconds: float) -> dict[str, Any]:
    """The object of `build/verify.json`."""
    rows = [line.row() for line in lines]
    counts = ("blocks", "passed", "failed", "skipped", "cached")
    return {
        "pages": len(rows),
        **{name: sum(row[name] for row in rows) for name in counts},
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "rows": rows,
    }


def progress(done: int, total: int, page: str) -> None:
    """Rewrite one line on a terminal; say nothing elsewhere."""
    if sys.stderr.isatty():
        text = f"\r\x1b[2K[{done}/{total}] {page}"
        print(text, end="" if done < total else "\r\x1b[2K", file=sys.stderr, flush=True)


def table(lines: list[Line], found: dict[str, Any]) -> str:
    """A row a page, failures in full below, totals last."""
    width = max((len(line.page) for line in lines), default=4)
    out = [f"{'page':{width}s}  blocks  failed  skipped  seconds"]
    for line in sorted(lines, key=lambda line: (line.passed, line.page)):
        row = line.row()
        took = "  cached" if line.cached else f"{row['seconds']:8.2f}"
        counts = f"{row['blocks']:6d}  {row['failed']:6d}  {row['skipped']:7d} {took}"
        out.append(f"{line.page:{width}s}  {counts}")
    for line in lines:
        blocks = line.record.blocks if line.record else ()
        out += [f"\n{block.error}" for block in blocks if block.error]
        out += [f"\n{leak}" for leak in (line.record.leaks if line.record else ())]
        out += [f"\n{line.crash}"] if line.crash else []
    out.append(
        f"\n{found['pages']} pages, {found['blocks']} blocks: {found['passed']} passed, "
        f"{found['failed']} failed, {found['skipped']} skipped, {found['cached']} cached; "
        f"{found['seconds']:.1f} s"
    )
    return "\n".join(out)
