"""Faults in what is computed and kept: terms, statements, masks, gradients, results."""

from collections.abc import Iterator

from cosmic_ray.ast import ast_nodes

from scripts.mutants.trees import (
    Node,
    annotation,
    callee,
    elements,
    function_of,
    is_attribute,
    is_call,
    rewritten,
    text,
)

JOINED = {"arith_expr", "term", "power", "and_test", "or_test", "expr", "and_expr", "xor_expr"}
DISCRETE = set(
    """any all argmax argmin argsort arange randint randperm bool long int len range zeros ones
    full empty rand randn zeros_like ones_like randn_like new_zeros new_ones new_full new_empty
    shape eye triu_indices multinomial bernoulli nonzero linspace tensor as_tensor detach item
    numpy tolist one_hot""".split()
)
"""Calls whose result has no gradient, so that detaching it changes nothing."""
SHAPES = {"shape", "device", "dtype", "ndim", "size", "new_zeros", "new_ones", "numel", "detach"}


def dropped_term(node: Node) -> Iterator[str]:
    """A sum, product or condition without one of its parts; a choice always or never made."""
    if node.type == "test":  # a if c else b
        yield from (f"({text(side)})" for side in (node.children[0], node.children[4]))
        return
    parts = getattr(node, "children", [])
    if node.type not in JOINED or any("string" in part.type for part in parts):
        return
    for place in range(0, len(parts), 2):
        left = (
            parts[:place] + parts[place + 2 :]
            if place == 0
            else parts[: place - 1] + parts[place + 1 :]
        )
        if place == 0 and text(parts[1]) not in ("+", "*", "@", "&", "|", "^", "and", "or"):
            continue
        yield "(" + "".join(each.get_code() for each in left).strip() + ")"


def dropped_statement(node: Node) -> Iterator[str]:
    """A statement without which the rest still runs: an update, a call, a refusal, an early end."""
    if node.type == "raise_stmt" or (
        node.type == "atom_expr" and node.parent.type == "simple_stmt"
    ):
        if not text(node).startswith("super()"):
            yield "pass"
    elif node.type == "return_stmt" and node.search_ancestor("if_stmt", "for_stmt", "while_stmt"):
        yield "pass"
    elif node.type == "expr_stmt" and node.children[1].type == "operator":
        target, sign, value = text(node.children[0]), node.children[1].value, node.children[-1]
        words = _names(value)
        if sign != "=" or (target in words or target.startswith("self.") and target in text(value)):
            yield "pass"


def dropped_context(node: Node) -> Iterator[str]:
    """`with torch.no_grad():` without effect."""
    if node.type == "atom_expr" and node.parent.type == "with_stmt":
        if text(node).startswith(("torch.no_grad", "torch.inference_mode", "torch.enable_grad")):
            yield "__import__('contextlib').nullcontext()"


def _names(node: Node) -> set[str]:
    leaf, names = node.get_first_leaf(), set()
    while leaf is not None and leaf.start_pos < node.end_pos:
        if leaf.type == "name" and not is_attribute(leaf.parent):
            names.add(leaf.value)
        leaf = leaf.get_next_leaf()
    return names


def other_result(node: Node) -> Iterator[str]:
    """A returned value doubled and negated; a returned mask inverted; of a tuple, each part."""
    if node.type == "lambdef":
        yield rewritten(node, (node.children[-1], f"-({text(node.children[-1])})"))
    if node.type != "return_stmt" or len(node.children) < 2:
        return
    function = function_of(node)
    kind = text(function.annotation) if function and function.annotation else ""
    if kind.startswith(("str", "bool", "None", "Self", "Callable", "dict", "list", "nn.", '"')):
        return
    value = node.children[1]
    signs = ("~",) if kind.startswith("Bool") else ("2 * ", "-")
    for part in elements(value) if value.type == "testlist_star_expr" else [value]:
        if part.type not in ("keyword", "string", "star_expr") and not _builds(part):
            for sign in signs:
                yield rewritten(node, (part, f"{sign}({text(part)})"))


def _builds(node: Node) -> bool:
    """Whether this calls a class: `Cache(k, v)` has no double."""
    return (
        node.type == "atom_expr"
        and is_call(node.children[-1])
        and callee(node.children[-1]).split(".")[-1].lstrip("_")[:1].isupper()
    )


def detached(node: Node) -> Iterator[str]:
    """A gradient cut where a value is assigned, returned, or an argument is read."""
    function = function_of(node)
    if function is None or not _learns(function) or _without_gradient(node):
        return
    if node.type == "name" and _float_parameter(node, function):
        yield f"{node.value}.detach()"
    elif (
        node.type == "expr_stmt"
        and text(node.children[1]) == "="
        and node.children[0].type == "name"
    ):
        if _continuous(node.children[-1], function):
            yield rewritten(node, (node.children[-1], f"({text(node.children[-1])}).detach()"))
    elif node.type == "return_stmt" and len(node.children) > 1:
        kind = text(function.annotation) if function.annotation else "Tensor"
        value = node.children[1]
        if "Float" in kind or "Tensor" in kind and not kind.startswith(("Bool", "Int")):
            for part in elements(value) if value.type == "testlist_star_expr" else [value]:
                if _continuous(part, function) and not _builds(part):
                    yield rewritten(node, (part, f"({text(part)}).detach()"))


def _learns(function: Node) -> bool:
    """Whether gradients may flow through the function: it takes tensors and does not refuse."""
    if function.name.value == "__init__" or "Tensor" not in "".join(
        [
            text(function.annotation) if function.annotation else "",
            *map(annotation, function.get_params()),
        ]
    ):
        return False
    above = function.get_previous_sibling()
    decorators = text(above) if function.parent.type == "decorated" and above else ""
    return not any(word in decorators for word in ("no_grad", "inference_mode"))


def _without_gradient(node: Node) -> bool:
    """Whether the node stands in a `with torch.no_grad():`."""
    block = node.search_ancestor("with_stmt")
    return block is not None and "no_grad" in text(block.children[1])


def _float_parameter(name: Node, function: Node) -> bool:
    """Whether this reads a parameter that is a tensor of floats, for more than its shape."""
    kinds = {p.name.value: annotation(p) for p in function.get_params()}
    if not kinds.get(name.value, "").startswith(("Float", "Tensor")):
        return False
    if name.parent.type in ("param", "tfpdef") or is_attribute(name.parent) or name.is_definition():
        return False
    if name.parent.type == "argument" and name.parent.children[0] is name:
        return False
    if _is_cut(name):
        return False
    after = name.get_next_sibling()
    if after is not None and is_attribute(after) and after.children[1].value in SHAPES:
        return False
    return not (is_call(name.parent) and callee(name.parent) == "len")


def _is_cut(name: Node) -> bool:
    """Whether no gradient comes back to the name: it is compared, or the whole is detached."""
    node = name
    while (node := node.parent) is not None and node.type not in ("simple_stmt", "suite"):
        if node.type == "comparison" or text(node).endswith(".detach()"):
            return True
    return False


def _continuous(node: Node, function: Node) -> bool:
    """Whether the value may have a gradient, as far as its last call and its name tell."""
    if node.type not in ("atom_expr", "arith_expr", "term", "power", "factor", "name"):
        return False
    discrete = {p.name.value for p in function.get_params() if not _is_float(annotation(p))}
    for statement in ast_nodes(function):
        if statement.type == "expr_stmt" and _last(statement.children[-1]) & (discrete | DISCRETE):
            discrete |= {name.value for name in statement.get_defined_names()}
    return not _last(node) & (discrete | DISCRETE)


def _is_float(kind: str) -> bool:
    return kind.startswith(("Float", "Tensor")) or not kind


def _last(node: Node) -> set[str]:
    """The method that a chain ends in; else the name that it begins with."""
    if node.type != "atom_expr":
        return {text(node)}
    words = [text(t.children[1]) for t in node.children[1:] if is_attribute(t)]
    called = any(is_call(t) for t in node.children[1:])
    return {*words[-1:]} if words and called else {text(node.children[0]), *words[-1:]}


def inverted_mask(node: Node) -> Iterator[str]:
    """A mask that says yes for no, where it is handed on."""
    if node.type == "name" and _is_handed_on(node):
        function = function_of(node)
        kinds = {p.name.value: annotation(p) for p in function.get_params()} if function else {}
        if kinds.get(node.value, "").startswith("Bool") or node.value.endswith("mask"):
            if not kinds.get(node.value, "").startswith("Callable"):
                yield f"~{node.value}"
    if node.type == "atom_expr" and len(node.children) == 2 and is_call(node.children[1]):
        if text(node.children[0]).endswith("mask"):
            yield f"~{text(node)}"


def _is_handed_on(name: Node) -> bool:
    """Whether the name stands as an argument, itself or after `key=`."""
    keyword = name.parent.type == "argument" and name.parent.children[-1] is name
    return keyword or name.parent.type == "arglist" or is_call(name.parent)
