"""What must run to be known: the page's blocks, its tests, the contracts of its module."""

import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from scripts.check.subject import Found, Subject, last_line, not_run, run
from scripts.verify import records


def blocks(subject: Subject) -> Found:
    """Every block, run as verify runs it: in the sandbox, if there is one."""
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
