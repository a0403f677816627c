"""What a statement binds and changes; the blocks of a page, one after the other."""

import ast

from scripts.slices.regions import NOTHING, Points
from scripts.slices.scopes import bound, late
from scripts.slices.values import Values

TAME = {"dataclass", "no_grad", "inference_mode", "staticmethod", "measured"}
"""Decorators that leave a function as good as it was."""
HARMLESS = {"no_grad", "inference_mode", "enable_grad", "catch_warnings", "autocast", "open"}
"""Contexts that swallow no exception."""
OWN = {"__init__", "__call__", "__post_init__", "__enter__", "__exit__"}
"""Methods of double underscores that only run where a call or `with` is seen."""


class Flow(Values):
    """Visits statements, block after block."""

    def block(self, number: int, tree: ast.AST, *, unsure: bool) -> set[int]:
        """The earlier blocks that a block reads from; `unsure` if it may stop before its end."""
        self.number, self.unsure, self.needs = number, int(unsure), set()
        self.layers.clear()
        self.visit(tree)
        return self.needs - {number}

    def visit_Assign(self, node: ast.Assign) -> None:
        values = _parts(node.value) if isinstance(node.value, ast.Tuple) else []
        found = [self.visit(value) for value in values or [node.value]]
        for target in node.targets:
            parts = _parts(target)
            if len(parts) == len(values) > 0:
                for part, points in zip(parts, found, strict=True):
                    self.assign(part, points)
            else:
                self.assign(target, NOTHING.union(*found))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        points = self.all([node.value])
        self.visit(node.annotation)
        if node.value:
            self.assign(node.target, points)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        old = self.visit(node.target)
        points = self.visit(node.value)
        self.store(old, points)
        self.assign(node.target, old | points)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.visit(target)
            self.assign(target, NOTHING)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name, module = bound(alias), alias.name if alias.asname else alias.name.split(".")[0]
            old = self.names.get(name)
            self.bind(name, NOTHING, module)
            new, dotted = self.names[name], "." in alias.name and not alias.asname
            if old and old.module == module and old.dotted:  # import a.b, then import a.c
                new.blocks |= old.blocks
            new.dotted = dotted or bool(old and old.dotted)
            if module == "__main__":
                self.anything()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.unseen.add(self.number)
                for binding in self.names.values():
                    binding.blocks.add(self.number)
            else:
                self.bind(bound(alias), NOTHING, f"{node.module}.{alias.name}")
        if node.module == "__main__":
            self.anything()

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        with self.perhaps():
            self.all([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.loop(lambda: self.all([node.test, *node.body]))
        with self.perhaps():
            self.all(node.orelse)

    def visit_For(self, node: ast.For) -> None:
        points = self.iterate(self.visit(node.iter))

        def body() -> None:
            self.iterate(points)
            self.assign(node.target, points)
            self.all(node.body)

        self.loop(body)
        with self.perhaps():
            self.all(node.orelse)

    def visit_With(self, node: ast.With) -> None:
        safe = True
        for item in node.items:
            points = self.visit(item.context_expr)
            self.change(points)
            if item.optional_vars:
                self.assign(item.optional_vars, points)
            call = item.context_expr
            function = call.func if isinstance(call, ast.Call) else call
            safe &= getattr(function, "attr", getattr(function, "id", "")) in HARMLESS
        if safe:
            self.all(node.body)
        else:
            with self.perhaps():
                self.all(node.body)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        with self.perhaps():
            self.generic_visit(node)

    visit_TryStar = visit_Try

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.all([node.type])
        if node.name:
            self.bind(node.name, NOTHING)
        self.all(node.body)

    def visit_Match(self, node: ast.Match) -> None:
        points = self.iterate(self.visit(node.subject))
        with self.perhaps():
            for case in node.cases:
                for part in ast.walk(case.pattern):
                    for name in (getattr(part, "name", None), getattr(part, "rest", None)):
                        if name:
                            self.bind(name, points)
                self.generic_visit(case)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        inert = not late(node).binds and self.habits.inert(node.name) and _tame(node)
        returns = [node.returns] if node.returns else []
        self._define(node, self.function(node, node.args, *returns, inert=inert))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        held = self.all([*node.bases, *node.keywords])
        self.mix(held) if self.habits.wary else None
        self.layers.append((False, {}))
        self.all(node.body)
        held = held.union(*self.layers.pop()[1].values())
        methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        asked = any(m.name.startswith("__") and m.name not in OWN for m in methods)
        asked |= not all(_tame(m) for m in methods)
        inert = self.habits.inert(node.name) and _tame(node)
        self._define(node, self.make(node, held, inert=inert, asked=asked))

    def _define(self, node, points: Points) -> None:
        """Bind a function or class, and what its decorators make of it."""
        decorators = self.all(node.decorator_list)
        if not _tame(node):
            self.mix(decorators | points)
            points = self.make((node, "decorated"), decorators | points, lively=True)
        self.bind(node.name, points)


def _parts(node: ast.AST) -> list[ast.expr]:
    """The elements of a tuple or list without stars."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return [] if any(isinstance(part, ast.Starred) for part in parts) else parts


def _tame(node) -> bool:
    """Whether the decorators leave a function or class what it is."""
    calls = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return all(getattr(d, "attr", getattr(d, "id", "")) in TAME for d in calls)
