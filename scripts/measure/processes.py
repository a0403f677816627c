"""Run a function of a seed for many seeds, each in a fresh process; as they come.

A process is forked from one in which nothing of the page has run, so that no result depends on
which seeds ran before it, or beside it.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

FORK = multiprocessing.get_context("fork")


class Failed(Exception):
    """A seed did not come through; the text says where."""


class Died(Exception):
    """The process of a seed ended without a word."""


def run(
    seeds: Sequence[int],
    work: Callable[[int], Any],
    explain: Callable[[int, BaseException], str],
    workers: int,
    tick: Callable[[], None],
) -> Iterator[tuple[int, Any]]:
    """Each seed and `work(seed)`, in the order in which they end; `tick` is called each second.

    What is still at work when one fails, or when nobody wants more, is killed.

    Raises:
        Failed: a seed raised; `explain` makes the text, in its process.
        Died: its process was killed, or ended itself.
    """
    todo, at_work = list(seeds), dict[Any, tuple[int, Any]]()
    try:
        while todo or at_work:
            while todo and len(at_work) < workers:
                seed, (ours, theirs) = todo.pop(0), FORK.Pipe(duplex=False)
                given = (work, explain, seed, theirs, os.getpid())
                process = FORK.Process(target=_child, args=given)
                process.start()
                theirs.close()
                at_work[ours] = (seed, process)
            for pipe in wait(list(at_work), timeout=1):
                yield at_work[pipe][0], _result(pipe, *at_work.pop(pipe))
            tick()
    finally:
        for _, process in at_work.values():
            process.kill()
            process.join()


def _result(pipe: Any, seed: int, process: Any) -> Any:
    try:
        failed, result = pipe.recv()
    except EOFError:
        process.join()
        raise Died(f"the process of seed {seed} ended with exit code {process.exitcode}") from None
    process.join()
    if failed:
        raise Failed(result)
    return result


def _child(work: Callable, explain: Callable, seed: int, pipe: Connection, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        done = (False, work(seed))
    except BaseException as error:  # SystemExit too
        done = (True, explain(seed, error))
    pipe.send(done)


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, by whatever."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
