"""Values that public names take and give: the tensors and numbers that are packed in them."""

import inspect
import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, get_args, get_type_hints

import numpy as np
import torch
from torch import Generator, Tensor, nn

PLAIN = (Tensor, np.ndarray, np.generic, bool, int, float, complex, str, bytes, type(None))


def leaves(value: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Every tensor, array, number and text in a value, in an order that depends on nothing else."""
    seen = set() if seen is None else seen
    if isinstance(value, PLAIN):
        yield value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Generator):
        inside = [value.get_state()]
    elif isinstance(value, nn.Module):
        inside = [*value.state_dict().values()]
    elif isinstance(value, dict):
        inside = [*value.values()]
    elif isinstance(value, tuple | list):
        inside = [*value]
    elif isinstance(value, type) or callable(value):  # code holds nothing to compare
        inside = []
    else:
        slots = [s for kind in type(value).__mro__ for s in getattr(kind, "__slots__", ())]
        inside = [*getattr(value, "__dict__", {}).values()]
        inside += [getattr(value, slot) for slot in slots if hasattr(value, slot)]
    for each in inside:
        yield from leaves(each, seen)


def whole(value: Any) -> Any:
    """The value itself; of something that yields its values, the first five."""
    return list(islice(value, 5)) if inspect.isgenerator(value) else value


def floats(value: Any) -> list[Tensor]:
    """The tensors of floating point in a value."""
    return [x for x in leaves(value) if isinstance(x, Tensor) and x.is_floating_point()]


def is_finite(leaf: Any) -> bool:
    """Whether a leaf holds neither nan nor infinity; texts and whole numbers do not."""
    if isinstance(leaf, Tensor):
        return bool(leaf.isfinite().all())
    if isinstance(leaf, np.ndarray | np.generic):
        return bool(np.isfinite(leaf).all()) if leaf.dtype.kind in "fc" else True
    return math.isfinite(leaf) if isinstance(leaf, float) else True


def snapshot(value: Any) -> list[Any]:
    """Copies of the tensors and arrays in a value, objects left out: those are there to change."""
    if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
        return [value.detach().clone()]
    if isinstance(value, np.ndarray):
        return [value.copy()]
    inside = value.values() if isinstance(value, dict) else value
    return (
        [x for v in inside for x in snapshot(v)] if isinstance(value, dict | tuple | list) else []
    )


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values hold the same leaves, bit for bit."""
    pairs = list(leaves(ours)), list(leaves(theirs))
    return len(pairs[0]) == len(pairs[1]) and all(map(_equal, *pairs))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def mapped(value: Any, hint: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The value with each tensor changed whose annotation's first axis is `b`, the batch."""
    if isinstance(value, Tensor):
        axes = [getattr(h, "dim_str", "").split()[:1] for h in (hint, *get_args(hint))]
        return change(value) if ["b"] in axes else value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = get_type_hints(type(value))
        new = [mapped(getattr(value, f), fields.get(f), change) for f in fields]
        return type(value)(*new)
    if isinstance(value, tuple | list):
        inner = list(get_args(hint)) or [None]
        if len(inner) != len(value) or inner[-1] is ...:
            inner = inner[:1] * len(value)
        return type(value)(mapped(v, h, change) for v, h in zip(value, inner, strict=True))
    return value


def batched(value: Any, hint: Any) -> list[Tensor]:
    """The tensors of a value whose annotation's first axis is `b`."""
    found: list[Tensor] = []
    mapped(value, hint, lambda x: found.append(x) or x)
    return found


def elsewhere(value: Any, device: str) -> Any:
    """A copy of what a constructor is given, with all its tensors and modules on a device."""
    if isinstance(value, Tensor | nn.Module):
        return value.to(device)
    if isinstance(value, dict):
        return {key: elsewhere(each, device) for key, each in value.items()}
    if isinstance(value, tuple | list):
        new = [elsewhere(each, device) for each in value]
        return type(value)(*new) if hasattr(value, "_fields") else type(value)(new)
    return value
