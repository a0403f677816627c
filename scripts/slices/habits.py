"""What the code of a page does with its own functions and classes, all blocks at once."""

import ast
from collections.abc import Sequence

from scripts.slices.scopes import FUNCTIONS, OPAQUE, root


class Habits(ast.NodeVisitor):
    """What a whole page does with its functions and classes: may they change after all?"""

    def __init__(self, trees: Sequence[ast.AST]):
        self.used: set[str] = set()
        self.poked: set[str] = set()
        self.methods: set[str] = set()
        self.wary = False
        try:
            for tree in trees:
                self.visit(tree)
        except RecursionError:
            self.wary = True

    def inert(self, name: str) -> bool:
        """Whether a function or class is only ever called and asked, so never changed."""
        return not self.wary and name not in self.used | self.poked

    def quiet(self, method: str) -> bool:
        """Whether no class of the page gives this method a meaning of its own."""
        return not self.wary and method not in self.methods

    def visit_Name(self, node: ast.Name) -> None:
        self.used.add(node.id)
        self.wary |= node.id in {"setattr", "delattr", "type", "classmethod", *OPAQUE}

    def visit_Call(self, node: ast.Call) -> None:
        naming = isinstance(node.func, ast.Name) and node.func.id not in {"type", "setattr"}
        for part in (*([] if naming else [node.func]), *node.args, *node.keywords):
            self.visit(part)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.wary |= node.attr in {"__class__", "__dict__", "__bases__", "__subclasses__"}
        if isinstance(node.ctx, ast.Store):
            self.methods.add(node.attr)
        type_name = node.attr == "__name__" and isinstance(node.value, ast.Call)
        if type_name:  # type(x).__name__ is no more than a word
            for part in node.value.args:  # type: ignore[attr-defined]
                self.visit(part)
        else:
            self.visit_place(node)

    def visit_place(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.poked.add(root(node))
            self.wary |= root(node) in ("", "cls")
        for part in ast.iter_child_nodes(node):
            if isinstance(node, ast.Subscript) or not isinstance(part, ast.Name):
                self.visit(part)

    visit_Subscript = visit_place

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.methods |= {n.name for n in node.body if isinstance(n, FUNCTIONS[:2])}
        self.wary |= bool(node.keywords or {"__init_subclass__", "__new__"} & self.methods)
        self._define(node, node.bases)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._define(node, [node.args])

    visit_AsyncFunctionDef = visit_FunctionDef

    def _define(self, node, parts: Sequence[ast.AST]) -> None:
        for part in (*parts, *node.decorator_list):
            if not isinstance(part, ast.Name):
                self.visit(part)
            self.wary |= root(part) == "classmethod"
        for part in node.body:
            self.visit(part)

    def visit_arg(self, node: ast.arg) -> None:
        """Annotations name classes and do nothing to them."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for part in (node.target, node.value):
            if part:
                self.visit(part)
