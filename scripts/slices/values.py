"""What an expression reads, may change, and may evaluate to; by its syntax alone."""

import ast
from collections.abc import Callable, Iterable

from scripts.slices.habits import Habits
from scripts.slices.regions import NOTHING, Memory, Points
from scripts.slices.scopes import FILES, MUTATORS, ON_DISK, OPAQUE, late, root, sets

SEEDS = {"seed", "manual_seed", "manual_seed_all"}
SCALAR = set(
    "print len int float str bool complex repr format isinstance issubclass callable hasattr id "
    "hash range ord chr".split()
)
SCALAR_METHODS = set(
    "item numel element_size size dim allclose assert_close format startswith endswith "
    "lower upper strip".split()
)
"""Calls that change nothing and return nothing that could be changed."""
EAGER = set("sum any all max min list tuple dict set frozenset sorted join fsum prod".split())
LAZY = set("zip enumerate reversed iter parameters named_parameters modules children".split())
BUILTINS = SCALAR | EAGER | LAZY | {"abs", "round", "pow", "divmod"}
METHODS = (SCALAR_METHODS | LAZY | {"join"}) - {"iter"} | set(
    "keys values items get copy index count split splitlines replace mean sum std var abs max min "
    "amax amin argmax argmin exp log sqrt square norm round clamp softmax detach clone long int "
    "bool numpy tolist view reshape flatten unflatten unbind transpose permute movedim squeeze "
    "unsqueeze expand chunk any all cumsum state_dict".split()
)
"""Methods of tensors and containers that change nothing, unless a class of the page says so."""
QUIET = set("torch torch.nn.functional torch.linalg torch.fft torch.testing numpy".split())
"""Modules whose functions leave their arguments alone, but for `f_`, `out=` and the loud ones."""
WALKING = {"torch.nn", "torch.optim", "math", "statistics"}
"""The same, but they may iterate over an argument."""
LOUD = set("batch_norm instance_norm copyto put place putmask fill_diagonal compile".split())
LOUD |= {"apply_along_axis", "apply_over_axes", "fromiter", "frompyfunc"}
PLAIN = {"shape", "dtype", "ndim", "__name__", "__qualname__", "__doc__"}
"""Attributes that cannot be changed from outside."""


class Values(Memory, ast.NodeVisitor):
    """Visits expressions in the order in which they run; a visit returns the value's regions."""

    def __init__(self, habits: Habits):
        super().__init__()
        self.habits = habits

    def visit(self, node: ast.AST) -> Points:
        return super().visit(node) or NOTHING

    def generic_visit(self, node: ast.AST) -> Points:
        return self.all(ast.iter_child_nodes(node))

    def all(self, nodes: Iterable[ast.AST | None]) -> Points:
        return NOTHING.union(*(self.visit(node) for node in nodes if node))

    def loop(self, body: Callable[[], object]) -> None:
        """Go round until nothing new is learnt."""
        before = -1
        with self.perhaps():
            while before != self.size():
                before = self.size()
                body()

    def local(self, name: str) -> bool:
        return any(name in layer for _, layer in self.layers)

    def path(self, node: ast.AST) -> str:
        """The dotted path of an imported thing, as `torch.nn.functional.relu`; else empty."""
        if isinstance(node, ast.Name):
            found = None if self.local(node.id) else self.lookup(node.id)
            return found.module if found else ""
        module = self.path(node.value) if isinstance(node, ast.Attribute) else ""
        return module and f"{module}.{node.attr}"  # type: ignore[attr-defined]

    def visit_Name(self, node: ast.Name) -> Points:
        if node.id in OPAQUE and not self.local(node.id) and node.id not in self.names:
            self.anything()
            return frozenset({self.oracle})
        points, path = self.read(node.id), self.path(node)
        return points or (self.make(node, kin={path.split(".")[0]}) if path else NOTHING)

    def visit_Attribute(self, node: ast.Attribute) -> Points:
        points = self.visit(node.value)
        return NOTHING if node.attr in PLAIN else points

    def visit_Subscript(self, node: ast.Subscript) -> Points:
        points = self.iterate(self.visit(node.value))
        self.visit(node.slice)
        return points

    def visit_Starred(self, node: ast.Starred) -> Points:
        return self.iterate(self.visit(node.value))

    def visit_Compare(self, node: ast.Compare) -> Points:
        points = self.visit(node.left)
        for op, right in zip(node.ops, node.comparators, strict=True):
            other = self.visit(right)
            points |= self.iterate(other) if isinstance(op, ast.In | ast.NotIn) else other
        return self.make(node) if points else NOTHING

    def visit_display(self, node: ast.AST) -> Points:
        return self.make(node, self.generic_visit(node))

    visit_List = visit_Set = visit_Dict = visit_display

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Points:
        self.generic_visit(node)
        return NOTHING

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Points:
        points = self.visit(node.value)
        self.bind(node.target.id, points, walrus=True)
        return points

    def visit_Lambda(self, node: ast.Lambda) -> Points:
        return self.function(node, node.args)

    def function(self, node: ast.AST, *outside: ast.AST, **traits) -> Points:
        """The region of a function, which remembers defaults and names of layers around it."""
        found, held = late(node), self.all(outside)
        for _, layer in self.layers:
            held |= NOTHING.union(*(layer[name] for name in found.names if name in layer))
        self.need_names(found.names - {getattr(node, "name", "")})
        return self.make(node, held, late=found, **traits)

    def visit_comprehension_scope(self, node) -> Points:
        first, elements = self.visit(node.generators[0].iter), NOTHING
        self.iterate(first)
        self.layers.append((True, {}))

        def body() -> None:
            nonlocal elements
            for at, each in enumerate(node.generators):
                points = first if at == 0 else self.iterate(self.visit(each.iter))
                self.assign(each.target, points)
                self.all(each.ifs)
            parts = (getattr(node, part, None) for part in ("key", "value", "elt"))
            elements |= self.all(parts)

        self.loop(body)
        self.layers.pop()
        return self.make(node, elements)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_comprehension_scope

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Points:
        held = self.visit_comprehension_scope(node) - {self.made[node]}
        first = self.visit(node.generators[0].iter)
        region = self.made[node]
        region.late, region.lively = late(node), True
        return self.make(node, held | first)

    def _argument(self, node: ast.AST, *, at_once: bool) -> Points:
        """A generator expression that is used up at once is as good as a list."""
        once = at_once and isinstance(node, ast.GeneratorExp)
        return self.visit_comprehension_scope(node) if once else self.visit(node)

    def visit_Call(self, node: ast.Call) -> Points:
        function = node.func
        name, path = getattr(function, "attr", getattr(function, "id", "")), self.path(function)
        last = path.rpartition(".")[2]
        builtin = isinstance(function, ast.Name) and not (self.local(name) or self.lookup(name))
        if last in SEEDS:
            self.needs |= self.names[root(function)].blocks
        base = NOTHING if last in SEEDS else self.visit(function)
        base = NOTHING if path else base
        at_once = name in EAGER and (builtin or isinstance(function, ast.Attribute))
        given = NOTHING.union(*(self._argument(a, at_once=at_once) for a in node.args))
        named = self.all(node.keywords)
        if name in ON_DISK or last in ON_DISK:
            base |= self.read(FILES)
        scalar = name in SCALAR if builtin else (last or name) in SCALAR_METHODS
        quiet = not (base & self.names[FILES].points) and self._quiet(node, name, path, builtin)
        walks = path.rpartition(".")[0] not in QUIET and not scalar
        walks = walks and any(r.late or r.lively for r in self.closure(given))
        if not quiet:
            self.mix(base | given | named)
        elif named or walks:
            self.mix(named if scalar else given | named)
        self._settings(path)
        if quiet and scalar:
            return NOTHING
        kin = {path.split(".")[0]} if path else set()
        lively = not quiet or name in LAZY
        return self.make(node, base | given | named, lively=lively, kin=kin)

    def _settings(self, path: str) -> None:
        module, _, last = path.rpartition(".")
        pure = module in QUIET and last in MUTATORS  # torch.add is no set.add
        if path and (last in SEEDS or (sets(last) and not pure)):
            self.set(path, path if last in SEEDS else "")

    def _quiet(self, node: ast.Call, name: str, path: str, builtin: bool) -> bool:
        """Whether a call changes nothing that it is given by position."""
        if any(k.arg in ("out", "inplace", None) for k in node.keywords):
            return False
        if builtin:
            return name in BUILTINS
        if path:
            module, _, last = path.rpartition(".")
            loud = last.endswith("_") or last in LOUD or last.startswith("set_")
            return module in QUIET | WALKING and not loud
        return isinstance(node.func, ast.Attribute) and name in METHODS and self.habits.quiet(name)

    def assign(self, target: ast.AST, points: Points) -> None:
        """Bind or change what stands on the left of an assignment."""
        if isinstance(target, ast.Name):
            self.bind(target.id, points)
        elif isinstance(target, ast.Tuple | ast.List):
            self.iterate(points)
            for each in target.elts:
                self.assign(each, points)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, self.make(target, points))
        elif isinstance(target, ast.Attribute | ast.Subscript):
            if path := self.path(ast.Name(root(target), ast.Load())):
                self.set(path, "")
            into = self.visit(target.value)
            if isinstance(target, ast.Subscript):
                points |= self.visit(target.slice)
            self.store(into, points)
