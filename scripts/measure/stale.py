"""`python -m scripts.measure.stale [PAGE …]`: experiments whose results are not of today's code.

Exit status 1 only if some do not hold; stale ones do.
"""

import sys
from pathlib import Path

from scripts.catalog import load
from scripts.measure.states import Standing, command, standing
from scripts.verify.__main__ import select


def main(paths: list[str]) -> int:
    """List them, with what to run."""
    root = Path.cwd()
    pages, unknown = select(root, load(root).measured, paths)
    found = [(page, each) for page in pages for each in standing(root, page)]
    lines = []
    for page, each in found:
        if each.state != "current":
            lines.append(f"{page.path}:{each.line}: {each.state}: {each.name} {each.why}")
            lines += [f"  {_measured(each)}"] if each.date else []
            lines.append(f"  {command(page, smoke=each.state == 'stale')}")
    for path in unknown:
        lines.append(f"{path}:1: this is no page of the catalogue, or its front matter is wrong")
    print("\n".join(lines) or f"{len(found)} experiments: all current.")
    return 0 if all(each.holds for _, each in found) and not unknown else 1


def _measured(each: Standing) -> str:
    confirmed = f", confirmed {each.confirmed}" if each.confirmed else ""
    commit = f" at commit {each.commit}" if each.commit else ""
    return f"measured {each.date}{commit}, took {each.seconds:.0f} s{confirmed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
