"""The controller's side: from the reports of a run to evidence files, or to what they get wrong."""

import platform
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

from scripts.catalog import Page, load
from scripts.evidence import records
from scripts.evidence.compare import differences
from scripts.evidence.key import canonical, closure, evidence_key, files_digest, pins
from scripts.evidence.records import Evidence
from scripts.evidence.runs import FileRun


class Gather:
    """Takes the reports of pages' test files; at the end writes or checks their evidence."""

    def __init__(self, config: pytest.Config, mode: str):
        self.root, self.mode = config.rootpath, mode
        pages = load(self.root).pages
        self.slugs = list(pages)
        self.pages = {p.test: p for p in pages.values() if _asked(config, self.root / p.test)}
        self.runs = {test: FileRun() for test in self.pages}
        self.before = {test: files_digest(self.root, p) for test, p in self.pages.items()}
        self.problems: list[str] = []
        self.written: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if run := self.runs.get(report.nodeid.split("::")[0]):
            run.add(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge each file; a problem fails the run, whatever the tests did."""
        for test, page in self.pages.items():
            self.problems += self._judged(page, self.runs[test])
        if len(self.pages) == len(self.slugs):
            for path in records.strays(self.root, self.slugs):
                self.problems.append(f"{path}: it belongs to no page; delete it")
        passed = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self.problems and session.exitstatus in passed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for path in self.written:
            terminalreporter.write_line(f"{path}: written")
        if self.problems:
            terminalreporter.section("evidence")
        for problem in self.problems:
            terminalreporter.write_line(problem, red=True)

    def _judged(self, page: Page, run: FileRun) -> Iterator[str]:
        """What is wrong with a page's evidence; writes it if that is asked and nothing is."""
        file = records.path_of(self.root, page.slug).relative_to(self.root).as_posix()
        if why := run.missing() or self._changed(page):
            left = f", and {file} was left as it is" if self.mode == "write" else ""
            yield f"{page.test}: no evidence: {why}{left}"
            return
        found = self._made(page, run)
        if wrong := list(_unsound(self.root, page, found)):
            yield from (f"{page.test}: no evidence: {what}" for what in wrong)
        elif self.mode == "write":
            records.write(self.root, page.slug, found)
            self.written.append(file)
        else:
            claimed = records.read(self.root, page.slug)
            absent = "damaged" if (self.root / file).is_file() else "missing"
            wrong = list(differences(claimed, found)) if claimed else [f"it is {absent}"]
            yield from (f"{file}: {what}; run `make evidence SLUG={page.slug}`" for what in wrong)

    def _changed(self, page: Page) -> str:
        same = files_digest(self.root, page) == self.before[page.test]
        return "" if same else "the test or its code changed while it ran"

    def _made(self, page: Page, run: FileRun) -> Evidence:
        matches = run.parities("matches")
        oracles = {parity.distribution: parity.version for parity in matches}
        return Evidence(
            page=page.path,
            test=page.test,
            key=evidence_key(self.root, page, oracles),
            date=date.today().isoformat(),
            versions=oracles
            | {"python": platform.python_version(), "torch": version("torch").split("+")[0]},
            tests=len(run.tests),
            laws=run.texts("laws"),
            worked=run.texts("worked"),
            matches=matches,
            transcribed=run.parities("transcribed"),
        )


def _unsound(root: Path, page: Page, found: Evidence) -> Iterator[str]:
    """Reasons why a whole run proves nothing of this page that lasts."""
    if page.module.replace(".", "/") + ".py" not in closure(root, page):
        yield f"the test does not import {page.module}"
    pinned = pins(root)
    for name, had in sorted({p.distribution: p.version for p in found.matches}.items()):
        if name != "python" and pinned.get(canonical(name)) != had:
            want = pinned.get(canonical(name), "nothing")
            yield f"{name} {had} is the oracle, and constraints.txt pins {want}"


def _asked(config: pytest.Config, test: Path) -> bool:
    """Whether the test file is one of the paths that pytest was given, or below one."""
    given = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    return any(path == test or path in test.parents for path in given)
