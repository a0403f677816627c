"""`python -m scripts.bench.verify [PAGES …]`: verification on made-up pages, against plain tools.

Each size is verified cold, by one process and by as many as verify chooses, with nothing changed,
and with one module changed. The same blocks are run in one process by plain `pytest --codeblocks`,
one after the other in one go, so that the ratios hold when the machine's speed drifts. Writes
`docs/data/bench.verify.json`.
"""

import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from scripts.bench.synthetic import make
from scripts.verify.records import put

OUT = "docs/data/bench.verify.json"
KINDS = {"empty": 0, "small": 1500}
"""Kinds of blocks, and how many matrix products each does: nothing, and a few milliseconds."""


def main(sizes: list[int]) -> int:
    """Measure each kind of block at each number of pages."""
    write(OUT, "make bench-verify", [measure(pages, kind) for kind in KINDS for pages in sizes])
    return 0


def write(out: str, command: str, rows: list[dict[str, Any]]) -> None:
    """The rows with their provenance, and how each of their times grows with the pages."""
    kinds = sorted({row.get("blocks", "") for row in rows})
    found = {
        "command": command,
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version()},
        "rows": rows,
        "growth": {
            f"{kind} {what}".strip(): growth([r for r in rows if r.get("blocks", "") == kind], what)
            for kind in kinds
            for what, value in rows[0].items()
            if isinstance(value, dict)
        },
    }
    put(Path(out), json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def measure(pages: int, kind: str) -> dict[str, Any]:
    """Seconds and memory of each run at one size."""
    root = Path(tempfile.mkdtemp(prefix="nexus-bench-"))
    try:
        make(root, pages, steps=KINDS[kind])
        verify = [sys.executable, "-m", "scripts.verify"]
        plain = [sys.executable, "-m", "pytest", "--codeblocks", "docs", "-q"]
        plain += ["--disable-plugin-autoload", "-p", "codeblocks", "-p", "no:cacheprovider"]
        row: dict[str, Any] = {"pages": pages, "blocks": kind}
        row["plain"] = timed(root, plain)
        row["cold_one"] = timed(root, [*verify, "--fresh", "--workers", "1"])
        row["cold"] = timed(root, [*verify, "--fresh"])
        row["unchanged"] = timed(root, verify)
        module = root / "nexus/made_up/part_07.py"
        module.write_text(module.read_text().replace("7 * x", "x * 7"))
        row["one_module"] = timed(root, verify)
        report = json.loads((root / "build/verify.json").read_text())
        row["run_again"] = sum(not line["cached"] for line in report["rows"])
        row["overhead"] = round(row["cold_one"]["cpu"] / row["plain"]["cpu"], 2)
        return row
    finally:
        shutil.rmtree(root)


def timed(root: Path, command: list[str], *, check: bool = True) -> dict[str, float]:
    """Wall and CPU seconds of a command and all its children, and the largest one's MB.

    Raises:
        RuntimeError: it failed (if `check`); the message is the end of what it printed.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        if status and check:
            output.seek(0)
            raise RuntimeError(output.read()[-2000:])
    return {
        "wall": round(wall, 2),
        "cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / (1024 if sys.platform == "linux" else 2**20)),
    }


def growth(rows: list[dict[str, Any]], what: str) -> float | None:
    """The exponent with which CPU seconds grow with pages, between the first and last size."""
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    times, sizes = last[what]["cpu"] / first[what]["cpu"], last["pages"] / first["pages"]
    return round(math.log(times) / math.log(sizes), 2)


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or [320, 1000]))
