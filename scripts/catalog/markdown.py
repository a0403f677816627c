"""Read one Markdown file into a Document; every fence, link, formula and name with its line."""

import re

from scripts.catalog.fences import FENCE, PYTHON, Report, closing, expect, python_block
from scripts.catalog.html import forbidden, forbidden_links
from scripts.catalog.prose import formulas, links, without_code, without_formulas
from scripts.catalog.pulls import pull
from scripts.catalog.records import Block, Document, Heading, Problem, Pull
from scripts.catalog.yamls import front_matter

EXPECTED = "<!--pytest-codeblocks:expected-output-->"
STEERING = re.compile(r"\s*<!--[-\s]*(pytest[-.]|pytest_)")


def read(path: str, raw: bytes) -> tuple[Document, list[Problem]]:
    """The document at `path` (below the checkout, with slashes) and all that is wrong in it."""
    problems: list[Problem] = []

    def report(line: int, what: str, mend: str = "") -> None:
        problems.append(Problem(path, line, what, mend))

    text = _decode(raw, report)
    lines = text.split("\n")
    meta, body = front_matter(lines, report)
    scan = _Scan(lines, body, report)
    prose, names = without_code("\n".join(scan.blank))
    found = tuple(links(prose))
    for wrong in (*forbidden(without_formulas(prose)), *forbidden_links(found)):
        report(*wrong)
    document = Document(
        path=path,
        text=text,
        meta=meta,
        body=body,
        headings=tuple(scan.headings),
        blocks=tuple(scan.blocks),
        pulls=tuple(scan.pulls),
        links=found,
        formulas=tuple(formulas(prose)),
        names=tuple(names),
    )
    return document, problems


class _Scan:
    """One way down the lines; what is no running text is blank afterwards, lines in place."""

    def __init__(self, lines: list[str], body: int, report: Report):
        self.lines, self.report = lines, report
        self.blank = [*([""] * body), *lines[body:]]
        self.headings: list[Heading] = []
        self.blocks: list[Block] = []
        self.pulls: list[Pull] = []
        self.section = ""
        self.expecting = 0  # the line of an expected-output comment whose fence is to come
        at = body
        while at < len(lines):
            end = self._take(at)
            if end is not None:
                self.blank[at : end + 1] = [""] * (end + 1 - at)
            at = (at if end is None else end) + 1
        self._expect_no_more()

    def _take(self, at: int) -> int | None:
        """Read what begins at a line; the index of its last line, None if it is running text."""
        line = self.lines[at]
        if opened := FENCE.match(line):
            return self._fence(at, opened)
        if line.strip() and line.strip() != EXPECTED:
            self._expect_no_more()
        if line.startswith("::: "):
            found, end = pull(self.lines, at, self.report)
            self.pulls.append(found)
            return end
        if line.strip() == EXPECTED:
            self.expecting = at + 1
            return at
        if STEERING.match(line):
            mend = f"only {EXPECTED} is understood"
            self.report(at + 1, "this comment steers pytest-codeblocks", mend)
        elif heading := re.match(r"^(#{1,6}) +(.+)$", line):
            title = heading[2].rstrip().rstrip("#").rstrip() or "#"
            self.headings.append(Heading(at + 1, len(heading[1]), title))
            self.section = title if len(heading[1]) == 2 else self.section
        return None

    def _fence(self, at: int, opened: re.Match) -> int:
        end = closing(self.lines, at, opened)
        if end is None:
            self.report(at + 1, "this fence is never closed", f"end it with {opened['ticks']}")
            end = len(self.lines) - 1
        code = "\n".join(self.lines[at + 1 : end]) + "\n"
        if self.expecting:
            expect(self.blocks, code, at + 1, self.report)
            self.expecting = 0
        elif PYTHON.match(opened["info"]):
            place = (len(self.blocks) + 1, at + 1, end + 1)
            block = python_block(*place, code, self.section, opened, self.report)
            self.blocks += [block] if block else []
        return end

    def _expect_no_more(self) -> None:
        if self.expecting:
            what = "no fence follows this expected-output comment"
            self.report(self.expecting, what, "put one below it")
            self.expecting = 0


def _decode(raw: bytes, report: Report) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        report(line, f"byte {raw[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
        text = raw.decode("utf-8", "replace")
    if text.startswith("\ufeff"):
        report(1, "the file begins with a byte order mark", "save it without")
        text = text[1:]
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        report(line, "a carriage return ends this line", "save the file with Unix line ends")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\t" in text:
        line = text[: text.index("\t")].count("\n") + 1
        report(line, "a tab stands here", "indent with spaces")
        text = text.replace("\t", "    ")
    return text
