"""Run the tests of a module against its mutants, in two workers and bounded time."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from scripts.mutants.checkout import Lost, Subject, Worker, copy
from scripts.mutants.generate import Mutant, mutants

WORKERS = 2
LEAST_SECONDS, TIMES = 10.0, 5.0  # a mutant may take this long, or so many times the baseline
COLD_SECONDS = 300.0  # the first run imports torch and the oracles


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: "caught", "timeout" (caught too) or "survived"."""

    mutant: Mutant
    end: str


@dataclass(frozen=True)
class Run:
    """All outcomes, of how many mutants, how long the unbroken module's tests and all took."""

    outcomes: list[Outcome]
    of: int
    baseline: float
    seconds: float


def run(root: Path, subject: Subject, seconds: float, say: Callable[[str], None]) -> Run:
    """Try the subject's mutants until all are tried or the time is up.

    Raises:
        Lost: the unbroken module fails its tests, before or after, or a worker ended.
    """
    begin = time.perf_counter()
    with ExitStack() as stack:
        folders = [stack.enter_context(copy(root)) for _ in range(WORKERS)]
        source = (folders[0] / subject.module).read_text(encoding="utf-8")
        found = mutants(source)
        say(f"{subject.module}: {len(found)} mutants; the tests once without any")
        load = _modules(folders[0], subject, source)
        workers = [Worker(folder, load) for folder in folders]
        for worker in workers:
            stack.callback(worker.close)
        tries = [_Trial(worker, subject, source) for worker in workers]
        for trial in tries:
            trial.unbroken(COLD_SECONDS)
        baseline = max(trial.unbroken(COLD_SECONDS) for trial in tries)
        limit = max(LEAST_SECONDS, TIMES * baseline)
        say(f"{subject.module}: {baseline:.1f} s without a mutant")
        shared = _Shared([found[at] for at in spread(len(found))], begin + seconds, say)
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                done = list(pool.map(lambda trial: trial.each(shared, limit), tries))
            except BaseException:  # the other worker must not go on
                shared.end()
                raise
        for trial in tries:
            trial.unbroken(4 * limit)
    outcomes = sorted(
        (one for many in done for one in many), key=lambda one: found.index(one.mutant)
    )
    return Run(outcomes, len(found), baseline, time.perf_counter() - begin)


def spread(count: int) -> list[int]:
    """0 … count - 1 in an order each beginning of which is spread evenly over all of them."""
    bits = max(1, (count - 1).bit_length())
    mirrored = (int(f"{n:0{bits}b}"[::-1], 2) for n in range(2**bits))
    return [at for at in mirrored if at < count]


def _modules(folder: Path, subject: Subject, source: str) -> list[str]:
    """What the tests import from elsewhere: seen in a run without a mutant, which must pass."""
    with tempfile.TemporaryDirectory() as made:
        listing = Path(made) / "modules.txt"
        worker = Worker(folder, [], listing)
        try:
            _Trial(worker, subject, source).unbroken(COLD_SECONDS)
        finally:
            worker.close()
        return [*dict.fromkeys(listing.read_text().split())]


class _Shared:
    """The mutants that are left, handed to whoever asks, until the time is up."""

    def __init__(self, todo: list[Mutant], until: float, say: Callable[[str], None]):
        self._todo, self._until, self._say = iter(todo), until, say
        self._lock, self._given, self._of = Lock(), 0, len(todo)

    def end(self) -> None:
        """Hand out no more."""
        self._until = 0.0

    def __iter__(self) -> Iterator[Mutant]:
        return self

    def __next__(self) -> Mutant:
        with self._lock:
            if time.perf_counter() > self._until:
                raise StopIteration
            mutant = next(self._todo)
            self._given += 1
            self._say(f"{self._given} of {self._of}")
            return mutant


@dataclass(frozen=True)
class _Trial:
    """One worker, and what it runs."""

    worker: Worker
    subject: Subject
    source: str

    def unbroken(self, limit: float) -> float:
        """Seconds of the tests of the unbroken module, which must pass."""
        total = 0.0
        for arguments in self.subject.stages(self.worker.folder):
            answer = self.worker.run(self.subject.module, self.source, arguments, limit, True)
            if answer["status"] != 0:
                raise Lost(f"the tests fail without any mutant:\n{answer['printed']}")
            total += answer["seconds"]
        return total

    def each(self, todo: Iterable[Mutant], limit: float) -> list[Outcome]:
        return [Outcome(mutant, self._end(mutant, limit)) for mutant in todo]

    def _end(self, mutant: Mutant, limit: float) -> str:
        for arguments in self.subject.stages(self.worker.folder):
            answer = self.worker.run(self.subject.module, mutant.source, arguments, limit)
            if answer["status"] != 0:
                return "timeout" if answer["status"] is None else "caught"
        return "survived"
