"""What a page must not do, noticed while it runs: leave this machine, leave something running.

These are guards against accidents, not a prison; strangers' pages run in a sandbox (CONTRIBUTING).
"""

import ipaddress
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _Watch:
    """What the audit hook is to notice now; a hook can never be taken out again."""

    root: Path | None = None
    loopback_only = False
    read: set[str] = set()
    installed = False


def _audit(event: str, arguments: tuple) -> None:
    if event == "open" and _Watch.root is not None:
        path, mode = arguments[0], arguments[1]
        if isinstance(path, str | os.PathLike) and (mode is None or "r" in str(mode)):
            _Watch.read.add(os.path.join(os.getcwd(), os.fspath(path)))
    elif _Watch.loopback_only and event in ("socket.connect", "socket.sendto"):
        _refuse(arguments[1])
    elif _Watch.loopback_only and event == "socket.getaddrinfo":
        _refuse((arguments[0],))


def _refuse(address: object) -> None:
    """Raise for an address that is not of this machine; Unix sockets are paths and pass."""
    if not isinstance(address, tuple) or not address:
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host in (None, "", "localhost"):
        return
    try:
        local = ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        local = False
    if not local:
        raise PermissionError(f"a page reaches nothing but this machine, and asked for {host}")


@contextmanager
def watched(root: Path) -> Iterator[set[str]]:
    """Refuse other machines; collect the paths of files that are opened for reading."""
    if not _Watch.installed:
        sys.addaudithook(_audit)
        _Watch.installed = True
    _Watch.root, _Watch.loopback_only, _Watch.read = root, True, set()
    try:
        yield _Watch.read
    finally:
        _Watch.root, _Watch.loopback_only = None, False


def data_files(root: Path, read: set[str]) -> list[str]:
    """Those of the files read that are data of the checkout: no code, no environment."""
    found = set()
    for path in read:
        relative = os.path.relpath(os.path.realpath(path), root).replace(os.sep, "/")
        if relative.startswith(("docs/", "nexus/")) and not relative.endswith(
            (".py", ".pyc", ".md")
        ):
            found.add(relative)
    return sorted(found)


class Running:
    """The threads and processes that were there before."""

    def __init__(self) -> None:
        self.threads, self.processes = set(threading.enumerate()), _children()

    def left(self) -> list[str]:
        """What was started since and goes on."""
        threads = [f"a thread ({thread.name})" for thread in self._new_threads()]
        return threads + ["a process" for _ in self._new_processes()]

    def end(self, grace: float = 0.5) -> list[str]:
        """What goes on still after a moment; processes are killed, threads cannot be."""
        deadline = time.monotonic() + grace
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.01)
        left = self.left()
        for child in self._new_processes():
            os.kill(child, signal.SIGKILL)
        return left

    def _new_threads(self) -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t not in self.threads and t.is_alive()]

    def _new_processes(self) -> list[int]:
        return [child for child in sorted(_children() - self.processes) if _alive(child)]


def _children() -> set[int]:
    """Process ids of this process's children, where the system tells."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found |= {int(pid) for pid in task.read_text().split()}
        except OSError:
            continue
    return found


def _alive(pid: int) -> bool:
    """Whether a child still runs; one that has ended and was not waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
