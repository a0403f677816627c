"""Each check of one page: a function from the page to what is wrong, with file and line."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from scripts.catalog import Catalogue, Page
from scripts.catalog.records import module_of, test_of

SECONDS = 100
"""No check takes longer; a page that loops is stopped by its own limits before."""


@dataclass(frozen=True)
class Subject:
    """A page in whatever state; `page` is None while its front matter is wrong."""

    root: Path
    path: str
    catalogue: Catalogue
    page: Page | None

    @property
    def slug(self) -> str:
        return Path(self.path).stem

    @property
    def folder(self) -> str:
        return Path(self.path).parent.as_posix().removeprefix("docs").strip("/")

    @property
    def module(self) -> str:
        return module_of(self.folder, self.slug)

    @property
    def code(self) -> str:
        return self.module.replace(".", "/") + ".py"

    @property
    def test(self) -> str:
        return test_of(self.folder, self.slug)

    @property
    def files(self) -> list[str]:
        """Its Python files that are there."""
        return [file for file in (self.code, self.test) if (self.root / file).is_file()]


@dataclass
class Found:
    """What a check found wrong, a line each; `note` says what was tried, or why nothing was."""

    name: str
    wrong: list[str] = field(default_factory=list)
    note: str = ""
    ran: bool = True


def not_run(name: str, why: str) -> Found:
    """A check that could not be tried; another one says what to mend."""
    return Found(name, note=f"not run: {why}", ran=False)


def run(subject: Subject, *command: str) -> tuple[int, str, str]:
    """Exit status and output of a command in the checkout; 124 if it took too long."""
    try:
        done = subprocess.run(
            command, cwd=subject.root, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return 124, "", f"it took longer than {SECONDS} s"
    return done.returncode, done.stdout, done.stderr


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip()), "it failed")


def text(subject: Subject) -> Found:
    """What the catalogue says of the page, its files, its row, and links to it."""
    own = {subject.path, *subject.files}
    problems = [p for p in subject.catalogue.problems if p.path in own or subject.path in p.what]
    lines = {f: (subject.root / f).read_text(errors="replace").count("\n") for f in own}
    most = {subject.path: 300}
    long = [
        f"{file}:{most.get(file, 150)}: {n} lines; {most.get(file, 150)} at most"
        for file, n in sorted(lines.items())
        if n > most.get(file, 150)
    ]
    short = lines[subject.path]
    if short < 120 and not problems:
        long.append(f"{subject.path}:{short}: {short} lines; a page has 120 to 300")
    absent = [
        f"{subject.path}:1: there is no {file}; write it, or `make new SLUG={subject.slug}`"
        for file in (subject.code, subject.test)
        if file not in subject.files and not any(file in p.what for p in problems)
    ]
    return Found("page", [*map(str, problems), *absent, *long], f"{short} lines")


def blocks(subject: Subject) -> Found:
    """Every block, run as verify runs it: in the sandbox, if there is one."""
    from scripts.verify import records

    page = subject.page
    if page is None:
        return not_run("blocks", "the front matter is wrong")
    python = [sys.executable, "-m"]
    status, out, err = run(
        subject, *python, "scripts.sandbox", *python, "scripts.verify", page.path
    )
    record = records.read(subject.root, page)
    if record is None or status == 124:
        told = [line for line in out.split("\n") if line.startswith(f"{page.path}:")]
        return Found("blocks", told or [f"{page.path}:1: {last_line(err or out)}"])
    wrong = [brief(page.path, b.line, b.error) for b in record.blocks if b.error]
    wrong += [brief(page.path, 1, leak) for leak in record.leaks]
    count = f"{record.count('passed')} of {len(record.blocks)} passed"
    return Found("blocks", wrong, f"{count}, {record.seconds:.1f} s")


def slices(subject: Subject) -> Found:
    """Each block with only the blocks that it needs."""
    if subject.page is None:
        return not_run("slices", "the front matter is wrong")
    python = [sys.executable, "-m"]
    command = [*python, "scripts.sandbox", *python, "scripts.verify", "--standalone"]
    status, out, err = run(subject, *command, subject.path)
    if status == 0:
        return Found("slices")
    parts = [part for part in out.strip().split("\n\n") if part.strip()]
    return Found("slices", [brief(subject.path, 1, p) for p in parts] or [last_line(err)])


def brief(path: str, line: int, error: str) -> str:
    """An error in one line: its first, which says where and what, and what it was run with."""
    said = error.strip().split("\n")[0]
    alone = re.search(r"\(run alone: [^)]*\)", error)
    place = "" if said.startswith(f"{path}:") else f"{path}:{line}: "
    return place + said + (f" {alone[0]}" if alone else "")


def tests(subject: Subject) -> list[Found]:
    """Its test file, and the contracts of its module."""
    battery = "tests/test_contracts.py"
    given = [f for f in (subject.test, battery) if (subject.root / f).is_file()]
    if not given:
        return [not_run("tests", f"there is no {subject.test}")]
    chosen = ["-k", f"{subject.module}: or {Path(subject.test).stem}"]
    options = [] if find_spec("beartype") else ["-o", "addopts=-q -p no:codeblocks"]
    status, out, err = run(
        subject, sys.executable, "-m", "scripts.check.pytests", *options, *chosen, *given
    )
    try:
        said = json.loads(out.strip().split("\n")[-1])
    except ValueError:
        return [Found("tests", [f"{subject.test}:1: {last_line(err or out)}"])]
    found = []
    for name, file in (("tests", subject.test), ("contracts", battery)):
        ours = [r for r in said if r["file"] == file]
        if name == "contracts":
            ours = [r for r in ours if f"{subject.module}:" in r["test"] or r["outcome"] == "error"]
        if file not in given:
            found.append(not_run(name, f"there is no {file}"))
            continue
        broken = [r for r in ours if r["outcome"] in ("failed", "error")]
        wrong = [_told(subject, r) for r in broken]
        passed = sum(r["outcome"] == "passed" for r in ours)
        absent = [r["told"] for r in ours if r["outcome"] == "skipped"]
        note = "; ".join([f"{passed} passed", *_counted(absent)])
        if not ours:
            wrong = [f"{file}:1: no test of {subject.module} was found; write it"]
        found.append(Found(name, wrong, note))
    return found


def _told(subject: Subject, said: dict[str, str]) -> str:
    """A failure in one line. Of a contract the name that broke it, not the line of the battery."""
    if said["file"] == subject.test or not said["test"]:
        return f"{said['place']}: {said['test']}: {said['told']}".replace(": : ", ": ")
    what = said["told"].removeprefix("AssertionError: ")
    if re.match(r"\S+\.py:\d+: ", what):  # it says itself where
        return what
    contract, _, name = said["test"].removesuffix("]").partition(f"[{subject.module}:")
    name = name.partition("-")[0]
    return f"{subject.code}:1: {name + ': ' if name else ''}{what} ({contract})"


def _counted(reasons: list[str]) -> list[str]:
    """Why tests were skipped, each reason once: a package that is not there, in plain words."""
    found: dict[str, int] = {}
    for reason in reasons:
        package = re.search(r"could not import '([^'.]+)", reason)
        why = f"{package[1]} is not installed" if package else reason
        found[why] = found.get(why, 0) + 1
    return [f"{n} not run here: {why}" for why, n in found.items()]


def lint(subject: Subject) -> list[Found]:
    """ruff's rules and its layout."""
    if not subject.files:
        return [not_run("lint", "there is neither module nor test")]
    ruff = [sys.executable, "-m", "ruff"]
    _, rules, _ = run(subject, *ruff, "check", "--output-format=concise", *subject.files)
    _, layout, _ = run(subject, *ruff, "format", "--check", *subject.files)
    wrong = re.findall(r"^\S+:\d+:\d+: .*$", rules, re.M)
    again = [
        f"{file}:1: it is laid out otherwise than ruff does; run `.venv/bin/ruff format {file}`"
        for file in re.findall(r"^Would reformat: (\S+)$", layout, re.M)
    ]
    return [Found("lint", wrong), Found("format", again)]


def types(subject: Subject) -> Found:
    """pyright over its module and test."""
    if not subject.files:
        return not_run("types", "there is neither module nor test")
    if find_spec("pyright") is None:
        return not_run("types", "pyright is not installed (make test does)")
    status, out, err = run(
        subject,
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        *subject.files,
    )
    try:
        said = json.loads(out)["generalDiagnostics"]
    except (ValueError, KeyError):
        return not_run("types", last_line(err or out))
    here = f"{subject.root}/"
    return Found(
        "types",
        [
            f"{s['file'].removeprefix(here)}:{s['range']['start']['line'] + 1}: "
            + s["message"].split("\n")[0]
            for s in said
            if s["severity"] == "error"
        ],
    )


def evidence(subject: Subject) -> Found:
    """Whether what its tests proved is on file, for the code as it is."""
    from scripts.evidence import records
    from scripts.evidence.key import evidence_key

    page = subject.page
    if page is None or subject.test not in subject.files:
        return not_run("evidence", "page and test come first")
    held, file = records.read(subject.root, page.slug), f"docs/data/{page.slug}{records.SUFFIX}"
    mend = f"run `make evidence SLUG={page.slug}`"
    if held is None:
        return Found("evidence", [f"{page.test}:1: there is no {file}; {mend}"])
    if held.key != evidence_key(subject.root, page, held.distributions):
        return Found("evidence", [f"{file}:1: it is of other code; {mend}"])
    counts = {"laws": held.laws, "worked": held.worked}
    parity = [*held.matches, *held.transcribed]
    few = [f"{len(held.laws)} laws, two are asked"] if len(held.laws) < 2 else []
    few += [] if held.worked else ["no number worked by hand or printed in the paper"]
    few += [] if parity else ["nothing that it matches, or a transcription"]
    note = ", ".join(f"{len(texts)} {name}" for name, texts in counts.items())
    return Found("evidence", [f"{page.test}:1: {w}; write a test" for w in few], note)


def measured(subject: Subject) -> Found:
    """How its experiments stand to their results."""
    from scripts.measure.states import command, standing

    page = subject.page
    if page is None:
        return not_run("measured", "the front matter is wrong")
    all_of_them = standing(subject.root, page)
    wrong = [
        f"{page.path}:{s.line}: {s.name} {s.why}; {command(page, smoke=s.state == 'stale')}"
        for s in all_of_them
        if s.state != "current"
    ]
    if not all_of_them:
        wrong = [f"{page.path}:1: no experiment; write a @measured function in section 8"]
    claims = [f"{page.path}:{s.line}: {s.name} claims nothing" for s in all_of_them if not s.claim]
    wrong += [f"{c}; write the claim as its docstring, in one sentence" for c in claims]
    return Found("measured", wrong, f"{len(all_of_them)} experiments")
