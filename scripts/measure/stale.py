"""`python -m scripts.measure.stale [PAGE …]`: experiments whose results are not of today's code.

Exit status 1 only if some do not hold: stale ones do.
"""

import sys
from pathlib import Path

from scripts.catalog import load
from scripts.measure.states import command, standing
from scripts.verify.__main__ import select


def main(paths: list[str]) -> int:
    """List them, with what to run."""
    root = Path.cwd()
    pages, unknown = select(load(root), paths)
    lines, holds, total = [], True, 0
    for page in pages:
        for each in standing(root, page):
            total += 1
            if each.state == "current":
                continue
            holds = holds and each.holds
            when = f", at commit {each.commit[:12]}" if each.commit else ""
            after = f" ({each.date}{when}, {each.seconds:.0f} s)" if each.date else ""
            smoke = " SMOKE=1`" if each.state == "stale" else "`"
            mend = command(page).removesuffix("`") + smoke
            lines.append(
                f"{page.path}:{each.line}: {each.state}: {each.name} {each.why}{after}; {mend}"
            )
    for path in unknown:
        lines.append(f"{path}:1: this is no page of the catalogue, or its front matter is wrong")
    print("\n".join(lines) or f"All {total} experiments are current.")
    return 0 if holds and not unknown else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
