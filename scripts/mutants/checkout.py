"""A copy of the checkout in which a module may be broken, and the workers that run its tests."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COPIED = ("nexus", "tests")
LINKED = ("docs", "scripts", "pyproject.toml", "constraints.txt", "Makefile", "README.md")
QUIET = ["-x", "-q", "--tb=short", "--show-capture=no", "--disable-warnings"]
QUIET += [word for name in ("cacheprovider", "xdist") for word in ("-p", f"no:{name}")]


@contextmanager
def copy(root: Path) -> Iterator[Path]:
    """A folder with the package and its tests copied, and the rest as it is."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        folder = Path(made).resolve()
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / name, folder / name, ignore=ignored)
        for name in LINKED:
            if (root / name).exists():
                (folder / name).symlink_to(root / name)
        yield folder


@dataclass(frozen=True)
class Subject:
    """A module and its tests, as paths below the checkout's root."""

    module: str
    test: str

    def stages(self, root: Path) -> list[list[str]]:
        """What pytest is given, one after the other as long as nothing is noticed."""
        found = [[self.test, *QUIET]]
        if (root / "tests" / "test_contracts.py").is_file():
            name = self.module.removesuffix(".py").replace("/", ".")
            found.append(["tests/test_contracts.py", "-k", f"{name}:", *QUIET])
        return found


class Worker:
    """One process that runs tests against one source after the other, in a copy of its own."""

    def __init__(self, folder: Path, load: list[str], listing: Path | None = None):
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
        environment |= {"MUTANTS_LIST": str(listing)} if listing else {}
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.mutants.worker"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends them
        )
        self._ask({"load": load})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        if not (answer := self.process.stdout.readline()):
            raise Lost("a worker ended before its work did")
        return json.loads(answer)

    def run(
        self, module: str, source: str, arguments: list[str], seconds: float, compiled: bool = False
    ) -> dict[str, Any]:
        """One run of pytest with `source` in place of the module; see `worker.run`."""
        question = {"file": module, "source": source, "arguments": arguments, "seconds": seconds}
        return self._ask(question | {"compiled": compiled})

    def close(self) -> None:
        """End the process and what it runs."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


class Lost(RuntimeError):
    """A worker is gone, or the unbroken module fails its own tests: nothing may be concluded."""
