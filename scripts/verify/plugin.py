"""The pytest plugin: one item a page, one report a block, a record at the end.

It subclasses pytest-codeblocks' file and block, which by themselves would skip fences with
attributes, run shell fences and evaluate comments (DESIGN, "Verification").
"""

import platform
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from pytest_codeblocks.plugin import MarkdownFile, TestBlock

import nexus
from scripts.catalog import Catalogue, Page
from scripts.verify import records
from scripts.verify.key import page_key
from scripts.verify.limits import memory_limit
from scripts.verify.runner import run_page

CATALOGUE = pytest.StashKey[Catalogue]()
PAGE = pytest.StashKey[records.Record]()


class PageFailed(Exception):
    """At least one block of the page failed."""


class PageFile(MarkdownFile):
    """A page of the catalogue; all its fences are one item."""

    def collect(self):  # type: ignore[override]
        yield PageItem.from_parent(self, name="page")


class PageItem(TestBlock):
    """All blocks of one page, run as one notebook."""

    def runtest(self) -> None:
        catalogue = self.config.stash[CATALOGUE]
        path = self.path.relative_to(catalogue.root).as_posix()
        page = next(p for p in catalogue.pages.values() if p.path == path)
        record = self._run(catalogue.root, page)
        records.write(catalogue.root, page, record)
        self.stash[PAGE] = record
        if not record.passed:
            raise PageFailed(f"{record.count('failed')} of {len(record.blocks)} blocks failed")

    def _run(self, root: Path, page: Page) -> records.Record:
        import torch  # noqa: F401  the first import takes seconds and is no block's fault

        key = page_key(root, page)
        wall, cpu = time.perf_counter(), time.process_time()
        blocks = []
        with memory_limit():
            for block in run_page(root, page, self._rewrite):
                blocks.append(block)
                self._report(block)
        return records.Record(
            page=page.path,
            key=key,
            date=date.today().isoformat(),
            seconds=round(time.perf_counter() - wall, 3),
            cpu_seconds=round(time.process_time() - cpu, 3),
            versions={
                "python": platform.python_version(),
                "nexus": nexus.__version__,
                **{name: version(name) for name in ("torch", "numpy", "matplotlib")},
            },
            platform=f"{platform.system()} {platform.machine()}",
            blocks=tuple(blocks),
        )

    def _rewrite(self, tree, source: bytes, file: str) -> None:
        rewrite_asserts(tree, source, file, self.config)

    def _report(self, block: records.BlockRecord) -> None:
        """Tell pytest of one block, as of a test of its own."""
        skipped = (str(self.path), block.line, "skipped") if block.outcome == "skipped" else None
        self.ihook.pytest_runtest_logreport(
            report=pytest.TestReport(
                nodeid=f"{self.parent.nodeid}::block {block.number}, line {block.line}",  # type: ignore
                location=(str(self.path), block.line - 1, f"block {block.number}"),
                keywords={},
                outcome=block.outcome,  # type: ignore[arg-type]
                longrepr=block.error or skipped,
                when="call",
                duration=block.seconds,
            )
        )

    def repr_failure(self, excinfo):
        if excinfo.errisinstance(PageFailed):
            return str(excinfo.value)
        return pytest.Item.repr_failure(self, excinfo)

    def reportinfo(self):  # type: ignore[override]
        return self.path, 0, f"page {self.path.stem}"


class Verify:
    """Collects the pages of a catalogue and hands each finished record to `done`."""

    def __init__(self, catalogue: Catalogue, done):
        self.catalogue, self.done = catalogue, done

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[CATALOGUE] = self.catalogue

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector):
        if file_path.suffix == ".md":
            return PageFile.from_parent(parent, path=file_path)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo):
        report = yield
        if call.when == "call":
            path = item.path.relative_to(self.catalogue.root).as_posix()
            self.done(path, item.stash.get(PAGE, None), report)
        return report
