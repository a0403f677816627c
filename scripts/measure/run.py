"""Compute the experiments of a page."""

import io
import os
import sys
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.catalog import Document
from scripts.catalog.records import Block
from scripts.measure import processes
from scripts.measure.files import pack, too_large
from scripts.measure.fingerprint import Found, needed
from scripts.verify import report
from scripts.verify.isolation import World, page_module
from scripts.verify.key import modules
from scripts.verify.runner import describe


@dataclass(frozen=True)
class Outcome:
    """One seed: what it gave, the seconds of one core that it took, the GPU that it used.

    With a GPU the seconds are those of the clock.
    """

    result: dict[str, Any]
    seconds: float
    gpu: str


@dataclass
class Progress:
    """A line that lives on a terminal, elsewhere a line a seed."""

    total: int
    done: int = 0
    begin: float = 0.0
    name: str = ""

    def tick(self) -> None:
        """Say how far it is, and when it will be done if the rest goes as what is behind."""
        now = time.monotonic() - self.begin
        left = now / max(self.done, 1) * (self.total - self.done)
        rest = f", about {left:.0f} s left" if self.done else ""
        if self.done < self.total:
            report.progress(self.done, self.total, f"{self.name}: {now:.0f} s{rest}")

    def add(self, seed: int, seconds: float) -> None:
        """A seed came through."""
        self.done += 1
        if not sys.stderr.isatty():
            print(f"{self.name}: seed {seed}, {seconds:.1f} s", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        report.progress(self.total, self.total, "")


def compute(
    root: Path, page: Document, found: list[Found], workers: int, only: int | None = None
) -> dict[str, list[Outcome]]:
    """The outcomes of each experiment, one a seed: of all seeds, or of the first `only`.

    An experiment whose page reads another's results in between gets those just computed, or, if
    not all seeds are, those on record.

    Raises:
        Failed: a seed did not come through, or the arrays are too many.
    """
    counts = {each.name: only or each.seeds for each in found}
    done: dict[str, list[Outcome]] = {}
    progress = Progress(sum(counts.values()), begin=time.monotonic())
    with World(root) as world, world.visit(page, modules(root, page)):
        try:
            for each in found:
                progress.name = each.name
                known = {} if only else {n: [o.result for o in got] for n, got in done.items()}
                place = _Place(root, page, each, known)
                outcomes = dict[int, Outcome]()
                given = (range(counts[each.name]), place.seed, place.explain)
                for seed, outcome in processes.run(*given, workers, progress.tick):
                    outcomes[seed] = outcome
                    progress.add(seed, outcome.seconds)
                    _fits(page, each, done, outcomes)
                done[each.name] = [outcomes[seed] for seed in sorted(outcomes)]
        except processes.Died as died:
            where = f"{page.path}:{found[len(done)].line}: {found[len(done)].name}"
            raise processes.Failed(f"{where}: {died}") from None
        finally:
            progress.end()
    return done


def packed(name: str, outcomes: dict[int, Outcome]) -> tuple[list[dict], dict[str, Any]]:
    """The results as JSON holds them, and all their arrays."""
    results, arrays = [], {}
    for seed in sorted(outcomes):
        result, more = pack(name, seed, outcomes[seed].result)
        results.append(result)
        arrays |= more
    return results, arrays


def _fits(page: Document, found: Found, done: dict, outcomes: dict[int, Outcome]) -> None:
    """Say at once that the arrays are too many: the other seeds will take minutes."""
    arrays = packed(found.name, outcomes)[1]
    for name, others in done.items():
        arrays |= packed(name, dict(enumerate(others)))[1]
    if what := too_large(arrays):
        raise processes.Failed(f"{page.path}:{found.line}: {found.name}: {what}")


@dataclass
class _Place:
    """An experiment, and what its seeds find; its methods run in a process of the seed's own."""

    root: Path
    page: Document
    found: Found
    known: dict[str, list[dict]]
    block: Block | None = None  # the one that runs

    def seed(self, seed: int) -> Outcome:
        """Run the blocks that the experiment needs, and it."""
        from nexus.experiment import Experiment

        os.mkdir(folder := f"{self.found.name}-{seed}")
        os.chdir(folder)  # no two write to one file
        with _quiet(), page_module(self.root, self.page) as module:
            for block in needed(self.page, self.found):
                self.block = block
                self._execute(block, module)
            self.block = replace(self.page.blocks[self.found.block - 1], line=self.found.line)
            experiment = module.__dict__[self.found.name]
            if not isinstance(experiment, Experiment) or experiment.seeds != self.found.seeds:
                raise TypeError(
                    f"{self.found.name} is not, or not only, what @measured makes of it"
                )
            begin, cpu = time.perf_counter(), _cpu()
            result, gpu = experiment(seed), _gpu()
            return Outcome(result, time.perf_counter() - begin if gpu else _cpu() - cpu, gpu)

    def _execute(self, block: Block, module: types.ModuleType) -> None:
        source = "\n" * block.line + block.code
        code = compile(source, str(self.root / self.page.path), "exec", dont_inherit=True)
        try:
            exec(code, module.__dict__)
        except Exception as error:
            if block.raises not in {kind.__name__ for kind in type(error).__mro__}:
                raise
        for name, results in self.known.items():
            if hasattr(module.__dict__.get(name), "results"):
                module.__dict__[name].results = results

    def explain(self, seed: int, error: BaseException) -> str:
        """Where on the page it happened, and the way there."""
        block = self.block or self.page.blocks[self.found.block - 1]
        text = describe(self.root, self.page, block, error)
        return f"{text}\n  (seed {seed} of {self.found.name})"


@contextmanager
def _quiet() -> Iterator[None]:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def _cpu() -> float:
    """Processor seconds of this process and of its children that have ended.

    Unlike the clock's they are much the same on a busy machine.
    """
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _gpu() -> str:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return ""
    return torch.cuda.get_device_name()
