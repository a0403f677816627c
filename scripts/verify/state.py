"""The state of the process that a page could leave changed: how to read it, how to put it back."""

import gc
import operator
import os
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any


@dataclass(frozen=True)
class State:
    """One piece: `get` reads it, `put` restores what `get` read."""

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], object]


def shared_states() -> list[State]:
    """What every page must leave as it was."""
    import numpy as np

    def environment() -> dict[str, str]:
        return {name: v for name, v in os.environ.items() if name != "PYTEST_CURRENT_TEST"}

    def put_environment(value: dict[str, str]) -> None:
        os.environ.clear()
        os.environ.update(value)

    return [
        State("the environment", environment, put_environment),
        State("sys.path", lambda: list(sys.path), lambda v: sys.path.__setitem__(slice(None), v)),
        State("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
        State(
            "the garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()
        ),
        State("numpy's error handling", np.geterr, lambda v: np.seterr(**v)),
        *_torch_states(),
        *_matplotlib_states(),
    ]


def _torch_states() -> list[State]:
    import torch

    def deterministic() -> tuple[bool, bool]:
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        return torch.are_deterministic_algorithms_enabled(), warn_only

    def put_deterministic(value: tuple[bool, bool]) -> None:
        torch.use_deterministic_algorithms(value[0], warn_only=value[1])

    def put_device(value: torch.device) -> None:
        if torch.get_default_device() != value:  # setting it installs a mode, so only if needed
            torch.set_default_device(None)

    def cudnn() -> tuple[bool, bool]:
        return torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark

    def put_cudnn(value: tuple[bool, bool]) -> None:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = value

    precision = (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision)
    return [
        State("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
        State("torch's default device", torch.get_default_device, put_device),
        State("torch's grad mode", torch.is_grad_enabled, torch.set_grad_enabled),
        State("torch's deterministic algorithms", deterministic, put_deterministic),
        State("cuDNN's flags", cudnn, put_cudnn),
        State("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
        State("torch's matmul precision", *precision),
    ]


def private_states() -> list[State]:
    """What a page may change as it likes; it is put back without a word."""
    import numpy as np
    import torch
    from torch import _tensor_str

    return [
        State("random's generator", random.getstate, random.setstate),
        State("numpy's generator", np.random.get_state, np.random.set_state),
        State("torch's generator", torch.get_rng_state, torch.set_rng_state),
        State("numpy's print options", np.get_printoptions, lambda v: np.set_printoptions(**v)),
        State(
            "torch's print options",
            lambda: dict(vars(_tensor_str.PRINT_OPTS)),
            lambda v: vars(_tensor_str.PRINT_OPTS).update(v),
        ),
    ]


def _matplotlib_states() -> list[State]:
    """Its settings, where a page has had it imported."""
    if "matplotlib" not in sys.modules:
        return []
    import matplotlib

    return [State("matplotlib's settings", lambda: dict(matplotlib.rcParams), _put_matplotlib)]


def _put_matplotlib(value: dict[str, Any]) -> None:
    import matplotlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dict.update(matplotlib.rcParams, value)


class Snapshot:
    """The shared states and the contents of the libraries, at the moment it was made."""

    def __init__(self) -> None:
        self._states = [(state, state.get()) for state in shared_states()]
        self._modules = dict(sys.modules)
        self._contents: dict[int, tuple[str, Any, dict[str, Any]]] = {}
        self._known = 0
        self.extend()

    def extend(self) -> None:
        """Take in what was imported since; nobody has changed it yet."""
        if len(sys.modules) == self._known:
            return
        self._known = len(sys.modules)
        self._modules = {**sys.modules, **self._modules}
        for name, thing in _libraries():
            if id(thing) not in self._contents:
                self._contents[id(thing)] = (name, thing, dict(vars(thing)))

    def changed(self) -> list[str]:
        """The names of what is not as it was."""
        names = [state.name for state, value in self._states if not _same(state.get(), value)]
        names += [f"sys.modules[{name!r}]" for name in _differ(sys.modules, self._modules)]
        for library, thing, before in self._contents.values():
            now = vars(thing)
            names += [f"{library}.{name}" for name in _differ(now, before) + _added(thing, before)]
        return names

    def restore(self) -> None:
        """Put everything back."""
        for name in _differ(sys.modules, self._modules):
            sys.modules[name] = self._modules[name]
        for _, thing, before in self._contents.values():
            for name in _differ(vars(thing), before):
                setattr(thing, name, before[name])
            for name in _added(thing, before):
                delattr(thing, name)
        for state, value in self._states:
            if not _same(state.get(), value):
                state.put(value)


_GONE = object()
_CACHES = dict.fromkeys(("__warningregistry__", "__builtins__", "__spec__", "__abstractmethods__"))


def _differ(now: Mapping[str, Any], before: dict[str, Any]) -> list[str]:
    """Names that are bound to something else now, or to nothing."""
    bound = map(now.get, before, repeat(_GONE))
    if all(map(operator.is_, bound, before.values())):  # as nearly always; no bytecode a name
        return []
    found = [name for name, value in before.items() if now.get(name, _GONE) is not value]
    return [name for name in found if name not in _CACHES]


def _added(thing: Any, before: dict[str, Any]) -> list[str]:
    """Names a class got; a module may get new ones when its parts are first imported."""
    if not isinstance(thing, type) or len(vars(thing)) == len(before):
        return []
    return [name for name in vars(thing) if name not in before and name not in _CACHES]


def _same(now: Any, before: Any) -> bool:
    return type(now) is type(before) and now == before


def _libraries() -> Iterator[tuple[str, Any]]:
    """Modules and classes that a page could patch: those of torch and numpy, and all of ours."""
    import numpy as np
    import torch

    modules = [torch, torch.nn, torch.nn.functional, torch.nn.init, torch.optim, np, np.random]
    modules += [torch.linalg, torch.utils.data, torch.autograd]
    ours = [m for n, m in list(sys.modules.items()) if n.partition(".")[0] == "nexus"]
    for module in [*modules, *ours]:
        if isinstance(module, types.ModuleType):
            yield module.__name__, module
    for cls in (torch.Tensor, torch.nn.Module, torch.nn.Linear, torch.optim.Optimizer):
        yield f"{cls.__module__}.{cls.__name__}", cls
    for module in ours:
        for name, thing in list(vars(module).items()):
            if isinstance(thing, type) and thing.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", thing


@contextmanager
def private() -> Iterator[None]:
    """Put the private states back at the end."""
    before = [(state, state.get()) for state in private_states()]
    try:
        yield
    finally:
        for state, value in before:
            state.put(value)
