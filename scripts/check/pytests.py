"""`python -m scripts.check.pytests ARGUMENTS`: pytest, told as one line of JSON at the end."""

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest


class Listener:
    """Keeps what became of each test: its file, and the place and words of what went wrong."""

    def __init__(self, root: Path):
        self.root, self.said = root, list[dict[str, str]]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the call; setup and teardown only if they end otherwise than well."""
        if report.when == "call" or report.outcome != "passed":
            self._keep(report, report.outcome)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a file that cannot even be read, or that skips itself."""
        if report.outcome != "passed":
            self._keep(report, "error" if report.outcome == "failed" else "skipped")

    def _keep(self, report: Any, outcome: str) -> None:
        file, _, test = report.nodeid.partition("::")
        place, told = "", ""
        if outcome == "skipped" and isinstance(report.longrepr, tuple):
            told = str(report.longrepr[2]).removeprefix("Skipped: ")
        elif outcome != "passed":
            place, told = self._place(report, file), _words(report)
        said = {"file": file, "test": test, "outcome": outcome, "place": place, "told": told}
        self.said.append(said)

    def _place(self, report: Any, file: str) -> str:
        """The deepest line of ours on the way to the failure."""
        location = getattr(report, "location", None)
        place = f"{file}:{(location[1] or 0) + 1 if location else 1}"
        frames = getattr(report.longrepr, "reprtraceback", None)
        for entry in frames.reprentries if frames else ():
            at = getattr(entry, "reprfileloc", None)
            path = (self.root / at.path).resolve() if at else Path("/")
            inside = path.is_relative_to(self.root) and path.relative_to(self.root)
            if at and inside and inside.parts[0] in ("nexus", "tests"):
                place = f"{inside.as_posix()}:{at.lineno}"
        return place


def _words(report: Any) -> str:
    """What went wrong, in one line: the first of an assertion, all of what a test says itself."""
    crash = getattr(report.longrepr, "reprcrash", None)
    words = [w.strip() for w in str(report.longrepr).split("\n") if w.strip()]
    if crash and crash.message.startswith("Failed: "):
        return " ".join(crash.message.removeprefix("Failed: ").split())
    if crash:
        return crash.message.split("\n")[0]
    errors = [w.removeprefix("E").strip() for w in words if w.startswith("E  ")]
    return errors[-1] if errors else words[-1] if words else "it failed"


def main(arguments: list[str]) -> None:
    """Run, and print what was said."""
    listener, muted = Listener(Path.cwd().resolve()), io.StringIO()
    with contextlib.redirect_stdout(muted):
        pytest.main(["-p", "no:cacheprovider", *arguments], plugins=[listener])
    print(json.dumps(listener.said))


if __name__ == "__main__":
    main(sys.argv[1:])
