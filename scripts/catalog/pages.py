"""From a document to a page, a category's introduction, a notebook or a board, checked."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scripts.catalog.names import Names, source_lines
from scripts.catalog.records import (
    PACKAGES,
    SECTIONS,
    Board,
    BoardFrontMatter,
    Document,
    FrontMatter,
    Index,
    Notebook,
    Page,
    Problem,
    ShortFrontMatter,
)
from scripts.catalog.yamls import line_of_key

Front = TypeVar("Front", bound=BaseModel)
Titled = TypeVar("Titled", bound=Index | Notebook | Board)
TITLES = [f"{number}. {title}" for number, title in enumerate(SECTIONS, start=1)]


def as_page(document: Document) -> tuple[Page | None, list[Problem]]:
    """The page, if its front matter is right, and what is wrong with its form."""
    front, problems = _front(document, FrontMatter)
    problems += _sections(document)
    if front is None:
        return None, problems
    page = Page(**document.__dict__, front=front)
    for key in ("prerequisites", "also_in", "aliases", "tags"):
        values = getattr(front, key)
        for at, value in enumerate(values):
            if value in values[:at]:
                line = line_of_key(page.text, (key, at))
                problems.append(Problem(page.path, line, f"{value!r} stands twice", "keep one"))
    for at, category in enumerate(front.also_in):
        if category not in PACKAGES or category == page.category:
            line = line_of_key(page.text, ("also_in", at))
            what = f"also_in names {category!r}"
            problems.append(Problem(page.path, line, what, "name another category's folder"))
    return page, problems + _title(page, front.title)


def as_titled(
    document: Document, kind: Callable[..., Titled]
) -> tuple[Titled | None, list[Problem]]:
    """The introduction, notebook or board, if its front matter is right, and what is wrong."""
    model = BoardFrontMatter if kind is Board else ShortFrontMatter
    front, problems = _front(document, model)
    if front is None:
        return None, problems
    for at, category in enumerate(getattr(front, "categories", [])):
        if category not in PACKAGES:
            line = line_of_key(document.text, ("categories", at))
            what = f"categories names {category!r}"
            problems.append(Problem(document.path, line, what, "name a category's folder"))
    return kind(**document.__dict__, front=front), problems + _title(document, front.title)


def _front(document: Document, model: type[Front]) -> tuple[Front | None, list[Problem]]:
    if not document.body:
        begin = "begin the file with the lines between two --- (see CONTRIBUTING.md)"
        return None, [Problem(document.path, 1, "there is no front matter", begin)]
    try:
        return model.model_validate(document.meta), []
    except ValidationError as error:
        known = [*model.model_fields, "arxiv", "doi", "url", "venue", "authors"]
        return None, [_complaint(document, e, known) for e in error.errors()]


def _complaint(document: Document, error, known: list[str]) -> Problem:
    keys = tuple(error["loc"])
    name, line = ".".join(map(str, keys)) or "front matter", line_of_key(document.text, keys)
    if error["type"] == "missing":
        return Problem(document.path, line, f"the front matter lacks {name!r}", "add it")
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(keys[-1]), known, 1)
        mend = f"did you mean {near[0]!r}?" if near else "remove it"
        return Problem(document.path, line, f"the front matter has an unknown key {name!r}", mend)
    return Problem(document.path, line, f"{name}: {error['msg']}", f"it is {error['input']!r} now")


def _title(document: Document, title: str) -> list[Problem]:
    first = [h for h in document.headings if h.level == 1]
    if not first:
        line = document.body + 1
        return [Problem(document.path, line, "there is no title", f"write `# {title}` first")]
    wrong = [(h.line, "a second title", "keep one") for h in first[1:]]
    if first[0].text != title:
        wrong.append((first[0].line, f"the title is not {title!r}, as the front matter has it", ""))
    return [Problem(document.path, *each) for each in wrong]


def _sections(document: Document) -> list[Problem]:
    found = [h for h in document.headings if h.level == 2]
    problems, expected = [], list(TITLES)
    for heading in found:
        if heading.text not in TITLES:
            near = get_close_matches(heading.text, TITLES, 1, 0.4)
            mend = f"did you mean {near[0]!r}?" if near else f"the ten are: {', '.join(TITLES)}"
            what = f"no section is called {heading.text!r}"
        elif heading.text not in expected:
            seen = [h.text for h in found[: found.index(heading)]]
            what = f"the section {heading.text!r} " + (
                "stands twice" if heading.text in seen else "is out of order"
            )
            mend = "keep the ten in their order"
        else:
            for missing in expected[: expected.index(heading.text)]:
                later = missing in [h.text for h in found]
                what = f"the section {missing!r} is {'out of order' if later else 'missing'}"
                problems.append(
                    Problem(document.path, heading.line, what, "it belongs before this")
                )
            expected = expected[expected.index(heading.text) + 1 :]
            continue
        problems.append(Problem(document.path, heading.line, what, mend))
    end = document.text.rstrip("\n").count("\n") + 1
    seen = [h.text for h in found]
    problems += [
        Problem(document.path, end, f"the section {missing!r} is missing", "write it at the end")
        for missing in expected
        if missing not in seen
    ]
    return problems


def check_names(document: Document, names: Names) -> list[Problem]:
    """Names of `nexus` that do not exist, and notes whose text is not found exactly once."""
    problems = []

    def report(line: int, what: str, mend: str = "it was renamed, or is misspelt") -> None:
        problems.append(Problem(document.path, line, what, mend))

    for line, name in document.names:
        if what := names.unknown(name):
            report(line, what)
    for block in document.blocks:
        for line, what in names.unknown_in(block):
            report(line, what, "mend the code" if "parse" in what else "mend the import")
    for pull in document.pulls:
        if what := names.unknown(pull.name):
            report(pull.line, what)
            continue
        source = "\n".join(source_lines(names.find(pull.name))[1])  # type: ignore[arg-type]
        for text in pull.notes or {}:
            if source.count(text) != 1:
                what = f"{text!r} is found {source.count(text)} times in {pull.name}"
                line = pull.note_lines.get(text, pull.line)
                report(line, what, "choose text that stands there exactly once")
    if isinstance(document, Page):
        problems += _check_roots(document, names)
        for at, name in enumerate(document.front.implements):
            if what := names.unknown(name):
                report(line_of_key(document.text, ("implements", at)), what)
    return problems


def _check_roots(page: Page, names: Names) -> list[Problem]:
    """One path, three roots; and every public name of the module is shown on its page."""
    module, problems = names.find(page.module), []
    file = page.module.replace(".", "/") + ".py"
    if module is None:
        problems.append((f"there is no {file}", "write the module, or rename the page"))
    if not (names.root / page.test).is_file():
        problems.append((f"there is no {page.test}", "write the test, or rename the page"))
    for name, member in module.members.items() if module else ():
        if member.is_alias or name.startswith("_") or not (member.is_function or member.is_class):
            continue
        if not re.search(rf"\b{name}\b", page.text):
            problems.append((f"{name} of {file} is not shown on this page", "show it, or hide it"))
    line = line_of_key(page.text, ("implements",))
    return [Problem(page.path, line, what, mend) for what, mend in problems]
