"""`python -m scripts.verify.twice`: run all pages twice, and name each output that differs.

The two runs have other hash seeds and thread counts. A block marked {varies} may differ.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.catalog import Catalogue, Document, load
from scripts.verify import records

SURROUNDINGS = [  # the last run's records stay, so it is the one that verify itself would make
    {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"},
    {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
]


def main() -> int:
    """Exit status 0 only if both runs passed and printed the same."""
    catalogue = load(Path.cwd())
    runs, failed = [], 0
    for surroundings in SURROUNDINGS:
        command = [sys.executable, "-m", "scripts.verify", "--fresh", *sys.argv[1:]]
        failed |= subprocess.call(command, env={**os.environ, **surroundings})
        runs.append(_records(catalogue))
    problems = [
        problem
        for page in catalogue.run
        if page.slug in runs[0] and page.slug in runs[1]
        for problem in differences(page, runs[0][page.slug], runs[1][page.slug])
    ]
    print("\n".join(problems) or "Both runs printed and drew the same.")
    return 1 if failed or problems else 0


def _records(catalogue: Catalogue) -> dict[str, records.Record]:
    found = {page.slug: records.read(catalogue.root, page) for page in catalogue.run}
    return {slug: record for slug, record in found.items() if record}


def differences(page: Document, one: records.Record, other: records.Record) -> Iterator[str]:
    """A line for each output of a block that does not say it varies."""
    for block, first, second in zip(page.blocks, one.blocks, other.blocks, strict=True):
        if block.varies:
            continue
        for what in ("stdout", "warnings", "raised", "figures"):
            a, b = getattr(first, what), getattr(second, what)
            if a != b:
                shown = "" if what == "figures" else f": {_first_difference(str(a), str(b))}"
                yield (
                    f"{page.path}:{block.line}: {what} differs between two runs{shown}; "
                    f"make it determinate, or mark the block {{varies}}"
                )


def _first_difference(a: str, b: str) -> str:
    """The first line on which the two differ."""
    one, other = a.split("\n"), b.split("\n")
    pairs = zip(one + [""] * len(other), other + [""] * len(one), strict=False)
    return next(f"{x!r} and {y!r}" for x, y in pairs if x != y)


if __name__ == "__main__":
    sys.exit(main())
