"""A page in whatever state, what a check found wrong with it, and how commands are run there."""

import subprocess
from dataclasses import dataclass, field
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
    """What a check found wrong, a line each; `note` says what was tried, or why nothing was.

    `above` is set where all of it was said already, of an earlier check.
    """

    name: str
    wrong: list[str] = field(default_factory=list)
    note: str = ""
    ran: bool = True
    above: bool = False


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
