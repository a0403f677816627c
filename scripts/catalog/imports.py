"""What code imports of `nexus`, read from its text."""

import ast
import warnings
from collections.abc import Iterator
from functools import cache


def parsed(code: str) -> ast.Module:
    """The syntax tree, without a word about escapes and the like: a run tells of those.

    Raises:
        SyntaxError, ValueError, RecursionError: the code does not parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except MemoryError as error:  # CPython's word for it
        raise ValueError("it is nested too deeply") from error


@cache
def imported(code: str) -> tuple[tuple[int, str], ...]:
    """Line and dotted name of each import of `nexus`, anywhere in the code.

    Raises:
        SyntaxError, ValueError, RecursionError: the code does not parse.
    """
    tree = parsed(code)
    if "nexus" not in code:
        return ()
    found: list[tuple[int, str]] = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = ["" if alias.name == "*" else f".{alias.name}" for alias in node.names]
            found += [(node.lineno, node.module + name) for name in names]
    return tuple((line, name) for line, name in found if name.split(".")[0] == "nexus")


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements, however deep: an import is one, and most nodes are expressions."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, ())
            todo += inner if isinstance(inner, list) else ()  # a lambda's body is an expression
