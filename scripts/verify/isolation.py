"""Give each page a fresh world, and put the old one back after it."""

import linecache
import os
import random
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.catalog.records import Page
from scripts.verify.figures import STYLE


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


@contextmanager
def fresh_world() -> Iterator[None]:
    """Seeds of 0, an empty working directory, our plot style; all as it was, afterwards."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    import torch

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nexus-"))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(matplotlib.rc_context(fname=str(STYLE)))
        before = (os.getcwd(), dict(os.environ), random.getstate(), np.random.get_state())
        path, dtype, threads = list(sys.path), torch.get_default_dtype(), torch.get_num_threads()
        grad, device = torch.is_grad_enabled(), torch.get_default_device()
        os.chdir(folder)
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        try:
            yield
        finally:
            plt.close("all")
            os.chdir(before[0])
            os.environ.clear()
            os.environ.update(before[1])
            random.setstate(before[2])
            np.random.set_state(before[3])
            sys.path[:] = path
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)
            torch.set_grad_enabled(grad)
            if torch.get_default_device() != device:
                torch.set_default_device(device)
