"""What an experiment's result depends on, as two hashes: of its own code, and of code it shares.

Comments, layout, docstrings and annotations are not part of it; nothing is run.
"""

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scripts.catalog import Document
from scripts.catalog.imports import parsed
from scripts.catalog.records import Block
from scripts.slices import slices
from scripts.verify.key import closure


@dataclass(frozen=True)
class Found:
    """A `@measured` function on a page. `seeds` is 0 where the number is not written out."""

    name: str
    seeds: int
    claim: str
    block: int
    line: int


def experiments(page: Document) -> list[Found]:
    """The experiments of a page, in order; those in skipped blocks are none."""
    found = []
    for block in page.blocks:
        if block.skip or "measured" not in block.code:
            continue
        for node in ast.walk(_tree(block.code)):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if (seeds := _seeds(decorator)) is not None:
                        claim = first_sentence(ast.get_docstring(node) or "")
                        line = block.line + node.lineno
                        found.append(Found(node.name, seeds, claim, block.number, line))
    return found


def _seeds(decorator: ast.expr) -> int | None:
    """The seeds of `measured(seeds=5)`; None if it is another decorator."""
    if not isinstance(decorator, ast.Call):
        return None
    if ast.unparse(decorator.func).split(".")[-1] != "measured":
        return None
    values = [word.value for word in decorator.keywords if word.arg == "seeds"]
    number = values[0].value if values and isinstance(values[0], ast.Constant) else 0
    return number if isinstance(number, int) else 0


def first_sentence(text: str) -> str:
    """Up to the first full stop that a capital letter follows, on one line."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()))[0]


def needed(page: Document, found: Found) -> list[Block]:
    """The blocks that make the experiment: its own, and those that this needs. No others run."""
    numbers = {*slices(page.blocks)[found.block - 1], found.block}
    return [block for block in page.blocks if block.number in numbers]


def fingerprint(root: Path, page: Document, found: Found) -> dict[str, str]:
    """`own`: the blocks and the page's module. `shared`: all else of `nexus` that they import."""
    blocks = needed(page, found)
    module = page.module.replace(".", "/") + ".py"
    own = [essence(block.code) for block in blocks]
    own += [_of_file(root / module)] if (root / module).is_file() else []
    shared = []
    for file in closure(root, replace(page, blocks=tuple(blocks))):
        if file != module:
            shared += [file, _of_file(root / file)]
            shared += [_hash([data.read_bytes().hex()]) for data in _beside(root / file)]
    return {"own": _hash(own), "shared": _hash(shared)}


def _beside(file: Path) -> list[Path]:
    """The data that a module of `nexus.data` reads: files of its name beside it."""
    found = file.parent.glob(f"{file.stem}.*")
    return sorted(each for each in found if each.suffix in (".npz", ".xz"))


def _of_file(file: Path) -> str:
    return essence(file.read_text(encoding="utf-8"))


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@lru_cache(maxsize=2000)
def essence(code: str) -> str:
    """What the code does, as text: the same whatever Python reads it, however it is laid out."""
    try:
        return _text(parsed(code))
    except (SyntaxError, ValueError, RecursionError):
        return code


def _tree(code: str) -> ast.Module:
    try:
        return parsed(code)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


SILENT = {"annotation", "returns", "type_comment", "kind", "ctx"}


def _text(node: Any) -> str:
    """Like `ast.dump`, whose text differs between versions of Python."""
    if isinstance(node, list):
        return "[" + ", ".join(_text(each) for each in node if not _does_nothing(each)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(n, v) for n, v in ast.iter_fields(node) if n not in SILENT and v not in (None, [])]
    return f"{type(node).__name__}({', '.join(f'{n}={_text(v)}' for n, v in fields)})"


def _does_nothing(node: Any) -> bool:
    """A text that stands alone (a docstring, or a remark), or the like of `__version__ = …`."""
    if isinstance(node, ast.Assign):
        return all(isinstance(t, ast.Name) and t.id.startswith("__") for t in node.targets)
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant):
        return False
    return isinstance(node.value.value, str)
