"""Which block a worker is at: so that one that hangs is killed and one that died is explained.

A worker writes where it is before each block; the controller, outside, reads it.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from scripts.catalog import Document
from scripts.catalog.records import Block
from scripts.verify import limits

GRACE = 5.0
SIZE = 1024


def _folder(root: Path) -> Path:
    return root / "build" / "running"


def running(root: Path, page: Document, block: Block | None) -> None:
    """Say that this process now starts a block (or, without one, a page)."""
    deadline = time.time() + (limits.BLOCK_SECONDS if block else limits.PAGE_SECONDS) + GRACE
    where = {"page": page.path, "line": block.line if block else 1, "deadline": deadline}
    os.pwrite(_opened(_mine(root)), json.dumps(where).ljust(SIZE).encode()[:SIZE], 0)


@cache
def _opened(file: Path) -> int:
    """The worker's file, kept open: it is written before every block."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT)


def done(root: Path) -> None:
    """Say that this process is at no page any more."""
    os.pwrite(_opened(_mine(root)), b" " * SIZE, 0)


def _mine(root: Path) -> Path:
    """A worker's file carries its controller's process id, so that two runs do not mix."""
    return _folder(root) / f"{os.getppid()}-{os.getpid()}.json"


def last_line(root: Path, path: str) -> int:
    """The line of the block at which a worker that is gone last was on this page; 1 if unknown."""
    for file in _folder(root).glob(f"{os.getpid()}-*.json"):
        try:
            where = json.loads(file.read_text())
        except (OSError, ValueError):
            continue
        if where["page"] == path:
            file.unlink(missing_ok=True)
            return where["line"]
    return 1


@contextmanager
def watchdog(root: Path) -> Iterator[None]:
    """Kill workers that are past their deadline: loops in C never come back to be interrupted."""
    stop, folder = threading.Event(), _folder(root)
    for file in folder.glob("*-*"):
        if not Path(f"/proc/{file.name.split('-')[0]}").exists():
            file.unlink(missing_ok=True)  # of a run that was killed

    def look() -> None:
        while not stop.wait(0.5):
            for file in folder.glob(f"{os.getpid()}-*.json"):
                try:
                    late = json.loads(file.read_text())["deadline"] < time.time()
                    if late:
                        os.kill(int(file.stem.split("-")[1]), signal.SIGKILL)
                except (OSError, ValueError, KeyError):
                    continue

    thread = threading.Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for file in folder.glob(f"{os.getpid()}-*.json"):
            file.unlink(missing_ok=True)
