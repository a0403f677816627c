"""What code imports of `nexus`, read from its text."""

import ast
from functools import cache


@cache
def imported(code: str) -> tuple[tuple[int, str], ...]:
    """Line and dotted name of each import of `nexus`, anywhere in the code.

    Raises:
        SyntaxError, ValueError, RecursionError: the code does not parse.
    """
    tree = ast.parse(code)
    if "nexus" not in code:
        return ()
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = ["" if alias.name == "*" else f".{alias.name}" for alias in node.names]
            found += [(node.lineno, node.module + name) for name in names]
    return tuple((line, name) for line, name in found if name.split(".")[0] == "nexus")
