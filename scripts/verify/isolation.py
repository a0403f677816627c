"""Give each page a fresh world, and put the old one back after it."""

import linecache
import os
import random
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.catalog.records import Page
from scripts.verify.figures import STYLE
from scripts.verify.guards import Running, data_files, watched
from scripts.verify.state import Snapshot, private


@contextmanager
def page_module(root: Path, page: Page) -> Iterator[types.ModuleType]:
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
    """What a page runs in. `leaks` names, after each block, what was not as before the page."""

    def __init__(self, root: Path, read: set[str], warned: list[warnings.WarningMessage]):
        self.warned = warned
        self._root, self._read = root, read
        self._snapshot, self._running = Snapshot(), Running()

    def leaks(self) -> list[str]:
        """What is not as it was before the page, and what it has started and still runs."""
        return self._snapshot.changed() + self._running.left()

    def last_leaks(self) -> list[str]:
        """The same at the end: threads get a moment to end, processes are killed."""
        return self._snapshot.changed() + self._running.end()

    def data_read(self) -> list[str]:
        """The data files of the checkout that were read, below it."""
        return data_files(self._root, self._read)

    def restore(self) -> None:
        self._snapshot.restore()


@contextmanager
def fresh_world(root: Path) -> Iterator[World]:
    """Seeds of 0, an empty working directory, our plot style; all as it was, afterwards."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    import torch

    here = os.getcwd()
    with (
        tempfile.TemporaryDirectory(prefix="nexus-") as folder,
        warnings.catch_warnings(record=True) as warned,
        private(),
        matplotlib.rc_context(fname=str(STYLE)),
        watched(root) as read,
    ):
        os.chdir(folder)
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        warnings.simplefilter("always")
        world = World(root, read, warned)
        try:
            yield world
        finally:
            plt.close("all")
            world.restore()
            os.chdir(here)
