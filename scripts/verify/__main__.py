"""`python -m scripts.verify [PAGE …] [--fresh] [--watch]`: run what changed, say what failed."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from scripts.catalog import Catalogue, Document, load
from scripts.verify import records, report
from scripts.verify.controller import verify

Some = TypeVar("Some", bound=Document)


def main() -> int:
    """Exit status 0 only if `docs` holds no problem and every block of the pages passed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.verify", description=__doc__)
    parser.add_argument("pages", nargs="*", help="paths of pages; all, if none is given")
    parser.add_argument("--fresh", action="store_true", help="run all, also what did not change")
    parser.add_argument("--watch", action="store_true", help="run again whenever a file is saved")
    parser.add_argument("--standalone", action="store_true", help="each block with its slice only")
    parser.add_argument("--workers", type=int, help="how many; chosen from the work, if not given")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: a worker is one thread
    os.environ.setdefault("MPLBACKEND", "Agg")
    root = Path.cwd()
    if args.watch:
        return watch(root, args.pages)
    catalogue = load(root)
    for problem in catalogue.problems:
        print(problem, file=sys.stderr)
    every = catalogue.measured if args.standalone else catalogue.run
    pages, unknown = select(root, every, args.pages)
    for path in unknown:
        print(f"{path}:1: this is no page of the catalogue, or its front matter is wrong")
    if args.standalone:
        return alone(catalogue, pages)
    lines, seconds, cpu = verify(catalogue, pages, fresh=args.fresh, workers=args.workers)
    found = report.summary(lines, seconds, cpu)
    records.put(root / "build" / "verify.json", json.dumps(found, indent=1) + "\n")
    print(report.table(lines, found))
    if catalogue.problems:
        print(f"{len(catalogue.problems)} problems in docs (above)")
    good = all(line.passed for line in lines) and not catalogue.problems and not unknown
    return 0 if good else 1


def alone(catalogue: Catalogue, pages: Sequence[Document]) -> int:
    """Run every slice alone; exit status 0 only if all passed. A notebook is only run whole."""
    from scripts.verify.standalone import standalone

    problems = standalone(catalogue, pages)
    print("\n\n".join(problems) or f"Every block of {len(pages)} pages runs with its slice alone.")
    return 1 if problems else 0


def select(root: Path, every: Iterable[Some], paths: list[str]) -> tuple[list[Some], list[str]]:
    """Those of the pages that have these paths (all, if there are none), and paths of no page."""
    by_path = {page.path: page for page in every}
    if not paths:
        return list(by_path.values()), []
    wanted = [os.path.relpath(path, root).replace(os.sep, "/") for path in paths]
    return [by_path[p] for p in wanted if p in by_path], [p for p in wanted if p not in by_path]


def watch(root: Path, paths: list[str]) -> int:
    """Verify again each time a page, a module or a result is saved; until interrupted."""
    seen: dict[Path, float] = {}
    command = [sys.executable, "-m", "scripts.verify", *paths]
    while True:
        files = [*root.glob("docs/**/*.md"), *root.glob("docs/data/*"), *root.glob("nexus/**/*.py")]
        now = {file: file.stat().st_mtime for file in files if file.exists()}
        if now != seen:
            seen = now
            subprocess.run(command, cwd=root, check=False)
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
