"""Where results come from: what was run, on which files, when, on what."""

import ast
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from importlib.metadata import packages_distributions, version
from pathlib import Path

from scripts.catalog import Document
from scripts.catalog.imports import parsed
from scripts.verify.key import closure

ALWAYS = ("torch", "numpy")


def provenance(root: Path, page: Document) -> dict:
    """All but the results, their seconds, and the GPU, if one will be used."""
    return {
        "page": page.path,
        "command": f"make measure PAGE={page.path}",
        "commit": commit(root, page),
        "date": date.today().isoformat(),
        "device": device([]),
        "versions": {"python": platform.python_version(), **versions(page)},
    }


def commit(root: Path, page: Document) -> str:
    """The commit of the checkout, with a mark where the page or what it imports differs from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
        return done.stdout.strip()

    files = {page.path, page.module.replace(".", "/") + ".py", *closure(root, page)}
    changed = git("status", "--porcelain", "--", *sorted(files))
    return git("rev-parse", "HEAD") + (" with changes" if changed else "")


def device(gpus: Iterable[str]) -> str:
    """The processor and its threads; before it the GPUs that were used."""
    threads = f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '')}"
    cpu = f"CPU {_processor()}, {platform.machine()}, {threads}"
    return "; ".join([*(f"GPU {name}" for name in sorted(set(gpus))), cpu])


def _processor() -> str:
    """What the system calls its processor, without clock and trade marks."""
    try:
        text = Path("/proc/cpuinfo").read_text().split("model name", 1)[1].split("\n", 1)[0]
    except (OSError, IndexError):
        text = platform.processor()
    for mark in ("(R)", "(TM)", "CPU", "Processor", ":"):
        text = text.replace(mark, " ")
    return " ".join(text.split("@")[0].split()) or "unknown"


def versions(page: Document) -> dict[str, str]:
    """Of torch, of numpy, and of the packages that the page's blocks import."""
    found = set()
    for block in page.blocks:
        for node in ast.walk(parsed(block.code)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            found |= {name.split(".")[0] for name in names}
    found -= {*sys.stdlib_module_names, "nexus", *ALWAYS}
    packages = packages_distributions()
    others = sorted({packages[name][0] for name in found if name in packages})
    return {name: version(name) for name in (*ALWAYS, *others)}
