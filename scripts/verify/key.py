"""A page's key: a hash of all that its run depends on. Same key, same run; no torch needed."""

import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from scripts.catalog.imports import imported
from scripts.catalog.records import Document
from scripts.verify.records import Record

PARTS = ("verify", "catalog", "slices", "measure")
"""Packages of `scripts` that decide what becomes of a page."""

FRONT_USED = ("implements", "prerequisites")


def page_key(root: Path, page: Document) -> str:
    """The key under which a record of this page is valid, here and now."""
    parts = [page.path]
    parts += [repr((b.code, b.varies, b.raises, b.skip, b.expected)) for b in page.blocks]
    parts += [repr(page.meta.get(key)) for key in FRONT_USED]
    for module in sorted({*closure(root, page), *_files(root, page.module)}):
        parts += [module, _digest(root / module)]
    return hashlib.sha256("\0".join([*parts, _surroundings(root)]).encode()).hexdigest()


def is_current(root: Path, page: Document, record: Record) -> bool:
    """Whether running the page again would do what the record says."""
    unchanged = all(digests(root, [path])[path] == was for path, was in record.data.items())
    return unchanged and record.key == page_key(root, page)


def digests(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The digest of each file, empty for one that is gone."""
    return {p: _digest(root / p) if (root / p).is_file() else "" for p in paths}


def closure(root: Path, page: Document) -> list[str]:
    """The files of `nexus` that the page's blocks import, directly or not, below root, sorted."""
    return reached(root, (block.code for block in page.blocks))


def reached(root: Path, codes: Iterable[str]) -> list[str]:
    """The files of `nexus` that these pieces of code import, directly or not, sorted."""
    todo = {file for code in codes for file in _imports(root, code)}
    seen: set[str] = set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo |= _imports_of_file(root, file, os.stat(f"{root}/{file}").st_mtime_ns)
    return sorted(seen)


def modules(root: Path, page: Document) -> list[str]:
    """The names of the modules of that closure."""
    dotted = [file.removesuffix(".py").replace("/", ".") for file in closure(root, page)]
    return [name.removesuffix(".__init__") for name in dotted]


@cache
def _imports_of_file(root: Path, file: str, changed: int) -> frozenset[str]:
    return frozenset(_imports(root, (root / file).read_text(encoding="utf-8")))


def _imports(root: Path, code: str) -> set[str]:
    """Files of `nexus` that this code imports, with every parent `__init__`."""
    try:
        names = imported(code)
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {file for _, name in names for file in _files(root, name)}


def _files(root: Path, name: str) -> set[str]:
    parts = name.split(".")
    paths = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    candidates = [file for path in paths for file in (f"{path}/__init__.py", f"{path}.py")]
    return {file for file in candidates if os.path.isfile(f"{root}/{file}")}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _surroundings(root: Path) -> str:
    """What every page depends on: verifier, parser, plot style, versions, processor, threads."""
    scripts = root / "scripts"
    files = [f for part in PARTS for f in (scripts / part).glob("*.*")]
    own = [_digest(f) for f in sorted(files) if f.is_file()]
    pins = root / "constraints.txt"
    threads = os.environ.get("OMP_NUM_THREADS", "1")  # as verify sets it
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return repr((own, pins.exists() and _digest(pins), version, _processor(), threads))


def _processor() -> tuple[str, ...]:
    """The machine's vector instructions: results differ in the last digits between them."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split()
    except (OSError, IndexError):
        flags = []
    wide = sorted(f for f in flags if f.startswith(("avx", "amx", "fma")))
    return (platform.system(), platform.machine(), *wide)
