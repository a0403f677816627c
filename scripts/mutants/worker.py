"""A process that has imported all that a test file needs but `nexus`, and forks for each run.

It reads one JSON object a line: first `{"load": […]}`, the modules to import, then the keywords
of `run`. It answers each with one line.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from scripts.verify.limits import memory_limit

SHOWN = 4000  # characters of what a run printed


def main() -> None:
    """Serve until the input ends; the working directory is the copy of the checkout."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what an import prints is no answer
    loaded = load(json.loads(sys.stdin.readline())["load"])
    answers.write(json.dumps({"loaded": loaded}) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(run(**json.loads(line))) + "\n")


def load(names: list[str]) -> int:
    """Import these modules as far as they can be; how many came."""
    import pytest  # noqa: F401

    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # it was made by another module, which will do so again
            continue
    known = cache(importlib.metadata.packages_distributions)
    known()  # reads every distribution's files: the fixture `matches` asks for it each time
    importlib.metadata.packages_distributions = known
    assert not any(name.split(".")[0] == "nexus" for name in sys.modules), "nexus was imported"
    gc.freeze()  # else each child walks through torch's objects again and again
    return sum(name in sys.modules for name in names)


def run(
    file: str, source: str, arguments: list[str], seconds: float, compiled: bool
) -> dict[str, Any]:
    """Give pytest the arguments in a child while `source` stands in `file`.

    Returns its status (None if it was killed), the seconds, the end of what it printed. With
    `compiled` it leaves bytecode for later runs, but none of `file`: that changes too fast.
    """
    path = Path(file)
    path.write_text(source, encoding="utf-8")
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            _child(arguments, printed.fileno(), compiled)
        os.setpgid(child, child)
        status = _wait(child, begin + seconds)
        printed.seek(0)
        shown = printed.read().decode(errors="replace")[-SHOWN:]
    for old in path.parent.glob(f"__pycache__/{path.stem}.*"):
        old.unlink()
    return {"status": status, "seconds": time.perf_counter() - begin, "printed": shown}


def _wait(child: int, until: float) -> int | None:
    """The child's exit status; None if its time was up. Its own children end with it."""

    def stop(*_: object) -> None:
        _kill(child)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)
    ended, status = 0, 0
    while not ended and time.perf_counter() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            time.sleep(0.002)
    _kill(child)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not ended:
        os.waitpid(child, 0)
        return None
    return os.waitstatus_to_exitcode(status)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _child(arguments: list[str], printed: int, compiled: bool) -> None:
    """Run pytest and never come back."""
    status = 3
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        sys.dont_write_bytecode = not compiled
        with memory_limit():
            import pytest

            status = int(pytest.main(arguments))
        if listing := os.environ.get("MUTANTS_LIST"):
            with open(listing, "a", encoding="utf-8") as file:
                file.write("".join(f"{name}\n" for name in foreign()))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def foreign() -> list[str]:
    """The modules in this process that come from outside the working directory, in order."""
    here, names = str(Path.cwd()), []
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None) or ""
        if place and not place.startswith(here) and not name.startswith(("__", "nexus", "tests.")):
            names.append(name)
    return names


if __name__ == "__main__":
    main()
