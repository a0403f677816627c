"""`python -m scripts.bench.site [PAGES …]`: our render and build, against plain Material.

The same made-up pages are rendered to Markdown, built into the site, and built by Material alone,
one after the other. Writes `docs/data/bench.site.json`.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.bench.synthetic import HERE, make
from scripts.bench.verify import timed, write

OUT = "docs/data/bench.site.json"

PLAIN = """
site_name: Plain
docs_dir: docs
site_dir: plain
use_directory_urls: false
exclude_docs: /data/
theme: {name: material, font: false}
plugins: [search]
markdown_extensions: [admonition, attr_list, tables, toc, pymdownx.superfences, pymdownx.highlight]
"""


def main(sizes: list[int]) -> int:
    """Measure each size."""
    write(OUT, "make bench-site", [measure(pages) for pages in sizes])
    return 0


def measure(pages: int) -> dict[str, Any]:
    """Seconds and memory of render, of build with and without kept formulas, and of Material."""
    root = Path(tempfile.mkdtemp(prefix="nexus-bench-"))
    try:
        make(root, pages, steps=0)
        shutil.copytree(HERE / "docs/assets", root / "docs/assets")
        shutil.copy(HERE / "docs/index.md", root / "docs")
        for file in HERE.glob("docs/*/index.md"):
            shutil.copy(file, _made(root / file.relative_to(HERE)))
        for name in ("mkdocs.yml", "pyproject.toml"):
            shutil.copy(HERE / name, root)
        (root / "plain.yml").write_text(PLAIN)
        timed(root, [sys.executable, "-m", "scripts.verify"], check=False)  # dead links at home
        mkdocs = [sys.executable, "-m", "mkdocs", "build"]
        row: dict[str, Any] = {"pages": pages}
        row["plain"] = timed(root, [*mkdocs, "-f", "plain.yml"])
        row["build"] = timed(root, mkdocs)
        row["build again"] = timed(root, mkdocs)
        row["render"] = timed(root, [sys.executable, "-m", "scripts.render", "out"], check=False)
        row["overhead"] = round(row["build"]["cpu"] / row["plain"]["cpu"], 2)
        return row
    finally:
        shutil.rmtree(root)


def _made(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or [320, 1000]))
