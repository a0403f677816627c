"""All mutants of a module's source, each once, in the order of its lines."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.operators.operator import Operator

from scripts.mutants.operators import Rewrite, cosmic, tensors
from scripts.mutants.trees import Node, Span, untouchable, within


@dataclass(frozen=True)
class Mutant:
    """One fault: the line it begins in, that code before and after, and the whole new source."""

    line: int
    before: str
    after: str
    operator: str
    source: str


class _Tidy(MutationVisitor):
    """cosmic-ray's visitor; a number that it replaced keeps the space that stood before it."""

    def visit(self, node: Node) -> Node:
        new = super().visit(node)
        if new is not node and new is not None and new.type == "number":
            new.value, new.prefix = new.value.strip(), node.prefix
        return new


def mutants(source: str) -> list[Mutant]:
    """Every mutant that parses, differs from the source and from all others as a syntax tree."""
    tree = get_ast(source)
    spared, seen, found = untouchable(tree), {_plain(source)}, []
    for name, operator in (cosmic() | tensors(tree)).items():
        for mutated in _mutated(source, tree, operator, spared):
            plain = _plain(mutated or "")
            if mutated and plain and plain not in seen:
                seen.add(plain)
                found.append(Mutant(*difference(source, mutated), name, mutated))
    return sorted(found, key=lambda m: (m.line, m.before, m.operator, m.after))


def _mutated(
    source: str, tree: Node, operator: Operator, spared: list[Span]
) -> Iterator[str | None]:
    """The source with each of the operator's faults that lies in live code."""
    positions: Callable = operator.mutation_positions  # declared to return nothing
    occurrence = 0
    for node in ast_nodes(tree):
        for index, (start, end) in enumerate(positions(node)):
            if not within(start, end, spared):
                if isinstance(operator, Rewrite):
                    yield _with(tree, node, operator.mutate(node, index))
                else:  # it changes the tree itself
                    yield _Tidy.mutate_code(source, operator, occurrence)
            occurrence += 1


def _with(tree: Node, node: Node, new: Node) -> str:
    """The tree's code with another node in place of this one."""
    siblings = node.parent.children
    place = next(at for at, sibling in enumerate(siblings) if sibling is node)
    siblings[place] = new
    code = tree.get_code()
    siblings[place] = node
    return code


def _plain(source: str) -> str:
    """The syntax tree in which code that does the same by its form alone is written the same."""
    try:
        tree = ast.parse(source)
        compile(source, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return ""
    return ast.dump(_Same().visit(tree))


class _Same(ast.NodeTransformer):
    """-0 is 0, +x is x."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        inner = self.visit(node.operand)
        zero = isinstance(inner, ast.Constant) and inner.value == 0
        if isinstance(node.op, ast.UAdd) or (isinstance(node.op, ast.USub) and zero):
            return inner
        return ast.UnaryOp(node.op, inner)


def difference(source: str, mutated: str) -> tuple[int, str, str]:
    """The first line that differs, from 1, and the differing lines before and after."""
    old, new = source.split("\n"), mutated.split("\n")
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    shown = ("\n".join(s.strip() for s in lines[start : len(lines) - end]) for lines in (old, new))
    before, after = shown
    blank = len(before) - len(before.lstrip("\n"))
    return start + 1 + blank, before.strip("\n"), after.strip("\n")
