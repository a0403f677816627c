"""Read `docs/data/paths.yml`: learning paths, whose steps come after what they ask for."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import yaml
from pydantic import ValidationError

from scripts.catalog.front import LearningPath
from scripts.catalog.records import Catalogue, Problem, Row
from scripts.catalog.yamls import doubled, line_at, parsed

PATH = "docs/data/paths.yml"
Keys = tuple[str | int, ...]


def read_paths(root: Path, rows: dict[str, Row]) -> tuple[list[LearningPath], list[Problem]]:
    """The paths whose form is right, and all that is wrong with any, but for their order."""
    file = root / PATH
    if not file.is_file():
        return [], []
    try:
        node, values = parsed(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f"broken YAML: {getattr(error, 'problem', error)}"
        return [], [Problem(PATH, mark.line + 1 if mark else 1, what, "quote or mend the value")]
    if not isinstance(values, list):
        return [], [Problem(PATH, 1, "it is no list", "write one `- slug: …` a path")]
    found, problems = [], []
    for line, key in doubled(node):
        problems.append(Problem(PATH, line + 1, f"the key {key!r} stands twice", "keep one"))
    for at, value in enumerate(values):
        try:
            path = LearningPath.model_validate(value)
        except ValidationError as error:
            for each in error.errors():
                line = line_at(node, (at, *each["loc"]))
                where = ".".join(map(str, each["loc"]))
                problems.append(Problem(PATH, line, f"{where}: {each['msg']}", "mend the path"))
            continue
        wrong = list(_steps(path, rows))
        if path.slug in [other.slug for other in found]:
            wrong.append((("slug",), f"the path {path.slug!r} stands twice", "rename one"))
        problems += [Problem(PATH, line_at(node, (at, *keys)), *said) for keys, *said in wrong]
        found.append(path)
    return found, problems


def _steps(path: LearningPath, rows: dict[str, Row]) -> Iterator[tuple[Keys, str, str]]:
    """Where a path's steps are unknown or stand twice, what is wrong, and how to mend it."""
    seen: set[str] = set()
    for keys, slug in _placed(path):
        if slug not in rows:
            near = get_close_matches(slug, rows, 1, 0.7)
            known = "name a slug of docs/data/catalogue.tsv"
            mend = f"did you mean {near[0]!r}?" if near else known
            yield keys, f"the catalogue has no row {slug!r}", mend
        elif slug in seen:
            yield keys, f"the step {slug!r} stands twice in {path.slug!r}", "keep one"
        seen.add(slug)


def _placed(path: LearningPath) -> Iterator[tuple[Keys, str]]:
    """Each step with the way to it inside the path."""
    for at, week in enumerate(path.weeks):
        for place, slug in enumerate(week.steps):
            yield ("weeks", at, "steps", place), slug


def check_order(catalogue: Catalogue) -> Iterator[Problem]:
    """Steps that stand before something that their pages ask for, also by way of other pages."""
    if not catalogue.paths:
        return
    node, values = parsed((catalogue.root / PATH).read_text(encoding="utf-8"))
    slugs = [str(v.get("slug")).strip() if isinstance(v, dict) else "" for v in values]
    for path in catalogue.paths:
        steps = path.steps
        for keys, slug in _placed(path):
            later = set(steps[steps.index(slug) + 1 :])
            for needed in sorted(later & before(catalogue, slug)):
                what = f"{slug!r} stands before {needed!r}, which its page builds on"
                line = line_at(node, (slugs.index(path.slug), *keys))
                yield Problem(PATH, line, what, f"move {needed!r} up")


def before(catalogue: Catalogue, slug: str) -> set[str]:
    """All that a page builds on, near or far; what a planned one will build on is not known."""
    seen: set[str] = set()
    todo = [slug]
    while todo:
        if page := catalogue.pages.get(todo.pop()):
            new = set(page.front.prerequisites) - seen
            seen |= new
            todo += new
    return seen - {slug}
