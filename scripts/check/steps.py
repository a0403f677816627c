"""What can be read or asked of a tool: a function each, from the page to what is wrong with it."""

import json
import re
import sys
from importlib.util import find_spec

from scripts.check.subject import Found, Subject, last_line, not_run, run
from scripts.evidence import records
from scripts.evidence.key import evidence_key
from scripts.measure.states import command, standing


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
