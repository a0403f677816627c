"""What a block may use: time, memory and output."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

BLOCK_SECONDS = 30.0
PAGE_SECONDS = 60.0
MEMORY_BYTES = 8 * 2**30
OUTPUT_CHARACTERS = 20_000


class OutOfTime(BaseException):
    """A block or page took too long; no `except Exception` can swallow it."""


@contextmanager
def time_limit(seconds: float, of: str) -> Iterator[None]:
    """Raise OutOfTime after `seconds`, and again each second if it was swallowed.

    A loop in C never comes back to Python to be interrupted; the watchdog outside kills it.
    """

    def stop(*_) -> None:
        raise OutOfTime(f"{of} took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def memory_limit() -> Iterator[None]:
    """Let the process take at most MEMORY_BYTES of address space more than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + MEMORY_BYTES
    if hard not in (-1, resource.RLIM_INFINITY):
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Bytes of address space the process has now (0 where the system does not say)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
