"""`python -m scripts.measure PAGE`: writes `docs/data/<slug>.json` for the page's experiments.

The page's blocks run top to bottom up to the last `@measured` one. Nothing is written unless
every seed of every experiment came through.
"""

import ast
import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.catalog import Page, load
from scripts.verify.__main__ import select
from scripts.verify.isolation import World, page_module
from scripts.verify.key import modules
from scripts.verify.records import put


def main(paths: list[str]) -> int:
    """Exit status 0 only if all named pages were measured."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    root = Path.cwd()
    catalogue = load(root)
    pages, unknown = select(catalogue, paths)
    for path in unknown:
        print(f"{path}:1: this is no page of the catalogue, or its front matter is wrong")
    if not paths or unknown:
        print("usage: python -m scripts.measure docs/…/page.md …", file=sys.stderr)
        return 2
    for page in pages:
        experiments = measure(root, page)
        if not experiments:
            print(f"{page.path}:1: no block of this page defines a @measured experiment")
            return 1
        file = root / "docs" / "data" / f"{page.slug}.json"
        put(file, json.dumps(provenance(root, page) | {"experiments": experiments}) + "\n")
        print(f"{file.relative_to(root)}: {', '.join(experiments)}")
    return 0


def measure(root: Path, page: Page) -> dict[str, Any]:
    """Seeds, seconds and results of each experiment of the page, by name."""
    from nexus.experiment import Experiment

    found: dict[str, Any] = {}
    with (
        World(root) as world,
        world.visit(page, modules(root, page)),
        page_module(root, page) as module,
    ):
        for block in page.blocks:
            if not any(_measured(b.code) for b in page.blocks[block.number - 1 :]):
                break
            if block.skip:
                continue
            source = "\n" * block.line + block.code
            exec(compile(source, str(root / page.path), "exec"), module.__dict__)
            for name, value in list(module.__dict__.items()):
                if isinstance(value, Experiment) and name not in found:
                    found[name] = _run(value, name)
    return found


def _measured(code: str) -> bool:
    """Whether a block decorates a function with `measured`."""
    return any(
        isinstance(node, ast.FunctionDef) and "measured" in ast.unparse(decorator)
        for node in ast.walk(ast.parse(code))
        for decorator in getattr(node, "decorator_list", [])
    )


def _run(experiment: Any, name: str) -> dict[str, Any]:
    begin, results = time.perf_counter(), []
    for seed in range(experiment.seeds):
        results.append(_rounded(experiment(seed)))
        print(f"{name}: seed {seed}, {time.perf_counter() - begin:.1f} s", file=sys.stderr)
    experiment.results = json.loads(json.dumps(results, allow_nan=False))
    seconds = round(time.perf_counter() - begin, 1)
    return {"seeds": [*range(experiment.seeds)], "seconds": seconds, "results": results}


def _rounded(value: Any) -> Any:
    """Floats to six significant digits: what is shown has fewer, and the file stays small."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def provenance(root: Path, page: Page) -> dict[str, Any]:
    """What was run, when, where, and from which commit (with a mark where files differed)."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "nexus", page.path)
    return {
        "page": page.path,
        "command": f"make measure PAGE={page.path}",
        "commit": git("rev-parse", "HEAD") + (" with changes" if changed else ""),
        "date": date.today().isoformat(),
        "device": f"CPU, {platform.machine()}, OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy")},
        },
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
