"""`python -m scripts.evidence [SLUG or docs/….md …]`: runs pages' tests, writes what they prove.

Without an argument, of all pages. Exit status 0 only if every file asked for ran whole and passed.
"""

import os
import sys
from pathlib import Path

import pytest

from scripts.catalog import load

FILES_A_WORKER = 4
"""A second worker pays when there are as many files again: each imports torch first."""


def main(root: Path, asked: list[str]) -> int:
    """Run pytest in this process; its exit status, or 2 for a page that is not there."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pages = load(root).pages
    slugs = [Path(name).stem for name in asked]
    for name, slug in zip(asked, slugs, strict=True):
        if slug not in pages or name not in (slug, pages[slug].path):
            print(f"{name}: this is no page of the catalogue, or its front matter is wrong")
            return 2
    tests = [pages[slug].test for slug in slugs or pages]
    absent = [test for test in tests if not (root / test).is_file()]
    for path in absent:
        print(f"{path}: there is no such file")
    there = [test for test in tests if test not in absent]
    if not there:
        return bool(absent)
    workers = min(2, -(-len(there) // FILES_A_WORKER))
    many = ["-n", str(workers), "--dist", "loadfile"] if workers > 1 else []
    status = pytest.main(["--evidence=write", *many, *there])
    return int(status) or bool(absent)


if __name__ == "__main__":
    sys.exit(main(Path.cwd(), sys.argv[1:]))
