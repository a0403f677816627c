"""The public names of `nexus`, each with the example that its module's test file gives of it."""

import dataclasses
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Generator, nn

import nexus
from contracts.values import leaves, whole

ROOT = Path(nexus.__file__).parents[1]
SHARED = ("nn", "data", "envs", "fit", "experiment", "kernels")
"""Packages and modules of `nexus` that every page may use; all others belong to pages."""


def modules(only: str = "") -> list[str]:
    """The modules below `nexus` that define something; those with `only` in their name, if any."""
    walk = pkgutil.walk_packages(nexus.__path__, "nexus.", onerror=lambda name: None)
    names = sorted(found.name for found in walk if not found.ispkg)
    return [name for name in names if only.lower() in f"{name}:"] or names


def is_shared(module: str) -> bool:
    """Whether a module belongs to no page."""
    return module.split(".")[1:2] != [] and module.split(".")[1] in SHARED


def test_file(module: str) -> str:
    """The test file of a module: nexus.rl.value_based.dqn has tests/rl/value_based/test_dqn.py."""
    *folders, stem = module.split(".")[1:]
    return "/".join(["tests", *folders, f"test_{stem}.py"])


def public(module: ModuleType) -> dict[str, Any]:
    """Functions and classes that a module defines, but for those that only name or hold things."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and (inspect.isclass(value) or inspect.isroutine(value) or hasattr(value, "__wrapped__"))
        and not (inspect.isclass(value) and _only_holds(value))
    }


def _only_holds(kind: type) -> bool:
    """NamedTuples, Protocols, exceptions, and dataclasses without methods."""
    methods = [n for n, v in vars(kind).items() if callable(v) and not n.startswith("_")]
    return (
        (issubclass(kind, tuple) and hasattr(kind, "_fields"))
        or getattr(kind, "_is_protocol", False)
        or issubclass(kind, BaseException)
        or (dataclasses.is_dataclass(kind) and not methods and "__call__" not in vars(kind))
    )


class Example(NamedTuple):
    """One entry of `examples()`, made anew each time that it is used: calling may change it."""

    module: str
    at: int
    name: str
    func: Callable
    called: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"

    def fresh(self) -> tuple[partial, tuple]:
        """The partial and its inputs, made under seed 0."""
        torch.manual_seed(0)
        make, inputs = _examples(self.module)()[self.at]
        return make, () if inputs is None else tuple(inputs)

    @property
    def is_module(self) -> bool:
        return inspect.isclass(self.func) and issubclass(self.func, nn.Module)

    @property
    def decodes(self) -> bool:
        """Whether it is a mixer, or a model of mixers, that goes token by token."""
        return self.is_module and self.called and {"start", "step"} <= set(dir(self.func))

    @property
    def call(self) -> Callable:
        """What the inputs go to: the function, or the class's own forward or __call__."""
        if not inspect.isclass(self.func):
            return self.func
        return getattr(self.func, "forward" if self.is_module else "__call__")

    @property
    def samples(self) -> bool:
        """Whether it can be given a generator."""
        return any("generator" in _parameters(f) for f in (self.func, self.called and self.call))

    def hints(self, make: partial, inputs: tuple) -> tuple[list[Any], Any]:
        """The annotations of the inputs, and of what comes out."""
        names = [n for n in _parameters(self.call) if n != "self"]
        given = 0 if inspect.isclass(self.func) else len(make.args)
        names = [n for n in names if inspect.isclass(self.func) or n not in make.keywords]
        notes = inspect.get_annotations(inspect.unwrap(self.call), eval_str=True)
        found = [notes.get(name) for name in names[given:]]
        return (found + [None] * len(inputs))[: len(inputs)], notes.get("return")


def _parameters(func: Any) -> list[str]:
    try:
        return list(inspect.signature(func).parameters) if func else []
    except (TypeError, ValueError):
        return []


class Run(NamedTuple):
    """What became of one use of an example; `drew` says whether it drew from the global stream."""

    built: Any
    inputs: tuple
    output: Any
    drew: bool


def run(example: Example, fresh: tuple[partial, tuple], generator: Generator | None = None) -> Run:
    """Build and call, or call; the generator goes wherever one can be given."""
    make, inputs = fresh
    placed = generator is not None and any(isinstance(x, Generator) for x in inputs)
    inputs = tuple(generator if placed and isinstance(x, Generator) else x for x in inputs)
    ours = {"generator": generator} if generator is not None and not placed else {}

    def options(func: Callable) -> dict[str, Any]:
        return ours if "generator" in _parameters(func) else {}

    before = torch.get_rng_state()
    if not inspect.isclass(example.func):
        output = whole(make(*inputs, **options(example.func)))
        return Run(None, inputs, output, not torch.equal(before, torch.get_rng_state()))
    built = make(**options(example.func))
    if example.is_module:  # weights are drawn from the global stream, by torch itself
        before = torch.get_rng_state()
    output = None
    if example.called:
        output = whole(built(*inputs, **options(example.call)))
    drew = not torch.equal(before, torch.get_rng_state())
    return Run(built, inputs, output if example.called else [*leaves(built)], drew)


@cache
def _examples(module: str) -> Callable[[], list]:
    path = test_file(module)
    name = "examples_of_" + module.replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded.examples


@cache
def found(module: str) -> tuple[list[Example], str]:
    """A module's examples, and what is wrong with them, in words."""
    path = test_file(module)
    try:
        names = public(importlib.import_module(module))
    except Exception as error:
        return [], f"{module} cannot be imported: {_told(error)}"
    if not names:
        return [], ""
    wanted = f"def examples():\n    return [{', '.join(_to_write(n, v) for n, v in names.items())}]"
    if not (ROOT / path).is_file():
        return [], f"there is no {path}: write it, and at its end\n{wanted}"
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    try:
        entries = list(_examples(module)())
        examples = list(_read(module, entries))
    except Exception as error:
        if "has no attribute 'examples'" in str(error):
            return [], f"{path} has no examples(): write at its end\n{wanted}"
        return [], f"{path}: examples() fails: {_told(error)}"
    finally:
        torch.set_default_dtype(torch.float32)
    missing = [_to_write(n, v) for n, v in names.items() if n not in {e.name for e in examples}]
    wrong = f"{path}: examples() lacks {', '.join(missing)}" if missing else ""
    return [e for e in examples if e.func.__module__ == module], wrong


def _told(error: Exception) -> str:
    """The error in a line, with the last line of ours on the way to it."""
    frames = traceback.extract_tb(error.__traceback__)
    folders = [ROOT / "nexus", ROOT / "tests"]
    ours = [f for f in frames if any(d in Path(f.filename).parents for d in folders)]
    place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}: " if ours else ""
    return place + f"{type(error).__name__}: {error}".split("\n")[0]


def _read(module: str, entries: list) -> Iterator[Example]:
    for at, entry in enumerate(entries):
        make, inputs = entry
        if not isinstance(make, partial) or not (inputs is None or isinstance(inputs, tuple)):
            raise TypeError(f"entry {at} is no pair of a partial and a tuple of inputs (or None)")
        yield Example(module, at, make.func.__qualname__, make.func, inputs is not None)


def _to_write(name: str, value: Any) -> str:
    """The entry to write for a public name, from its signature."""
    needed = [
        (p.name, p.kind is p.KEYWORD_ONLY)
        for p in inspect.signature(value).parameters.values()
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD
    ]
    keywords = [f"{n}=…" for n, only in needed if only]
    plain = [n for n, only in needed if not only]
    given = f"({plain[0]},)" if len(plain) == 1 else f"({', '.join(plain)})"
    if inspect.isclass(value):
        return f"(partial({', '.join([name, *plain, *keywords])}), (its inputs,))"
    return f"(partial({', '.join([name, *keywords])}), {given})"
