"""What became of one test file in a run: told by its reports alone, so right under xdist too."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts.evidence.records import Parity

TAG = "evidence"
PARITIES = ("matches", "transcribed")


@dataclass
class FileRun:
    """Gathers the reports of one file's tests; every test is known by its place in the file."""

    of: int | None = None  # how many tests the file has, however many were chosen; 0: not known
    wrong: str = ""  # the first thing that spoils it
    ended: set[int] = field(default_factory=set)
    tests: dict[int, list[tuple[str, Any]]] = field(default_factory=dict)

    def add(self, report: pytest.TestReport) -> None:
        """Take a report of setup, call, teardown, of a subtest, or of a worker that died."""
        properties = [(name, value) for name, value in report.user_properties]
        tag: Any = next((value for name, value in properties if name == TAG), None)
        name = report.nodeid.partition("::")[2]
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        if outcome != "passed":
            self.wrong = self.wrong or f"{name} {outcome}"
        if tag is None:
            self.wrong = self.wrong or f"{name} was not collected here"
            return
        self.of = tag["of"]
        if report.when == "teardown":
            self.ended.add(tag["place"])
        if report.when == "call" and not isinstance(report, pytest.SubtestReport):
            self.tests[tag["place"]] = [*properties, ("name", name.split("[")[0])]

    def missing(self) -> str:
        """Why this run proves nothing; empty if the file ran whole and all of it passed."""
        if self.wrong:
            return self.wrong
        if self.of is None:
            return "none of its tests ran"
        if self.of == 0:
            return "it was collected in part"
        whole = set(range(self.of))
        if self.ended != whole or self.tests.keys() != whole:
            return f"{len(self.ended & self.tests.keys())} of its {self.of} tests ran"
        return ""

    def texts(self, kind: str) -> tuple[str, ...]:
        """The texts of the marks of a kind, each once, in the order of the file."""
        tags = [dict(properties)[TAG] for _, properties in sorted(self.tests.items())]
        return tuple(dict.fromkeys(text for tag in tags for text in tag[kind]))

    def parities(self, kind: str) -> tuple[Parity, ...]:
        """Cases joined by test, oracle and dtype, in the order of the file."""
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for _, properties in sorted(self.tests.items()):
            test = dict(properties)["name"]
            for case in (value for name, value in properties if name == kind):
                groups.setdefault((test, case["oracle"], case["dtype"]), []).append(case)
        return tuple(_joined(test, cases) for (test, *_), cases in groups.items())


def _joined(test: str, cases: list[dict[str, Any]]) -> Parity:
    first = cases[0]
    worst = max(case["relative_error"] for case in cases)
    return Parity(
        test=test,
        oracle=first["oracle"],
        dtype=first["dtype"],
        cases=len(cases),
        gradients=all(case["gradients"] for case in cases),
        relative_error=float(f"{worst:.2g}"),
        shapes=tuple(dict.fromkeys(case["shape"] for case in cases)),
        distribution=first.get("distribution", ""),
        version=first.get("version", ""),
        text=first.get("text", ""),
    )
