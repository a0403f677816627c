"""Experiments of a page: one function of a seed, run over several seeds.

On a page the results come from the committed record of the measured run; for a reader who copied
the block, and has no record, they are computed on the spot.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def measured(*, seeds: int) -> Callable[[Callable[[int], dict[str, Any]]], "Experiment"]:
    """Turn `run(seed) -> dict of numbers and lists` into an `Experiment` over `seeds` seeds."""
    return lambda run: Experiment(run, seeds)


class Experiment:
    """A function of a seed, and its results over seeds 0, 1, 2, ...

    `results` is None until somebody who has them (the measuring command) sets them.
    """

    def __init__(self, run: Callable[[int], dict[str, Any]], seeds: int):
        self.run, self.name, self.seeds = run, run.__name__, seeds
        self.results: list[dict[str, Any]] | None = None

    def __call__(self, seed: int) -> dict[str, Any]:
        """The result of one seed, computed now.

        Raises:
            ValueError: the result would not come back from JSON as it went in.
        """
        result = self.run(seed)
        try:
            same = (
                isinstance(result, dict)
                and json.loads(json.dumps(result, allow_nan=False)) == result
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}({seed}) does not fit into JSON: {error}") from error
        if not same:
            raise ValueError(
                f"{self.name}({seed}) must be a dict of finite numbers, texts, lists and dicts "
                f"with text keys, which JSON gives back unchanged"
            )
        return result

    def all(self) -> list[dict[str, Any]]:
        """One result a seed, in order: those set, else those on record, else computed now.

        Raises:
            FileNotFoundError: a page's experiment was never measured.
            ValueError: the record has another number of seeds.
        """
        if self.results is not None:
            return self.results
        source = Path(self.run.__code__.co_filename)
        if source.suffix == ".md":
            return self._recorded(source)
        return [self(seed) for seed in range(self.seeds)]

    def _recorded(self, page: Path) -> list[dict[str, Any]]:
        docs = next((folder for folder in page.parents if (folder / "data").is_dir()), page.parent)
        command = f"run `make measure PAGE={page.relative_to(docs.parent).as_posix()}`"
        record = docs / "data" / f"{page.stem}.json"
        experiments = json.loads(record.read_text())["experiments"] if record.is_file() else {}
        if self.name not in experiments:
            raise FileNotFoundError(f"{self.name} is not in {record.name}: {command}")
        results = experiments[self.name]["results"]
        if len(results) != self.seeds:
            raise ValueError(
                f"{record.name} has {len(results)} seeds of {self.name}, "
                f"not {self.seeds}: {command}"
            )
        return results
