"""`python -m scripts.check docs/….md`: a compact list, ok or what to write; in under a minute."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.catalog import PACKAGES, load
from scripts.check import running, steps
from scripts.check.subject import Found, Subject

SIDE_BY_SIDE: list[Callable[[Subject], Found | list[Found]]] = [
    steps.text,
    steps.measured,
    running.blocks,
    running.slices,
    running.tests,
    steps.lint,
    steps.types,
    steps.evidence,
]


def main(root: Path, path: str) -> int:
    """Exit status 0 only if nothing is to mend."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    begin = time.perf_counter()
    path = Path(os.path.relpath(root / path, root)).as_posix()
    folder = path.removeprefix("docs/").split("/")[0]
    if folder not in PACKAGES or not path.endswith(".md") or path.endswith("/index.md"):
        print(f"{path}:1: this is no algorithm's page; name one as docs/<category>/…/<slug>.md")
        return 2
    if not (root / path).is_file():
        print(f"{path}:1: there is no such page; `make new SLUG={Path(path).stem}` makes one")
        return 1
    catalogue = load(root)
    known = {page.path: page for page in catalogue.pages.values()}
    subject = Subject(root, path, catalogue, known.get(path))
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda step: _safe(step, subject), SIDE_BY_SIDE))
    found = [each for part in parts for each in part]
    once(found)
    print("\n".join([path, *(line for each in found for line in shown(each))]))
    count = sum(len(each.wrong) for each in found)
    left = [each.name for each in found if not each.ran]
    last = f"{count} to mend" if count else "nothing to mend"
    last += f"; not run: {', '.join(left)}" if left else ""
    print(f"{last}; {time.perf_counter() - begin:.0f} s")
    return 1 if count else 0


def once(found: list[Found]) -> None:
    """Leave out what was said before: a block that fails is not said to fail in its slice too."""
    seen, failed = set[str](), set[str]()
    for each in found:
        if each.name == "blocks":
            failed = {_place(wrong) for wrong in each.wrong}
        again = failed if each.name == "slices" else set()
        new = [w for w in dict.fromkeys(each.wrong) if w not in seen and _place(w) not in again]
        each.above = bool(each.wrong) and not new
        each.wrong = new
        seen.update(new)


def _place(wrong: str) -> str:
    """`path:line` at the beginning of a line."""
    return ":".join(wrong.split(":")[:2])


def _safe(step: Callable[[Subject], Found | list[Found]], subject: Subject) -> list[Found]:
    """A check that breaks is a problem of its own, and hides no other."""
    try:
        found = step(subject)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}".split("\n")[0]
        found = Found(step.__name__, [f"{subject.path}:1: {what} ({Path(at.filename).name})"])
    return found if isinstance(found, list) else [found]


def shown(found: Found) -> list[str]:
    """Its lines in the list."""
    if not found.ran:
        return [f"  --    {found.name:9s} {found.note}"]
    if found.above:
        return [f"  mend  {found.name:9s} as said above {found.note}".rstrip()]
    if not found.wrong:
        return [f"  ok    {found.name:9s} {found.note}".rstrip()]
    more = [f"  --    {found.name:9s} {found.note}"] if "not run here" in found.note else []
    return [*(f"  mend  {found.name:9s} {what}" for what in found.wrong), *more]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make check PAGE=docs/…/a_page.md")
    sys.exit(main(Path.cwd(), sys.argv[1]))
