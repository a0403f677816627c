"""`python -m scripts.render OUT/`: the Markdown and the files of the whole site."""

import os
import shutil
import sys
from pathlib import Path

import yaml

from scripts.render import load_site, other_files, paths, render

OTHER = shutil.ignore_patterns("*.md", "data")


def main(root: Path, out: Path) -> int:
    """Exit status 0 only if nothing is wrong with any page."""
    site, problems = load_site(root, os.environ.get("NEXUS_REPO", ""))
    shutil.copytree(root / "docs", out, ignore=OTHER, dirs_exist_ok=True)
    for path in paths(site):
        if rendered := render(site, path):
            problems += rendered.problems
            file = out / path.removeprefix("docs/")
            file.parent.mkdir(parents=True, exist_ok=True)
            meta = yaml.safe_dump(rendered.meta, allow_unicode=True, sort_keys=False)
            file.write_text(f"---\n{meta}---\n{rendered.body}", encoding="utf-8")
    for path, text in other_files(site).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path.cwd(), Path(sys.argv[1])))
