"""Give each page a fresh world, and put the old one back after it."""

import importlib
import inspect
import linecache
import os
import random
import re
import shutil
import sys
import tempfile
import types
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.catalog.records import Document
from scripts.verify.figures import STYLE, close_figures
from scripts.verify.guards import Running, data_files, watched
from scripts.verify.state import Snapshot, private

LATE = {
    "torch._dynamo": re.compile(r"manual_seed|optim|compile|checkpoint"),
    "torch.utils.benchmark": re.compile(r"benchmark"),
}
"""Modules whose first import takes seconds or changes torch, sys.path or the environment, and what
in the code makes torch import them."""


@contextmanager
def page_module(root: Path, page: Document) -> Iterator[types.ModuleType]:
    """A real module for the page, so that `inspect` and `pickle` work on what it defines.

    Its source is the Markdown with everything but the blocks blanked, so a line number is that
    of the page.
    """
    name, file = f"page_{page.slug}", str(root / page.path)
    module = types.ModuleType(name)
    module.__file__ = file
    lines = [""] * len(page.lines)
    for block in page.blocks:
        lines[block.line : block.end - 1] = page.lines[block.line : block.end - 1]
    source = [line + "\n" for line in lines]
    linecache.cache[file] = (sum(map(len, source)), None, source, file)
    sys.modules[name] = module
    try:
        yield module
    finally:
        sys.modules.pop(name, None)
        linecache.cache.pop(file, None)


class World:
    """What pages run in, one after the other; made once a process, since torch is slow to come."""

    def __init__(self, root: Path):
        import torch  # noqa: F401  now, so that no block waits for it

        self.root = root
        self._snapshot: Snapshot | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="nexus-"))

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder that the pages ran in."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ready(self, page: Document, modules: Iterable[str]) -> Snapshot:
        """Import what the page will, so that what the page does to it is seen."""
        found = [page.text]
        for name in modules:
            try:
                found.append(inspect.getsource(importlib.import_module(name)))
            except Exception:  # the block that imports it will say so, with its line
                continue
        for name, mentioned in LATE.items():
            if name not in sys.modules and any(map(mentioned.search, found)):
                importlib.import_module(name)
                self._snapshot = None  # what that changed is nobody's leak
        if "matplotlib" not in sys.modules and any("matplotlib" in text for text in found):
            _draw_in_our_style()
            self._snapshot = None
        self._snapshot = snapshot = self._snapshot or Snapshot()
        snapshot.extend()
        return snapshot

    @contextmanager
    def visit(self, page: Document, modules: Iterable[str]) -> Iterator["Visit"]:
        """Seeds of 0, an empty folder, our plot style; all as it was, afterwards.

        `modules` are those of `nexus` that the page will import.
        """
        here, snapshot = os.getcwd(), self._ready(page, modules)
        with (
            warnings.catch_warnings(record=True) as warned,
            private(),
            watched(self.root) as read,
        ):
            warnings.simplefilter("always")
            os.chdir(self._folder)
            _seed()
            visit = Visit(self.root, self._folder, snapshot, read, warned)
            try:
                yield visit
            finally:
                close_figures()
                if not visit.clean:
                    snapshot.restore()
                os.chdir(here)
                _empty(self._folder)


def _draw_in_our_style() -> None:
    """Import matplotlib, for the first page that draws."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot

    style = matplotlib.rc_params_from_file(STYLE, use_default_template=True)
    matplotlib.rcParams.update({k: v for k, v in style.items() if k != "backend"})


def _seed() -> None:
    """Seeds of 0; not by `torch.manual_seed`, which would import the compiler."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.default_generator.manual_seed(0)


def _empty(folder: Path) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry, ignore_errors=True)
        else:
            os.unlink(entry)


class Visit:
    """One page's stay in the world."""

    def __init__(
        self,
        root: Path,
        folder: Path,
        snapshot: Snapshot,
        read: set[str],
        warned: list[warnings.WarningMessage],
    ):
        self.warned = warned
        self._root, self._folder, self._snapshot, self._read = root, folder, snapshot, read
        self._running, self._filters = Running(), list(warnings.filters)
        self.clean = False  # until the last look has found nothing changed

    def leaks(self, *, last: bool) -> list[str]:
        """What is not as it was before the page, and what it has started and still runs.

        At the last, threads get a moment to end, and processes are killed.
        """
        changed = self._snapshot.changed()
        self.clean = last and not changed
        changed += [] if Path.cwd() == self._folder.resolve() else ["the working directory"]
        changed += [] if warnings.filters == self._filters else ["the warning filters"]
        running = self._running.end() if last else self._running.left()
        return changed + running

    def data_read(self) -> list[str]:
        """The data files of the checkout that were read, below it."""
        return data_files(self._root, self._read)
