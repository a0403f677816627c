"""The pytest plugin of a worker: one item a page, a record at the end.

It subclasses pytest-codeblocks' file and block, which by themselves would skip fences with
attributes, run shell fences and evaluate comments (DESIGN, "Verification").
"""

import os
import pickle
import platform
import time
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from pytest_codeblocks.plugin import MarkdownFile, TestBlock

from scripts.catalog import Document
from scripts.catalog.records import Block
from scripts.verify import blame, limits, records
from scripts.verify.isolation import World
from scripts.verify.key import digests
from scripts.verify.runner import Run, run_page

Task = tuple[Document, str, list[str]]
"""A page, its key, and the modules of `nexus` that it imports."""

PAGES = pytest.StashKey[dict[str, Task]]()
WORLD = pytest.StashKey[World]()


def _world(config: pytest.Config) -> World:
    """This worker's; made when it is first needed, since that imports torch."""
    if WORLD not in config.stash:
        config.stash[WORLD] = World(config.rootpath)
    return config.stash[WORLD]


class PageFailed(Exception):
    """At least one block of the page failed, or the page left something changed."""


def pytest_configure(config: pytest.Config) -> None:
    """Take the pages that the controller has read; nobody reads them twice."""
    if given := getattr(config, "workerinput", None):
        config.stash[PAGES] = pickle.loads(given["pages"])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing in the temporary folder."""
    if WORLD in config.stash:
        config.stash[WORLD].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector):
    """A page of the catalogue is a file of ours."""
    path = os.path.relpath(file_path, parent.config.rootpath).replace(os.sep, "/")
    if path in parent.config.stash.get(PAGES, {}):
        return PageFile.from_parent(parent, path=file_path)
    return None


class PageFile(MarkdownFile):
    """A page of the catalogue; all its fences are one item."""

    def collect(self):  # type: ignore[override]
        yield PageItem.from_parent(self, name="page")


class PageItem(TestBlock):
    """All blocks of one page, run as one notebook."""

    def runtest(self) -> None:
        root = self.config.rootpath
        path = os.path.relpath(self.path, root).replace(os.sep, "/")
        page, key, modules = self.config.stash[PAGES][path]
        blame.running(root, page, None)
        world = _world(self.config)
        wall, cpu = time.perf_counter(), time.process_time()
        with limits.memory_limit():
            run = self._run(world, page, modules)
        seconds = round(time.perf_counter() - wall, 3)
        cpu_seconds = round(time.process_time() - cpu, 3)
        records.write(root, page, _record(root, page, key, run, seconds, cpu_seconds))
        self.user_properties.append(("record", "written"))
        blame.done(root)
        if not run.passed:
            failed = sum(block.outcome == "failed" for block in run.blocks)
            raise PageFailed(f"{failed} of {len(run.blocks)} blocks failed")

    def _run(self, world: World, page: Document, modules: list[str]) -> Run:
        """Run the page; if it fails, once more with all the detail that costs time."""

        def started(block: Block) -> None:
            blame.running(world.root, page, block)

        run = run_page(world, page, modules, started)
        if run.passed or run.seconds > limits.BLOCK_SECONDS / 2:
            return run
        again = run_page(world, page, modules, started, self._rewrite)
        return run if again.passed else again

    def _rewrite(self, tree, source: bytes, file: str) -> None:
        rewrite_asserts(tree, source, file, self.config)

    def repr_failure(self, excinfo):
        if excinfo.errisinstance(PageFailed):
            return str(excinfo.value)
        last = excinfo.traceback[-1]
        return f"{excinfo.exconly()} ({last.path}:{last.lineno + 1})"

    def reportinfo(self):  # type: ignore[override]
        return self.path, 0, f"page {self.path.stem}"


def _record(
    root: Path, page: Document, key: str, run: Run, seconds: float, cpu_seconds: float
) -> records.Record:
    import nexus

    return records.Record(
        page=page.path,
        key=key,
        date=date.today().isoformat(),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        versions={
            "python": platform.python_version(),
            "nexus": nexus.__version__,
            **_versions(),
        },
        platform=f"{platform.system()} {platform.machine()}",
        blocks=run.blocks,
        leaks=run.leaks,
        data=digests(root, run.data),
    )


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "matplotlib")}
