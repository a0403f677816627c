"""For which code and versions a page's evidence holds; computed without torch."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from scripts.catalog.records import Page
from scripts.verify.key import digests, reached

ALWAYS = ("torch",)


def evidence_key(root: Path, page: Page, distributions: Iterable[str]) -> str:
    """The key under which evidence from these oracles' distributions holds, here and now."""
    pinned = pins(root)
    names = sorted({canonical(name) for name in (*distributions, *ALWAYS)})
    parts = [files_digest(root, page), *(f"{name}=={pinned.get(name)}" for name in names)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def files_digest(root: Path, page: Page) -> str:
    """A digest of the test file and of all the project's files that decide what it proves."""
    found = digests(root, files(root, page))
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


def files(root: Path, page: Page) -> list[str]:
    """The test file, the conftests above it, its closure in `nexus`, and data beside that."""
    modules = closure(root, page)
    beside = {
        data.relative_to(root).as_posix()
        for module in modules
        for data in (root / module).parent.glob(f"{PurePosixPath(module).stem}.*")
        if data.suffix not in (".py", ".pyc")
    }
    folders = [folder.as_posix() for folder in PurePosixPath(page.test).parents]
    conftests = [f"{folder}/conftest.py" for folder in folders if folder != "."]
    return [page.test, *conftests, *modules, *sorted(beside)]


def closure(root: Path, page: Page) -> list[str]:
    """The files of `nexus` that the page's test file imports, directly or not."""
    test = root / page.test
    return reached(root, [test.read_text(encoding="utf-8")] if test.is_file() else [])


def pins(root: Path) -> dict[str, str]:
    """The versions in constraints.txt, by canonical name of the distribution."""
    file = root / "constraints.txt"
    lines = file.read_text(encoding="utf-8").split("\n") if file.is_file() else []
    pairs = [line.split("#")[0].strip().partition("==") for line in lines]
    return {canonical(name): version for name, sign, version in pairs if sign}


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
