"""`::: nexus.….name` with notes: the source itself, annotated at the ends of its lines."""

import io
import re
import textwrap
import tokenize
from collections.abc import Iterator

from scripts.catalog.names import Names, source_lines
from scripts.catalog.records import Catalogue, Document, Page, Problem, Pull
from scripts.render.text import Edit, line_starts


def pull_edits(
    document: Document, catalogue: Catalogue, names: Names
) -> tuple[list[Edit], list[Problem]]:
    """The annotated sources of a document, and what is wrong with their notes."""
    starts, edits, problems = line_starts(document), [], []
    algorithm = isinstance(document, Page)
    for pull in document.pulls:
        if names.unknown(pull.name):
            continue  # the catalogue has said so
        if pull.notes is not None:
            text, wrong = annotated(document, pull, names, catalogue)
            problems += wrong
        else:
            options = {"heading_level": 3 if algorithm else 2, "show_root_full_path": not algorithm}
            lines = [f"      {key}: {str(value).lower()}" for key, value in options.items()]
            text = "\n".join([f"::: {pull.name}", "    options:", *lines, ""])
        edits.append(Edit(starts[pull.line - 1], starts[pull.end], text))
    return edits, problems


def annotated(
    document: Document, pull: Pull, names: Names, catalogue: Catalogue
) -> tuple[str, list[Problem]]:
    """The object's source in a fence with Material's annotations, and the notes below it."""
    found = names.find(pull.name)
    assert found is not None
    path = found.filepath.relative_to(catalogue.root).as_posix()  # type: ignore[union-attr]
    lines = textwrap.dedent("\n".join(source_lines(found)[1])).rstrip().split("\n")
    source = "\n".join(lines)
    closed, comments = _closed_lines(lines), _comments(lines)
    problems, notes = [], []
    ends: dict[int, list[int]] = {}

    def report(text: str, what: str, mend: str) -> None:
        line = pull.note_lines.get(text, pull.line)
        problems.append(Problem(document.path, line, what, mend))

    for text, note in (pull.notes or {}).items():
        if source.count(text) != 1:
            continue  # the catalogue has said so
        at = source[: source.index(text) + len(text)].count("\n")
        if at in closed:
            what = f"{text!r} ends on a line inside {closed[at]}, where no note can stand"
            report(text, what, "choose text on another line")
            continue
        notes.append(note)
        ends.setdefault(at, []).append(len(notes))
    for comment in comments.values():
        numbers = [int(n) for n in re.findall(r"\((\d+)\)", comment)]
        if any(1 <= n <= len(notes) for n in numbers):
            what = f"the comment {comment!r} in {path} would be taken for a note"
            report("", what, "write its number without parentheses")
    for at, numbers in ends.items():
        marks = " ".join(f"({n})" for n in numbers)
        alone = at not in comments and len(numbers) == 1
        lines[at] += f"{'' if at in comments else '  #'} {marks}{'!' if alone else ''}"
    code = "\n".join(lines)
    listed = "\n".join(f"{n}.  {_line(note)}" for n, note in enumerate(notes, start=1))
    return f'```python title="{path}"\n{code}\n```\n\n{listed}\n\n', problems


def _line(note: str) -> str:
    """A note on one line; dollars are plain there."""
    return " ".join(note.split()).replace("$", r"\$")


def _closed_lines(lines: list[str]) -> dict[int, str]:
    """Lines (from 0) at whose end no comment can stand, and why."""
    closed, opened = {}, []
    for token in _tokens(lines):
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            opened.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            closed |= dict.fromkeys(range(opened.pop() - 1, token.end[0] - 1), "a string")
        elif name == "STRING":
            closed |= dict.fromkeys(range(token.start[0] - 1, token.end[0] - 1), "a string")
    for at, line in enumerate(lines):
        if line.endswith("\\"):
            closed.setdefault(at, "a continued line")
    return closed


def _comments(lines: list[str]) -> dict[int, str]:
    """The comment at the end of each line (from 0) that has one."""
    return {t.start[0] - 1: t.string for t in _tokens(lines) if t.type == tokenize.COMMENT}


def _tokens(lines: list[str]) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline)
