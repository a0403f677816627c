"""`python -m scripts.measure PAGE … [--smoke] [--workers N]`: `docs/data/<slug>.json` and `.npz`.

Nothing is written unless every seed of every experiment of the page came through.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from scripts.catalog import Document, load
from scripts.measure import states
from scripts.measure.files import write
from scripts.measure.fingerprint import experiments, fingerprint
from scripts.measure.processes import Failed
from scripts.measure.provenance import device, provenance
from scripts.measure.run import compute, packed
from scripts.measure.smoke import smoke
from scripts.verify.__main__ import select


def main(arguments: list[str]) -> int:
    """Exit status 0 only if all named pages were measured (or confirmed)."""
    parser = argparse.ArgumentParser(prog="python -m scripts.measure", description=__doc__)
    parser.add_argument("pages", nargs="+", help="paths of pages")
    parser.add_argument("--smoke", action="store_true", help="seed 0 only: is it as on record?")
    parser.add_argument("--workers", type=int, help="seeds at a time; the cores, if not given")
    args = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: a seed is one thread
    os.environ.setdefault("MPLBACKEND", "Agg")
    root = Path.cwd()
    pages, unknown = select(root, load(root).measured, args.pages)
    for path in unknown:
        print(f"{path}:1: this is no page of the catalogue, or its front matter is wrong")
    good = [_one(root, page, args.smoke, args.workers) for page in pages]
    return 0 if all(good) and not unknown else 1


def _one(root: Path, page: Document, confirm: bool, workers: int | None) -> bool:
    found = experiments(page)
    names = [each.name for each in found]
    if not found:
        print(f"{page.path}:1: no block of this page defines a @measured experiment")
        return False
    for at, each in enumerate(found):
        wrong = "@measured(seeds=5) says how many seeds, in digits" if each.seeds < 1 else ""
        wrong = "two experiments have this name" if each.name in names[:at] else wrong
        if wrong:
            print(f"{page.path}:{each.line}: {each.name}: {wrong}")
            return False
    try:
        cores = workers or os.cpu_count() or 1
        return smoke(root, page, cores) if confirm else measure(root, page, cores, workers)
    except Failed as failed:
        print(failed)
        return False


def measure(root: Path, page: Document, workers: int, asked: int | None) -> bool:
    """Compute all results of the page, then write them.

    What is recorded of the files is how they were before: whoever edits one meanwhile has results
    that are stale, or invalid.

    Raises:
        Failed: a seed did not come through.
    """
    found = experiments(page)
    record: dict[str, Any] = provenance(root, page)
    record["command"] += f" WORKERS={asked}" if asked else ""
    prints = {each.name: fingerprint(root, page, each) for each in found}
    done = compute(root, page, found, workers)
    record["device"] = device(o.gpu for outcomes in done.values() for o in outcomes if o.gpu)
    record["experiments"], arrays = {}, {}
    for each in found:
        results, more = packed(each.name, dict(enumerate(done[each.name])))
        arrays |= more
        record["experiments"][each.name] = {
            "seeds": [*range(each.seeds)],
            "seconds": round(sum(o.seconds for o in done[each.name]), 1),
            "fingerprint": prints[each.name],
            "results": results,
        }
    write(root, page, record, arrays)
    print(f"{states.paths(root, page)[0].relative_to(root)}: {', '.join(done)}")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
