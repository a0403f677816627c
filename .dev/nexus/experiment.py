"""Experiments of a page: one function of a seed, run over several seeds.

On a page the results come from the committed record of the measured run; for a reader who copied
the block, and has no record, they are computed on the spot. Both ways give the same.
"""

import copy
import hashlib
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ARRAY = "@array"
"""In a record, `{"@array": name}` stands for that array of the `.npz` beside it."""


def measured(*, seeds: int) -> Callable[[Callable[[int], dict[str, Any]]], "Experiment"]:
    """Turn a function of a seed into an `Experiment` over seeds 0 to `seeds` - 1.

    Its docstring is one sentence: the claim that holds on every seed. It returns a dict, in which
    numbers, texts, lists, dicts and numpy arrays may stand at any depth.
    """
    return lambda run: Experiment(run, seeds)


class Experiment:
    """A function of a seed, and its results over seeds 0, 1, 2, ...

    `results` is None until somebody has them: the measuring command, or a reader's first `all()`.
    """

    def __init__(self, run: Callable[[int], dict[str, Any]], seeds: int):
        self.run, self.name, self.seeds = run, run.__name__, seeds
        self.results: list[dict[str, Any]] | None = None

    def __call__(self, seed: int) -> dict[str, Any]:
        """The result of one seed, computed now, as a record would give it back.

        Floats are rounded to six significant digits; arrays, also of floats, stay as they are.

        Raises:
            ValueError: the result holds what a record cannot hold; the text says where.
        """
        result = self.run(seed)
        if not isinstance(result, dict):
            raise ValueError(f"{self.name}({seed}) must return a dict, not {_shown(result)}")
        return _settled(result, f"{self.name}({seed})")

    def all(self) -> list[dict[str, Any]]:
        """One result a seed, in order: those set, else those on record, else computed now.

        Raises:
            FileNotFoundError: a page's experiment was never measured.
            ValueError: the record has another number of seeds, or other arrays.
        """
        if self.results is None:
            source = Path(self.run.__code__.co_filename)
            if source.suffix == ".md":
                return self._recorded(source)
            self.results = [self(seed) for seed in range(self.seeds)]
        return copy.deepcopy(self.results)

    def _recorded(self, page: Path) -> list[dict[str, Any]]:
        docs = next((folder for folder in page.parents if (folder / "data").is_dir()), page.parent)
        command = f"run `make measure PAGE={page.relative_to(docs.parent).as_posix()}`"
        file = docs / "data" / f"{page.stem}.json"
        record = json.loads(file.read_text()) if file.is_file() else {}
        experiments = record.get("experiments", {})
        if self.name not in experiments:
            raise FileNotFoundError(f"{self.name} is not in {file.name}: {command}")
        results = experiments[self.name]["results"]
        if len(results) != self.seeds:
            raise ValueError(
                f"{file.name} has {len(results)} seeds of {self.name}, not {self.seeds}: {command}"
            )
        beside = file.with_suffix(".npz")
        content = beside.read_bytes() if beside.is_file() else b""
        if record.get("npz") != (hashlib.sha256(content).hexdigest() if content else None):
            raise ValueError(f"{file.name} and {beside.name} are of different runs: {command}")
        return _filled(results, _arrays(content)) if content else results


def _settled(value: Any, place: str) -> Any:
    """A result as its record gives it back; what a record cannot hold is refused with its place."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == ARRAY:
                raise ValueError(f"{place} has the key {key!r}: keys are texts, other than {ARRAY}")
        return {key: _settled(each, f"{place}[{key!r}]") for key, each in value.items()}
    if isinstance(value, list):
        return [_settled(each, f"{place}[{at}]") for at, each in enumerate(value)]
    if _is_array(value) and value.dtype.kind in "biufc":
        return value.copy()  # not the experiment's own buffer, which the next seed may fill
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.6g}")
    raise ValueError(
        f"{place} is {_shown(value)}; results are finite numbers, texts, lists, dicts with text "
        f"keys and numpy arrays of numbers (.tolist() or .numpy() makes them of a tensor)"
    )


def _is_array(value: Any) -> bool:
    """Whether it is a numpy array: there is none where nobody has imported numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _arrays(content: bytes) -> dict[str, Any]:
    """The arrays of an `.npz`, by name."""
    import numpy

    with numpy.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def _filled(value: Any, arrays: dict[str, Any]) -> Any:
    """A recorded result with its arrays in place of the references to them."""
    if isinstance(value, dict):
        if value.keys() == {ARRAY}:
            return arrays[value[ARRAY]]
        return {key: _filled(each, arrays) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, arrays) for each in value]
    return value
