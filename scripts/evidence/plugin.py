"""The pytest plugin of this project's tests: `--evidence=write` or `--evidence=check`.

Whoever collects tags each test with its place in the file and the texts of its marks; the
controller reads the tags from the reports that reach it, and believes only files that ran whole:
nothing deselected, skipped, expected to fail or cut short. Without the option it only sees that
marks have a text. A page whose test file lies below the paths that pytest was given is asked for,
and counts as a failure if its file did not run whole.
"""

from pathlib import Path

import pytest

from scripts.evidence.runs import TAG

MARKS = {"law": "laws", "worked": "worked"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option; its default is to do nothing."""
    parser.addoption(
        "--evidence",
        choices=("write", "check"),
        help="write what whole runs of pages' test files prove, or check what was written",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tag where tests are collected, gather where their reports arrive."""
    mode = config.getoption("evidence")
    if mode is None or config.option.collectonly:
        return
    config.pluginmanager.register(Tagger(), "evidence-tagger")
    if not hasattr(config, "workerinput"):
        from scripts.evidence.gather import Gather  # reads all pages

        config.pluginmanager.register(Gather(config, mode), "evidence-gather")


def pytest_itemcollected(item: pytest.Item) -> None:
    """A law or a worked number is printed on its page, so it says what it is.

    Raises:
        pytest.UsageError: the mark has no text.
    """
    for name in MARKS:
        for mark in item.iter_markers(name):
            if len(mark.args) != 1 or not str(mark.args[0]).strip() or mark.kwargs:
                where = f"{Path(item.path).name}::{item.name}"
                raise pytest.UsageError(f"{where}: @pytest.mark.{name} takes one text, the {name}")


class Tagger:
    """Counts each file's tests as its collector gives them, before anyone drops some."""

    def __init__(self) -> None:
        self._tests: dict[str, list[str]] = {}
        self._unopened: dict[str, set[str]] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: --last-failed filters outside
    def pytest_make_collect_report(self, collector: pytest.Collector):
        report = yield
        if collector.getparent(pytest.File):
            file = collector.nodeid.split("::")[0]
            tests = self._tests.setdefault(file, [])
            unopened = self._unopened.setdefault(file, set())
            unopened.discard(collector.nodeid)
            for child in report.result or ():
                if isinstance(child, pytest.Item):
                    tests.append(child.nodeid)
                else:
                    unopened.add(child.nodeid)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = {test: place for tests in self._tests.values() for place, test in enumerate(tests)}
        for item in items:
            file = item.nodeid.split("::")[0]
            tests = self._tests.get(file, [])
            whole = not self._unopened.get(file) and len(set(tests)) == len(tests)
            texts = {
                kind: [str(mark.args[0]) for mark in item.iter_markers(name)]
                for name, kind in MARKS.items()
            }
            place = {"place": places.get(item.nodeid, -1), "of": len(tests) if whole else 0}
            item.user_properties.append((TAG, place | texts))
