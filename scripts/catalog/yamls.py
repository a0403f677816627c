"""YAML with the line of each key, and no key twice."""

from collections.abc import Iterator
from typing import Any

import yaml

from scripts.catalog.fences import Report

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one, where PyYAML was built with it; both are safe."""


def front_matter(lines: list[str], report: Report) -> tuple[dict, int]:
    """The mapping between the two `---` lines, with line numbers, and where the body starts."""
    if lines[0] != "---":
        return {}, 0
    if "---" not in lines[1:]:
        report(1, "the front matter is never closed", "end it with a line ---")
        return {}, len(lines)
    end = lines.index("---", 1)
    source = "\n".join(lines[1:end])
    try:
        node, meta = parsed(source)
        for line, key in doubled(node):
            report(line + 2, f"the key {key!r} stands twice", "keep one")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        report(line, f"broken YAML: {getattr(error, 'problem', error)}", "quote or mend the value")
        return {}, end + 1
    if not isinstance(meta, dict):
        report(1, "the front matter is no mapping", "write `key: value` lines")
        return {}, end + 1
    return meta, end + 1


def parsed(source: str) -> tuple[Any, Any]:
    """The nodes of a YAML text, and the value that they make.

    Raises:
        YAMLError: for whatever is wrong; also for an alias, which can make a short text endless.
    """
    try:
        for event in yaml.parse(source, LOADER) if "*" in source else ():
            if isinstance(event, yaml.AliasEvent):
                raise yaml.MarkedYAMLError(problem="an alias", problem_mark=event.start_mark)
        return yaml.compose(source, LOADER), yaml.load(source, LOADER)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise yaml.YAMLError(f"{type(error).__name__}: {error}") from error


def doubled(node: Any) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one mapping, with their lines from 0."""
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        yield key.start_mark.line, key.value
                    seen.add(key.value)
                todo.append(value)
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value


def line_of_key(text: str, keys: tuple[str | int, ...]) -> int:
    """The line of the front matter on which the value at `keys` stands (1 if nowhere)."""
    source = text.split("\n---", 1)[0].removeprefix("---\n")
    try:
        node, _ = parsed(source)
    except yaml.YAMLError:
        return 1
    return 1 + line_at(node, keys)


def line_at(node: Any, keys: tuple[str | int, ...]) -> int:
    """The line of a YAML text, from 1, on which the value at `keys` stands (0 if nowhere).

    Where the way stops early, the line of the last key that is there.
    """
    line = 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            pairs = [(k, v) for k, v in node.value if k.value == str(key)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            pairs = [(v, v) for v in node.value[key : key + 1]]
        else:
            pairs = []
        if not pairs:
            break
        line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
    return line
