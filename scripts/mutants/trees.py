"""Reading and rewriting parso trees: what every operator needs, and where none may touch."""

from collections.abc import Iterator
from typing import Any

from cosmic_ray.ast import ast_nodes

Node = Any  # parso's classes share no type that has both `children` and `value`
Span = tuple[tuple[int, int], tuple[int, int]]

SAID = {"__repr__", "__str__", "extra_repr"}
"""Methods whose result is for reading."""


def text(node: Node) -> str:
    """The node's code, without the space and comments before it."""
    return node.get_code(include_prefix=False)


def rewritten(node: Node, *changes: tuple[Node, str]) -> str:
    """The node's code, without the space before it, in which some descendants are replaced."""
    new = {id(each): code for each, code in changes}

    def code(part: Node) -> str:
        if id(part) in new:
            return part.get_first_leaf().prefix + new[id(part)]
        return "".join(map(code, part.children)) if hasattr(part, "children") else part.get_code()

    return code(node)[len(node.get_first_leaf().prefix) :]


def is_call(node: Node) -> bool:
    """Whether the node is the `(…)` of a call."""
    return node.type == "trailer" and node.children[0].value == "("


def is_attribute(node: Node) -> bool:
    """Whether the node is a `.name`."""
    return node.type == "trailer" and node.children[0].value == "."


def arguments(call: Node) -> list[Node]:
    """What stands between the parentheses of a call or the brackets of an index."""
    if len(call.children) < 3:
        return []
    inner = call.children[1]
    return elements(inner) if inner.type in ("arglist", "subscriptlist") else [inner]


def elements(node: Node) -> list[Node]:
    """The elements of a list with commas."""
    return [child for child in node.children if getattr(child, "value", None) != ","]


def is_positional(argument: Node) -> bool:
    """Whether this argument has neither a name nor a star, and is no text."""
    return argument.type not in ("argument", "string", "fstring", "strings")


def callee(call: Node) -> str:
    """What is called, as far as it stands before this `(…)`."""
    before = []
    for child in call.parent.children:
        if child is call:
            break
        before.append(child)
    return "".join(child.get_code() for child in before).strip()


def function_of(node: Node) -> Node | None:
    """The innermost `def` around the node."""
    return node.search_ancestor("funcdef")


def annotation(param: Node) -> str:
    """The annotation of a parameter as it is written; empty if there is none."""
    return text(param.annotation) if param.annotation else ""


def imported(tree: Node) -> set[str]:
    """The names that the module imports."""
    return {
        name.value
        for node in ast_nodes(tree)
        if node.type in ("import_name", "import_from")
        for name in node.get_defined_names()
    }


def untouchable(tree: Node) -> list[Span]:
    """Docstrings, annotations, imports, what an error says, what only checks or is for reading."""
    return [(part.start_pos, part.end_pos) for node in ast_nodes(tree) for part in _kept_out(node)]


def _kept_out(node: Node) -> Iterator[Node]:
    if node.type in ("string", "strings") and node.parent.type in ("simple_stmt", "file_input"):
        yield node
    elif node.type in ("import_name", "import_from"):
        yield node
    elif node.type == "param" and node.annotation:
        yield node.annotation
    elif node.type == "annassign":
        yield node.children[1]
    elif node.type == "raise_stmt":
        yield from node.children[1:]
    elif node.type == "funcdef":
        if node.annotation:
            yield node.annotation
        if node.name.value in SAID:
            yield node
    elif node.type == "if_stmt" and text(node.children[1]).endswith("TYPE_CHECKING"):
        yield node
    elif node.type == "decorator" and "dataclass" in text(node):
        yield from (part for part in node.children[1].children[1:] if part.type == "trailer")
    elif node.type == "argument" and text(node.children[0]) == "strict":  # of zip
        yield node
    elif node.type in ("parameters", "lambdef"):  # a bare * is no product
        yield from (c for c in node.children if getattr(c, "value", "") in ("*", "/", "**"))


def within(start: tuple[int, int], end: tuple[int, int], spans: list[Span]) -> bool:
    """Whether a position lies in one of the spans."""
    return any(first <= start and end <= last for first, last in spans)
