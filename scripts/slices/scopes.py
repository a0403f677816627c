"""Names in Python code, without running it: what a function reads and binds outside itself."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
EVERYTHING = "*"
"""Stands for all names, where code is run or looked up that we cannot read."""
FILES = "<files>"
"""Stands for what lies on disk."""
OPAQUE = {"exec", "eval", "compile", "globals", "locals", "vars", "__import__"}
ON_DISK = set(
    "open load save loads savez savez_compressed loadtxt savetxt dump read_text write_text "
    "read_bytes write_bytes mkdir mkdtemp unlink rmtree rename touch exists glob".split()
)


@dataclass(frozen=True)
class Late:
    """What a function does to names of the module when it is called, sooner or later."""

    reads: frozenset[str]
    binds: frozenset[str]
    pokes: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        return self.reads | self.binds


def late(node: ast.AST) -> Late:
    """The names that a function, lambda or generator expression takes from outside itself."""
    free, own = _Free(), _Own()
    if isinstance(node, COMPREHENSIONS):
        free.inside(node)
        return Late(*map(frozenset, (free.reads, free.binds, free.pokes)))
    assert isinstance(node, FUNCTIONS)
    own.names |= {a.arg for a in ast.iter_child_nodes(node.args) if isinstance(a, ast.arg)}
    for part in node.body if isinstance(node.body, list) else [node.body]:
        free.visit(part)
        own.visit(part)
    mine = own.names - own.others
    binds = free.binds | own.globals
    return Late(frozenset(free.reads - mine), frozenset(binds), frozenset(free.pokes - mine))


def root(node: ast.AST) -> str:
    """The name at the root of `name.a[0].b`; empty if something else stands there."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def bound(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.split(".")[0]


def binds(nodes: Iterable[ast.AST]) -> set[str]:
    """The names of the module that these statements bind; of functions, those declared global."""
    own = _Own()
    for node in nodes:
        own.visit(node)
        declared = (n for n in ast.walk(node) if isinstance(n, ast.Global))
        own.names.update(*(n.names for n in declared))
    return own.names


class _Own(ast.NodeVisitor):
    """Names bound by statements of one scope, without the scopes inside it."""

    def __init__(self):
        self.names: set[str] = set()
        self.globals: set[str] = set()
        self.others: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.add(node.id)

    def visit_alias(self, node: ast.alias) -> None:
        self.names.add(bound(node))

    def visit_Global(self, node: ast.Global) -> None:
        self.globals.update(node.names)
        self.others.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.others.update(node.names)

    def visit_scope(self, node) -> None:
        self.names.add(getattr(node, "name", ""))

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_scope

    def visit_comprehension_scope(self, node: ast.AST) -> None:
        walruses = (n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        self.names.update(n.target.id for n in walruses)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_comprehension_scope
    visit_GeneratorExp = visit_comprehension_scope

    def visit_named(self, node) -> None:
        self.names.add(node.name or "")
        self.generic_visit(node)

    visit_ExceptHandler = visit_MatchAs = visit_MatchStar = visit_named

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.names.add(node.rest or "")
        self.generic_visit(node)


class _Free(ast.NodeVisitor):
    """Names read in one scope and in the scopes inside it, less those bound in these."""

    def __init__(self):
        self.reads: set[str] = set()
        self.binds: set[str] = set()
        self.pokes: set[str] = set()

    def add(self, found: Late, less: Iterable[str] = ()) -> None:
        self.reads |= found.reads - set(less)
        self.binds |= found.binds
        self.pokes |= found.pokes - set(less)

    def visit_Name(self, node: ast.Name) -> None:
        self.reads.add(node.id)
        if node.id in OPAQUE:
            self.reads.add(EVERYTHING)
            self.binds.add(EVERYTHING)
        if node.id in ON_DISK:
            self.reads.add(FILES)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in ON_DISK:
            self.reads.add(FILES)
        self.visit_place(node)

    def visit_place(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.pokes.add(root(node))
        self.generic_visit(node)

    visit_Subscript = visit_place

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and sets(node.func.attr):
            self.pokes.add(root(node.func))
        self.generic_visit(node)

    def visit_function(self, node) -> None:
        self.add(late(node))
        for part in (*getattr(node, "decorator_list", ()), node.args):
            self.visit(part)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_function

    def visit_comprehension_scope(self, node) -> None:
        self.visit(node.generators[0].iter)
        self.add(late(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_comprehension_scope
    visit_GeneratorExp = visit_comprehension_scope

    def inside(self, node) -> None:
        """Take what a comprehension reads, but for its first iterable and its own targets."""
        inner, own = _Free(), _Own()
        for at, each in enumerate(node.generators):
            own.visit(each.target)
            parts = [each.target, *each.ifs] if at == 0 else [each]
            for part in parts:
                inner.visit(part)
        for part in ("key", "value", "elt"):
            if hasattr(node, part):
                inner.visit(getattr(node, part))
        found = Late(*map(frozenset, (inner.reads, inner.binds, inner.pokes)))
        self.add(found, own.names)


MUTATORS = set("append extend insert update add remove pop clear setdefault rc use reload".split())
MUTATORS |= {"filterwarnings", "simplefilter", "basicConfig", "register", "chdir"}


def sets(name: str) -> bool:
    """Whether a library's function of this name sets something that lasts; seeds not counted."""
    return name in MUTATORS or name.startswith(("set_", "use_", "enable_", "disable_"))
