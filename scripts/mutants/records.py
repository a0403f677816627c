"""`docs/data/<slug>.mutants.json`: how a module's tests did, and why survivors may live."""

import ast
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.mutants.checkout import Subject

if TYPE_CHECKING:  # render reads records where no mutation tester is installed
    from scripts.mutants.runner import Run

LEAST = 0.95
"""The share of mutants that must be caught."""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed; `why` is written into the file by a person."""

    line: int
    before: str
    after: str
    operator: str
    why: str = ""


@dataclass(frozen=True)
class Record:
    """One whole run; `sampled` of `mutants` were tried, `timeouts` of `caught` never ended."""

    module: str
    key: str
    date: str
    mutants: int
    sampled: int
    caught: int
    timeouts: int
    survivors: tuple[Survivor, ...]

    def wrong(self) -> list[str]:
        """What must be mended: too few caught, survivors that nobody explained."""
        found = [
            f"{self.module}:{s.line}: {s.operator} survives and has no `why`: {s.after}"
            for s in self.survivors
            if not s.why.strip()
        ]
        if self.caught < LEAST * self.sampled:
            found.append(f"{self.module}: {self.caught} of {self.sampled} mutants are caught")
        return found


def place(root: Path, subject: Subject) -> Path:
    """The record's file."""
    return root / "docs" / "data" / f"{Path(subject.module).stem}.mutants.json"


def key(root: Path, subject: Subject) -> str:
    """A hash of the module and its test file without comments, docstrings and layout."""
    trees = (
        ast.parse((root / p).read_text(encoding="utf-8")) for p in (subject.module, subject.test)
    )
    text = "\0".join(ast.dump(_Bare().visit(tree)) for tree in trees)
    return hashlib.sha256(text.encode()).hexdigest()


class _Bare(ast.NodeTransformer):
    """Takes away statements that are only a text."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


def record(root: Path, subject: Subject, run: "Run", keyed: str) -> Record:
    """What to write of a run; the reasons are taken from the file that is there."""
    before = read(place(root, subject))
    reasons = {(s.before, s.after): s.why for s in before.survivors} if before else {}
    survivors = tuple(
        Survivor(m.line, m.before, m.after, m.operator, reasons.get((m.before, m.after), ""))
        for m in (one.mutant for one in run.outcomes if one.end == "survived")
    )
    return Record(
        subject.module,
        keyed,
        date.today().isoformat(),
        run.of,
        len(run.outcomes),
        len(run.outcomes) - len(survivors),
        sum(one.end == "timeout" for one in run.outcomes),
        survivors,
    )


def write(file: Path, record: Record) -> None:
    """Put the record in its place whole or not at all."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n", "utf-8")
    new.replace(file)


def read(file: Path) -> Record | None:
    """The record in this file; None if there is none."""
    if not file.is_file():
        return None
    fields: dict[str, Any] = json.loads(file.read_text("utf-8"))
    fields["survivors"] = tuple(Survivor(**s) for s in fields["survivors"])
    return Record(**fields)


def subjects(root: Path) -> list[Subject]:
    """The modules of all pages that have one and a test file of the same stem."""
    stems = {page.stem for page in (root / "docs").glob("[0-9]*/**/*.md")} - {"index"}
    return [s for stem in sorted(stems) if (s := subject(root, stem))]


def subject(root: Path, slug: str) -> Subject | None:
    """The module of this name and its test file; None if either is missing or not alone."""
    modules = [*(root / "nexus").rglob(f"{slug}.py")]
    tests = [*(root / "tests").rglob(f"test_{slug}.py")]
    if len(modules) != 1 or len(tests) != 1:
        return None
    return Subject(*(found[0].relative_to(root).as_posix() for found in (modules, tests)))


def stale(root: Path) -> list[str]:
    """What is wrong with the records that there are."""
    found = []
    for each in subjects(root):
        if kept := read(place(root, each)):
            if kept.key != key(root, each):
                slug = Path(each.module).stem
                found.append(
                    f"{each.module}: its mutants are of another version: make mutants SLUG={slug}"
                )
            found += kept.wrong()
    return found


def missing(root: Path) -> list[str]:
    """The pages whose mutants nobody ran."""
    return [
        f"{each.module}: its mutants were never run: make mutants SLUG={Path(each.module).stem}"
        for each in subjects(root)
        if not place(root, each).is_file()
    ]
