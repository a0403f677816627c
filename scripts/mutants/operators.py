"""Which operators are used: cosmic-ray's where they can fool a test, and ours for tensors."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name

from scripts.mutants import calls, names, values
from scripts.mutants.trees import Node, imported

BINARY = {
    "Add": "Sub Mul",
    "Sub": "Add Div",
    "Mul": "Add Div",
    "Div": "Mul FloorDiv",
    "FloorDiv": "Mul Div",
    "Mod": "FloorDiv Sub",
    "Pow": "Mul Add",
    "BitOr": "BitAnd BitXor",
    "BitAnd": "BitOr BitXor",
    "BitXor": "BitAnd BitOr",
    "RShift": "LShift",
    "LShift": "RShift",
}
"""Not all eleven others: a tensor of floats shifted or xor-ed raises, which flatters the tests."""
COMPARED = {
    "Eq": "NotEq GtE LtE",
    "NotEq": "Eq Lt Gt",
    "Lt": "LtE GtE Eq",
    "LtE": "Lt Gt Eq",
    "Gt": "GtE LtE Eq",
    "GtE": "Gt Lt Eq",
    "Is": "IsNot",
    "IsNot": "Is",
}
OTHER = """
ReplaceUnaryOperator_Delete_USub ReplaceUnaryOperator_Delete_Invert ReplaceUnaryOperator_Delete_Not
ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd AddNot
ReplaceBreakWithContinue ReplaceContinueWithBreak ExceptionReplacer NumberReplacer
RemoveDecorator ZeroIterationForLoop
""".split()


class Rewrite(Operator):
    """An operator of cosmic-ray's kind from a function that yields new code for a node."""

    def __init__(self, name: str, codes: Callable[[Node], Iterator[str]]):
        self.name, self.codes = name, codes

    def mutation_positions(self, node: Node) -> Any:
        """The node's own place, once for each way to rewrite it."""
        for _ in self.codes(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Node, index: int) -> Node:
        """A leaf with the new code in place of the node."""
        prefix = node.get_first_leaf().prefix
        return Name([*self.codes(node)][index], node.start_pos, prefix)

    @classmethod
    def examples(cls) -> Any:
        """None: each function has tests of its own."""
        return ()


def cosmic() -> dict[str, Operator]:
    """The chosen operators of cosmic-ray, by name."""
    chosen = [f"ReplaceBinaryOperator_{a}_{b}" for a, many in BINARY.items() for b in many.split()]
    chosen += [
        f"ReplaceComparisonOperator_{a}_{b}" for a, many in COMPARED.items() for b in many.split()
    ]
    provider: Any = OperatorProvider()
    return {name: provider[name]() for name in [*chosen, *OTHER]}


def tensors(tree: Node) -> dict[str, Operator]:
    """Our own, made for one module: they know what it imports and what its classes hold."""
    modules = imported(tree)
    own, fields = names.attributes(tree)
    functions = {
        "swapped": calls.swapped,
        "other_function": calls.other_function,
        "other_attribute": partial(names.other_attribute, own=own, fields=fields),
        "other_parameter": names.other_parameter,
        "other_letters": calls.other_letters,
        "other_branch": calls.other_branch,
        "other_result": values.other_result,
        "reduced_whole": calls.reduced_whole,
        "dropped_call": partial(calls.dropped_call, modules=modules),
        "skipped_function": partial(calls.skipped_function, modules=modules),
        "dropped_keyword": calls.dropped_keyword,
        "dropped_term": values.dropped_term,
        "dropped_statement": values.dropped_statement,
        "dropped_context": values.dropped_context,
        "inverted_mask": values.inverted_mask,
        "detached": values.detached,
    }
    return {name: Rewrite(name, function) for name, function in functions.items()}
