"""`python -m scripts.catalog`: what is wrong under `docs`, a line each."""

import sys
from pathlib import Path

from scripts.catalog import load

catalogue = load(Path.cwd())
for problem in catalogue.problems:
    print(problem)
pages, rows = len(catalogue.pages), len(catalogue.rows)
print(f"{pages} pages, {rows} rows, {len(catalogue.problems)} problems", file=sys.stderr)
sys.exit(bool(catalogue.problems))
