"""Decide which pages to run, hand them to workers, and gather what became of each."""

import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from _pytest.subtests import SubtestContext

from scripts.catalog import Catalogue, Document
from scripts.verify import blame, records, report
from scripts.verify.key import is_current, modules, page_key

SECONDS_A_WORKER = 10.0
"""A second worker pays when this much work is left for it: each imports torch first."""


def verify(
    catalogue: Catalogue, pages: list[Document], *, fresh: bool, workers: int | None = None
) -> tuple[list[report.Line], float, float]:
    """A line for each page; the wall and CPU seconds this took, the workers' included."""
    begin, cpu = time.perf_counter(), _cpu()
    lines: dict[str, report.Line] = {}
    expected = 0.0
    for page in pages:
        record = records.read(catalogue.root, page)
        if record and record.passed and not fresh and is_current(catalogue.root, page, record):
            lines[page.path] = report.Line(page.path, record, cached=True)
        else:
            expected += record.seconds if record else 2.0
    todo = [page for page in pages if page.path not in lines]
    if todo:
        most = min(os.cpu_count() or 1, len(todo))
        count = workers or max(1, min(most, round(expected / SECONDS_A_WORKER)))
        lines |= _run(catalogue, todo, count)
    ordered = [lines[page.path] for page in pages]
    return ordered, time.perf_counter() - begin, _cpu() - cpu


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _run(catalogue: Catalogue, pages: list[Document], workers: int) -> dict[str, report.Line]:
    root = catalogue.root
    gather = Gather(root, {page.path: page for page in pages})
    options = ["--disable-plugin-autoload", "-p", "xdist"]  # others cost a second a process
    options += ["-s", "-p", "scripts.verify.plugin", "-n", str(workers), "--dist", "load"]
    options += ["--maxschedchunk", "1", "--max-worker-restart", str(len(pages))]
    options += ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:warnings"]
    options += ["-p", "no:threadexception", "-p", "no:unraisableexception"]
    options += ["-p", "no:faulthandler", "-o", "addopts=", "--rootdir", str(root)]
    options += ["--noconftest", "-c", os.devnull]
    with blame.watchdog(root):
        pytest.main([*options, *(str(root / page.path) for page in pages)], plugins=[gather])
    return gather.all_lines()


class Gather:
    """The controller's plugin: sends pages to the workers, takes their reports, and their records.

    A record tells of each block; pytest hears of them here, as of subtests, without their having
    to be sent one by one.
    """

    def __init__(self, root: Path, pages: dict[str, Document]):
        self.root, self.pages = root, pages
        self.lines: dict[str, report.Line] = {}
        self.hook: Any = None
        tasks = {p: (page, page_key(root, page), modules(root, page)) for p, page in pages.items()}
        self._tasks = pickle.dumps(tasks)
        report.progress(0, len(pages), "starting")

    def pytest_configure(self, config: pytest.Config) -> None:
        self.hook = config.hook

    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["pages"] = self._tasks

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take a page's report; one "???" is of a worker that died on the page."""
        if report.when in ("call", "???") and not isinstance(report, pytest.SubtestReport):
            written = ("record", "written") in map(tuple, report.user_properties)
            self._page(report.nodeid, written, str(report.longrepr or ""))

    def _page(self, node: str, written: bool, failure: str) -> None:
        path = node.split("::")[0]
        page, crash = self.pages[path], None
        record = records.read(self.root, page) if written else None
        if record is None:
            records.path_of(self.root, page).unlink(missing_ok=True)  # an older one is not true now
            line = blame.last_line(self.root, path)
            what = failure.strip() or "no record was written"
            crash = f"{path}:{line}: the block that begins here ended the process: {what}"
        for block in record.blocks if record else ():
            self.hook.pytest_runtest_logreport(report=_of_block(node, page, block))
        self.lines[path] = report.Line(path, record, crash=crash)
        report.progress(len(self.lines), len(self.pages), path)

    def all_lines(self) -> dict[str, report.Line]:
        missing = set(self.pages) - set(self.lines)
        lost = {p: report.Line(p, None, crash=f"{p}:1: the page was not run") for p in missing}
        return self.lines | lost


def _of_block(node: str, page: Document, block: records.BlockRecord) -> pytest.SubtestReport:
    longrepr: Any = block.error
    if block.outcome == "skipped":
        longrepr = (page.path, block.line, "skipped")
    return pytest.SubtestReport(
        nodeid=node,
        location=(page.path, block.line - 1, page.slug),
        keywords={},
        outcome=block.outcome,  # type: ignore[arg-type]
        longrepr=longrepr,
        when="call",
        duration=block.seconds,
        context=SubtestContext(msg=f"block {block.number}, line {block.line}", kwargs={}),
    )
