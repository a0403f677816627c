"""Find names of `nexus` statically: read by griffe, never imported."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import griffe

from scripts.catalog.imports import imported
from scripts.catalog.records import Block


class Names:
    """The public and private names of the package `nexus` at a checkout."""

    def __init__(self, root: Path):
        self.root = root
        self._package = griffe.load(
            "nexus", search_paths=[root], allow_inspection=False, try_relative_path=False
        )
        self.find = lru_cache(maxsize=None)(self._find)

    def _find(self, name: str) -> griffe.Object | None:
        found: griffe.Object | griffe.Alias = self._package  # type: ignore[assignment]
        for part in name.split(".")[1:]:
            if isinstance(found, griffe.Alias):
                target = found.target_path
                if not target.startswith("nexus"):
                    return None  # a name that another package lent; nothing to read here
                resolved = self.find(target)
                if resolved is None:
                    return None
                found = resolved
            if part not in found.members:
                return None
            found = found.members[part]
        if isinstance(found, griffe.Alias):
            target = found.target_path
            return self.find(target) if target.startswith("nexus") else found  # type: ignore
        return found

    def modules(self) -> Iterator[griffe.Module]:
        """The package and every module below it, by name."""
        todo = [self._package]
        while todo:
            module = todo.pop(0)
            if isinstance(module, griffe.Module):
                yield module
                todo += [module.modules[name] for name in sorted(module.modules)]

    def unknown(self, name: str) -> str | None:
        """What to say of a dotted name that does not exist; None if it does."""
        parts = name.split(".")
        for end in range(2, len(parts) + 1):
            if self.find(".".join(parts[:end])) is None:
                return f"{'.'.join(parts[: end - 1])} has no {parts[end - 1]!r}"
        return None

    def unknown_in(self, block: Block) -> list[tuple[int, str]]:
        """Imports in a block that do not resolve, with their lines in the file."""
        try:
            found = imported(block.code)
        except SyntaxError as error:
            return [(block.line + (error.lineno or 1), f"the block does not parse: {error.msg}")]
        except (ValueError, RecursionError) as error:
            return [(block.line + 1, f"the block does not parse: {error}")]
        return [(block.line + line, what) for line, name in found if (what := self.unknown(name))]


def source_lines(found: griffe.Object) -> tuple[int, list[str]]:
    """The source of an object, from its decorators on, and the line of its first line."""
    start = found.lineno or 1
    for decorator in getattr(found, "decorators", []):
        start = min(start, decorator.lineno or start)
    lines = found.lines_collection[found.filepath]  # type: ignore[index]
    while start > 1 and lines[start - 2].lstrip().startswith("@"):  # griffe drops a property's
        start -= 1
    return start, lines[start - 1 : found.endlineno]
