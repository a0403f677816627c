"""Faults of the wrong name: an attribute or a parameter in place of another of its kind."""

from collections.abc import Iterator

from cosmic_ray.ast import ast_nodes

from scripts.mutants.trees import (
    Node,
    annotation,
    elements,
    function_of,
    is_attribute,
    is_call,
    text,
)
from scripts.mutants.values import SHAPES

LENT = SHAPES - {"shape", "size", "numel", "detach"}
"""What two weights of a module have alike, whatever their shapes."""
Groups = list[list[str]]


def attributes(tree: Node) -> tuple[Groups, Groups]:
    """Attributes of `self` that were made alike, and fields of a class annotated alike."""
    own, fields = [], []
    for node in ast_nodes(tree):
        if node.type == "classdef":
            made, declared = {}, {}
            for inner in ast_nodes(node):
                if inner.type == "expr_stmt":
                    for name, kind in _made(inner):
                        made.setdefault(kind, {})[name] = None
                    if inner.children[1].type == "annassign" and inner.children[0].type == "name":
                        kind = text(inner.children[1].children[1]).split("[")[0]
                        declared.setdefault(kind, {})[inner.children[0].value] = None
            own += [[*names] for names in made.values() if len(names) > 1]
            fields += [[*names] for names in declared.values() if len(names) > 1]
    return own, fields


def _made(statement: Node) -> Iterator[tuple[str, str]]:
    """The attributes that `self.a, self.b = …` makes, with a word for the kind of each."""
    left, right = statement.children[0], statement.children[-1]
    if text(statement.children[1]) != "=":
        return
    many = left.type == "testlist_star_expr"
    targets = elements(left) if many else [left]
    values = elements(right) if many and right.type == left.type else [right] * len(targets)
    for target, value in zip(targets, values, strict=False):
        if text(target).startswith("self.") and text(target).count(".") == 1:
            yield text(target).removeprefix("self."), _kind(value)


def _kind(value: Node) -> str:
    if value.type == "name":
        function = function_of(value)
        kinds = {p.name.value: annotation(p) for p in function.get_params()} if function else {}
        return kinds.get(value.value) or "unknown"
    if value.type in ("term", "number"):
        return "int"
    return text(value).split("(")[0] if value.type == "atom_expr" else text(value)


def other_attribute(node: Node, own: Groups, fields: Groups) -> Iterator[str]:
    """Another attribute of the same kind: `self.to_q` to `self.to_k`, `past.k` to `past.v`."""
    if not is_attribute(node) or node.parent.type != "atom_expr" or _is_target(node.parent):
        return
    before = node.get_previous_sibling()
    name = node.children[1].value
    if before is not node.parent.children[0] or before.type != "name":
        return
    groups = own + fields if before.value == "self" else fields
    after = node.get_next_sibling()
    if _asks_shape(after):
        return
    for group in groups:
        if name in group and not (groups is fields and after is not None and is_call(after)):
            yield from (f".{other}" for other in _beside(group, name))


def _asks_shape(after: Node | None) -> bool:
    """Whether `.shape` or `.weight.new_zeros` follows: two of a kind seldom differ in it."""
    if after is None or not is_attribute(after):
        return False
    then = after.get_next_sibling()
    lends = then is not None and is_attribute(then) and then.children[1].value in LENT
    return lends or after.children[1].value in SHAPES


def _is_target(node: Node) -> bool:
    """Whether the node, or the tuple that it stands in, is assigned to."""
    place = node.parent if node.parent.type == "testlist_star_expr" else node
    return place.parent.type == "expr_stmt" and place.parent.children[-1] is not place


def _beside(group: list[str], name: str) -> list[str]:
    """The next and the previous in the group."""
    place = group.index(name)
    found = [group[(place + 1) % len(group)], group[place - 1]]
    return list(dict.fromkeys(found))


def other_parameter(node: Node) -> Iterator[str]:
    """The next parameter of the same kind: `k` where `v` should stand."""
    function = function_of(node)
    if node.type != "name" or function is None or is_attribute(node.parent) or node.is_definition():
        return
    if node.parent.type == "argument" and node.parent.children[0] is node:
        return
    if node.search_ancestor("param", "tfpdef") or _asks_shape(node.get_next_sibling()):
        return
    kinds = {p.name.value: annotation(p).split("[")[0] for p in function.get_params()}
    kind = kinds.get(node.value)
    group = [name for name, other in kinds.items() if kind and other == kind]
    if len(group) > 1 and node.value in group:
        yield group[(group.index(node.value) + 1) % len(group)]
