"""What the names of a page may point to, and which blocks may have changed it.

Names point to regions: abstract objects, one for each place in the code that makes any. A region
knows the blocks that may have changed it and the regions that it may hold. What is not sure is
assumed. Nothing here knows of syntax.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.slices.scopes import EVERYTHING, FILES, Late

RANDOM = {"torch", "numpy", "random"}
ALWAYS = {"sys", "os", "warnings", "logging", "locale"}
"""Libraries whose settings concern whoever uses any library."""


@dataclass(eq=False)
class Region:
    """Whatever one place in the code makes."""

    writers: set[int] = field(default_factory=set)
    holds: set["Region"] = field(default_factory=set)
    kin: set[str] = field(default_factory=set)  # libraries that made it
    late: Late | None = None  # what happens when it is called
    lively: bool = False  # to iterate or index may change it
    inert: bool = False  # never changes
    asked: bool = False  # to read it may run code of the page


Points = frozenset[Region]
NOTHING: Points = frozenset()


@dataclass
class Binding:
    """What a name may mean: who bound it, to what; or the module that it was imported as."""

    blocks: set[int]
    points: Points = NOTHING
    module: str = ""
    dotted: bool = False


class Memory:
    """Names and regions as they may be while block `number` runs; `needs` is what it read from."""

    def __init__(self):
        self.number, self.unsure, self.needs = 0, 0, set[int]()
        self.everything = Region(lively=True)
        every = frozenset({EVERYTHING})
        self.oracle = Region(late=Late(every, every, frozenset()))  # what exec and the like return
        self.unseen: set[int] = set()  # blocks that bind names we cannot see
        self.names = {FILES: Binding(set(), frozenset({Region(lively=True)}))}
        self.layers: list[tuple[bool, dict[str, Points]]] = []  # of classes, of comprehensions
        self.settings: dict[tuple[str, str], set[int]] = {}
        self.made: dict[object, Region] = {}

    def size(self) -> int:
        """A number that grows with all that is known."""
        names = sum(len(b.points) + len(b.blocks) + bool(b.module) for b in self.names.values())
        layers = sum(len(points) for _, layer in self.layers for points in layer.values())
        regions = self.closure([*self.made.values(), self.everything])
        return names + layers + sum(1 + len(r.writers) + len(r.holds) for r in regions)

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What happens in here may not happen: names keep what they had."""
        self.unsure += 1
        yield
        self.unsure -= 1

    def lookup(self, name: str) -> Binding | None:
        """The binding of a name of the module; None if it can only be a builtin."""
        if name not in self.names and self.unseen:
            return Binding(set(self.unseen), frozenset({self.everything}))
        return self.names.get(name)

    def _meant(self, names: Collection[str]) -> Iterator[Binding]:
        for name in list(self.names) if EVERYTHING in names else names:
            if found := self.lookup(name):
                yield found

    def closure(self, points: Iterable[Region]) -> set[Region]:
        """All that can be reached from here, also by calling what is there."""
        seen: set[Region] = set()
        todo = list(points)
        while todo:
            region = todo.pop()
            if region not in seen:
                seen.add(region)
                todo += region.holds
                if region.late:
                    todo += (r for b in self._meant(region.late.names) for r in b.points)
        return seen

    def need(self, points: Iterable[Region]) -> None:
        """Note that this block depends on who made these what they are."""
        for region in self.closure(points):
            self.needs |= region.writers
            for top in region.kin:
                self._need_settings(top)
            if region.late:
                self.need_names(region.late.names)

    def need_names(self, names: Collection[str]) -> None:
        """Note that this block depends on who bound these names."""
        for binding in self._meant(names):
            self.needs |= binding.blocks
            if binding.module:
                self._need_settings(binding.module.split(".")[0])

    def _need_settings(self, top: str) -> None:
        family = {top} | ALWAYS | (RANDOM if top == "nexus" else set())
        self.needs.update(*(blocks for (lib, _), blocks in self.settings.items() if lib in family))

    def read(self, name: str) -> Points:
        """The regions of a name that this block reads."""
        points = NOTHING
        for alone, layer in reversed(self.layers):
            if name in layer:
                points |= layer[name]
                if alone:
                    break
        else:
            self.need_names([name])
            points |= found.points if (found := self.lookup(name)) else NOTHING
        self.need(points)
        if any(region.asked for region in self.closure(points)):
            self.change(points)
        return points

    def bind(self, name: str, points: Points, module: str = "", *, walrus: bool = False) -> None:
        """Note that this block gives a name these regions."""
        for alone, layer in reversed(self.layers):
            if not (walrus and alone):
                layer[name] = layer.get(name, NOTHING) | points
                return
        old, new = self.lookup(name), Binding({self.number}, points, module)
        if old and (self.unsure or walrus):
            new.blocks |= old.blocks
            new.points |= old.points
            new.module = module if module == old.module else ""
        self.names[name] = new

    def change(self, points: Points) -> None:
        """Note that this block may change all that can be reached from here."""
        self.need(points)
        for region in self.closure(points):
            if not region.inert:
                region.writers.add(self.number)
            if region.late:
                self._run(region.late, frozenset({region}))

    def _run(self, found: Late, points: Points) -> None:
        layers, self.layers = self.layers, []
        with self.perhaps():
            for name in found.binds - {EVERYTHING}:
                self.bind(name, points)
        self.layers = layers
        if EVERYTHING in found.binds:
            self.anything()
        for name in found.pokes:
            if (binding := self.lookup(name)) and binding.module:
                self.set(binding.module, "")

    def store(self, into: Points, points: Points) -> None:
        """Note that these regions change, and may hold those from now on."""
        self.change(into)
        for region in self.closure(into):
            if not region.inert:
                region.holds |= points

    def mix(self, points: Points) -> None:
        """Note that these may change, and hold one another from now on."""
        self.store(points, points)

    def iterate(self, points: Points) -> Points:
        """Note that these are iterated over or indexed."""
        if any(region.lively for region in self.closure(points)):
            self.change(points)
        return points

    def anything(self) -> None:
        """Note that any name may be read, bound and changed here."""
        self.unseen.add(self.number)
        self.need_names(list(self.names))
        for name, binding in self.names.items():
            self.everything.holds |= binding.points
            if name != FILES:
                binding.blocks.add(self.number)
                binding.points |= {self.everything}
        self.need({self.everything})
        for region in self.closure({self.everything}):
            if not region.inert:
                region.writers.add(self.number)
                region.holds.add(self.everything)

    def set(self, path: str, function: str) -> None:
        """Note that this block sets something in a library, which lasts."""
        key = (path.split(".")[0], function)
        last = function and not self.unsure
        self.settings[key] = {self.number} | (set() if last else self.settings.get(key, set()))

    def make(self, key: object, holds: Iterable[Region] = (), **traits) -> Points:
        """The region that this place in the code makes."""
        region = self.made.setdefault(key, Region(**traits))
        region.holds |= set(holds)
        return frozenset({region})
